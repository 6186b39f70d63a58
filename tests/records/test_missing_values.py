"""Runs without a common seed, or without a profile that a claim is about, leave it open."""

from collections.abc import Sequence

import pytest

from resnet_course.records import (
    Claim,
    Estimate,
    Record,
    Verdict,
    difference,
    estimate,
    judge,
    load,
    select,
)


@pytest.fixture(scope="module")
def recorded() -> list[Record]:
    return load("degradation", "laptop", depth=56)


def gap(records: Sequence[Record]) -> Estimate:
    """How much higher the training error of plain-56 is than that of residual-56."""
    plain, residual = (select(records, arch=arch) for arch in ("plain", "residual"))
    return difference(plain, residual, "train_error")


def response(records: Sequence[Record]) -> Estimate:
    """A profile that the study of degradation does not take."""
    return estimate([record.profile("response")[0] for record in records])


def learners(records: Sequence[Record]) -> Estimate:
    """Training error of the runs that end below 1 %, of which there are none."""
    return estimate([r.final["train_error"] for r in records if r.final["train_error"] < 1])


def test_networks_without_a_common_seed_leave_their_comparison_open(recorded):
    apart = select(recorded, arch="plain", seed=0) + select(recorded, arch="residual", seed=1)
    assert judge(Claim("plain-56 trains worse", gap, "above", 3.0), apart).estimate.n == 0


def test_a_claim_about_a_profile_that_no_run_has_is_open(recorded):
    judgement = judge(Claim("layers respond", response, "above", 0.0), recorded)
    assert judgement.verdict is Verdict.OPEN


def test_a_claim_about_no_run_at_all_is_open(recorded):
    assert judge(Claim("some learn all", learners, "below", 1.0), recorded).estimate.n == 0
