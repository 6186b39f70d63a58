"""What a claim is judged by: fresh seeds where they have its networks, else all, else nothing."""

import math

import pytest

from resnet_course.plots import claims_table
from resnet_course.recipes import RunConfig, laptop
from resnet_course.records import (
    Claim,
    Estimate,
    MissingRecordsError,
    Provenance,
    Record,
    RecordError,
    Verdict,
    difference,
    judge,
    select,
)

PROVENANCE = Provenance(
    source="", commit=None, data="", libraries={}, hardware="", started="", wall_seconds=0.0
)


def run(depth: int, seed: int, error: float) -> Record:
    """A finished run of a residual network."""
    config = RunConfig("residual", depth, seed, laptop())
    final = {"test_error": error}
    return Record("degradation", config, curves={}, final=final, provenance=PROVENANCE)


def rise(records: list[Record]) -> Estimate:
    """How much higher the error is at 56 layers than at 20."""
    return difference(select(records, depth=56), select(records, depth=20), "test_error")


CLAIM = Claim("56 layers err more than 20", rise, "above", 1.0)
OLD = [run(depth, seed, depth + seed) for depth in (20, 56) for seed in (0, 1, 2)]


def test_fresh_seeds_with_the_networks_of_a_claim_speak_alone() -> None:
    fresh = [run(depth, seed, 50.0 + seed) for depth in (20, 56) for seed in (3, 4)]
    judgement = judge(CLAIM, OLD + fresh)
    assert (judgement.verdict, judgement.exploratory) == (Verdict.FAILS, False)


def test_fresh_seeds_of_other_networks_leave_a_claim_to_the_old_ones() -> None:
    judgement = judge(CLAIM, [*OLD, run(20, seed=3, error=50.0)])
    assert (judgement.verdict, judgement.exploratory) == (Verdict.HOLDS, True)


def test_a_claim_without_runs_is_open_and_has_no_estimate() -> None:
    judgement = judge(CLAIM, [run(20, seed=0, error=50.0)])
    assert judgement.verdict is Verdict.OPEN
    assert judgement.estimate.n == 0
    assert math.isnan(judgement.estimate.value)


def test_the_table_says_where_there_are_no_runs_yet() -> None:
    table = claims_table([judge(CLAIM, [run(20, seed=0, error=50.0)])])
    assert "no runs yet" in table
    assert "nan" not in table


def test_a_faulty_record_is_not_taken_for_a_missing_one() -> None:
    twice = [run(20, seed=3, error=50.0), run(20, seed=3, error=50.0), run(56, 3, 60.0)]
    with pytest.raises(RecordError, match="several runs") as raised:
        judge(CLAIM, OLD + twice)
    assert not isinstance(raised.value, MissingRecordsError)
