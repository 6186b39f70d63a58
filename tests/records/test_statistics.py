"""Intervals are those of the textbooks, and a verdict follows from its interval by rule."""

import math

import pytest
from scipy import stats as scipy_stats

from resnet_course.records import Claim, RecordError, Verdict, judge, statistics
from resnet_course.records.statistics import Estimate

from .making import make

VALUES = [3.1, 4.7, 2.2, 5.0, 3.9, 4.4]


def test_a_mean_has_students_interval():
    estimate = statistics.estimate(VALUES)
    expected = scipy_stats.t.interval(
        0.95, len(VALUES) - 1, loc=estimate.value, scale=scipy_stats.sem(VALUES)
    )
    assert (estimate.low, estimate.high) == pytest.approx(expected)


def test_a_paired_difference_is_that_of_a_paired_t_test():
    one = dict(enumerate(VALUES))
    other = dict(enumerate([2.0, 3.9, 2.5, 3.1, 3.3, 3.0]))
    interval = scipy_stats.ttest_rel(list(one.values()), list(other.values())).confidence_interval()
    estimate = statistics.paired_difference(one, other)
    assert (estimate.low, estimate.high) == pytest.approx((interval.low, interval.high))


def test_only_seeds_that_both_have_are_paired():
    assert statistics.paired_difference({0: 1.0, 1: 3.0}, {1: 1.0, 2: 9.0}).n == 1


def test_two_that_share_no_seed_are_not_compared():
    with pytest.raises(ValueError, match="share no seed"):
        statistics.paired_difference({0: 1.0}, {1: 1.0})


def test_one_value_tells_nothing_of_its_scatter():
    assert statistics.estimate([2.0]) == Estimate(2.0, -math.inf, math.inf, 1)


def test_a_diverged_run_makes_a_median_and_is_counted():
    estimate = statistics.estimate([1.0, 2.0, math.nan, 3.0, 2.5])
    assert estimate.value == 2.5
    assert estimate.diverged == 1
    assert estimate.low >= 1.0
    assert estimate.high == math.inf


def test_two_runs_that_both_diverged_do_not_differ():
    assert statistics.paired_difference({0: math.nan}, {0: math.inf}).value == 0.0


def test_a_bootstrap_interval_of_a_skewed_sample_is_scipys():
    skewed = [1.0, 1.1, 1.2, 1.3, 1.5, 2.0, 4.0, 9.0, 20.0]
    import numpy

    expected = scipy_stats.bootstrap(
        (skewed,), numpy.median, method="percentile", n_resamples=10_000, rng=0
    ).confidence_interval
    assert statistics.bootstrap_interval(skewed) == pytest.approx(tuple(expected), rel=0.15)


def test_the_seeds_needed_clear_the_margin_and_one_less_does_not():
    estimate = Estimate(2.0, 0.0, 4.0, 4, std=3.0)
    needed = statistics.seeds_needed(estimate, 0.0)
    half = [statistics.t_quantile(n - 1) * 3.0 / math.sqrt(n) for n in (needed - 1, needed)]
    assert half[0] >= 2.0 > half[1]


def test_what_never_settles_needs_no_number_of_seeds():
    assert statistics.seeds_needed(Estimate(1.0, 0, 2, 3, std=1.0), margin=1.0) is None


def claim(direction: str, margin: float = 3.0) -> Claim:
    return Claim("text", lambda _: Estimate(0, 0, 0, 1), direction, margin, ("live",))


@pytest.mark.parametrize(
    ("direction", "low", "high", "verdict"),
    [
        ("above", 3.1, 9.0, Verdict.HOLDS),
        ("above", 2.9, 9.0, Verdict.OPEN),
        ("above", -9.0, 2.9, Verdict.FAILS),
        ("below", -9.0, 2.9, Verdict.HOLDS),
        ("below", 2.9, 3.1, Verdict.OPEN),
        ("below", 3.1, 9.0, Verdict.FAILS),
        ("within", -2.9, 2.9, Verdict.HOLDS),
        ("within", -3.1, 2.9, Verdict.OPEN),
        ("within", 3.1, 9.0, Verdict.FAILS),
        ("within", -9.0, -3.1, Verdict.FAILS),
    ],
)
def test_a_verdict_follows_from_the_interval(direction, low, high, verdict):
    assert claim(direction).verdict(Estimate((low + high) / 2, low, high, 5)) is verdict


def errors_by_seed(records):
    return statistics.estimate([record.final["test_error"] for record in records])


def test_fresh_seeds_alone_judge_where_there_are_any():
    made = [make(seed=seed, test_error=error) for seed, error in ((0, 99.0), (3, 1.0), (4, 2.0))]
    judgement = judge(Claim("text", errors_by_seed, "below", 50.0, ("live",)), made)
    assert judgement.estimate.n == 2
    assert not judgement.exploratory


def test_a_verdict_on_the_seeds_a_claim_was_made_from_is_exploratory():
    made = [make(seed=seed, test_error=float(seed)) for seed in range(3)]
    assert judge(Claim("text", errors_by_seed, "below", 50.0, ("live",)), made).exploratory


def test_an_open_verdict_says_how_many_seeds_would_settle_it():
    made = [make(seed=seed, test_error=50.0 + 10 * (seed - 4)) for seed in (3, 4, 6)]
    judgement = judge(Claim("text", errors_by_seed, "above", 45.0, ("live",)), made)
    assert judgement.verdict is Verdict.OPEN
    assert judgement.seeds_to_settle > 3


def test_a_claim_is_not_asked_at_a_tier_where_it_makes_no_sense():
    with pytest.raises(RecordError, match="is asked at laptop, not at live"):
        judge(Claim("text", errors_by_seed, "above", 0.0), [make()])


def test_no_records_judge_nothing():
    with pytest.raises(RecordError, match="cannot be judged without records"):
        judge(claim("above"), [])
