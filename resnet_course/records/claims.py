"""A claim says beforehand what the records must show; its verdict follows from an interval by rule.

A claim is committed, with direction, margin and number of seeds, before the seeds that test it are
run. Seeds 0 to 2 are those the claims were made from: a verdict that rests on them is exploratory.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from .schema import MissingRecordsError, Record, RecordError
from .statistics import Estimate, MissingValuesError, seeds_needed

FIRST_FRESH_SEED = 3
UNKNOWN = Estimate(math.nan, -math.inf, math.inf, 0)  # before anything was run


class Verdict(StrEnum):
    """What became of a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "not settled"


@dataclass(frozen=True)
class Claim:
    """A sentence about the world that recorded runs can contradict.

    Args:
        text: The sentence.
        estimate: From the records of a study to the number that the sentence is about.
        direction: "above": the number is larger than the margin; "below": smaller; "within": closer
            to zero than the margin, on both sides (a test of equivalence).
        margin: In the unit of the estimate.
        tiers: At which the question makes sense.
        seeds: Fresh seeds that test it: 5 for "worse" or "better", 8 for "alike".
    """

    text: str
    estimate: Callable[[Sequence[Record]], Estimate]
    direction: Literal["above", "below", "within"]
    margin: float
    tiers: tuple[str, ...] = ("laptop",)
    seeds: int = 5

    def verdict(self, estimated: Estimate) -> Verdict:
        """The verdict by rule: clear of the margin, clear on the other side, or neither."""
        low, high, margin = estimated.low, estimated.high, self.margin
        if self.direction == "above":
            return _by_interval(holds=low > margin, fails=high < margin)
        if self.direction == "below":
            return _by_interval(holds=high < margin, fails=low > margin)
        inside = -margin < low and high < margin
        return _by_interval(holds=inside, fails=low > margin or high < -margin)

    @property
    def rule(self) -> str:
        """Direction and margin in words: "above 3"."""
        return f"{self.direction} {'±' if self.direction == 'within' else ''}{self.margin:g}"


def _by_interval(holds: bool, fails: bool) -> Verdict:
    if holds:
        return Verdict.HOLDS
    return Verdict.FAILS if fails else Verdict.OPEN


@dataclass(frozen=True)
class Judgement:
    """A claim, the estimate from the records, and the verdict that follows.

    `exploratory`: the records are those the claim was made from, not fresh seeds.
    `seeds_to_settle`: where the verdict is open, how many seeds would do, None for no telling.
    """

    claim: Claim
    estimate: Estimate
    verdict: Verdict
    exploratory: bool
    seeds_to_settle: int | None = None


def judge(claim: Claim, records: Sequence[Record]) -> Judgement:
    """What the records of one tier say of a claim.

    The fresh seeds speak alone where they have the networks that the claim is about. Where they
    have not, all records are asked, and the judgement is exploratory; where none of them has, the
    claim is open and its estimate rests on n = 0.

    Raises RecordError when there are no records, or of a tier at which the claim cannot be asked.
    """
    if not records:
        raise RecordError("a claim cannot be judged without records")
    if others := sorted({record.tier for record in records} - set(claim.tiers)):
        raise RecordError(
            f"{claim.text!r} is asked at {', '.join(claim.tiers)}, not at {', '.join(others)}"
        )
    estimated = _estimate(claim, fresh_records(records))
    exploratory = estimated is None
    if estimated is None:
        estimated = _estimate(claim, records) or UNKNOWN
    verdict = claim.verdict(estimated)
    needed = None if verdict is not Verdict.OPEN else _seeds_to_settle(claim, estimated)
    return Judgement(claim, estimated, verdict, exploratory, needed)


def _estimate(claim: Claim, records: Sequence[Record]) -> Estimate | None:
    """The estimate, or None where the records lack what the claim is about.

    They may lack a network, a seed that two networks share, or a profile.
    """
    try:
        return claim.estimate(records) if records else None
    except (MissingRecordsError, MissingValuesError):
        return None


def fresh_records(records: Sequence[Record]) -> list[Record]:
    """The records of seeds that were run after the claims were committed."""
    return [record for record in records if record.seed >= FIRST_FRESH_SEED]


def _seeds_to_settle(claim: Claim, estimated: Estimate) -> int | None:
    if claim.direction != "within":
        return seeds_needed(estimated, claim.margin)
    nearer = claim.margin if estimated.value >= 0 else -claim.margin
    return seeds_needed(estimated, nearer)
