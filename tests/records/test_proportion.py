"""The share of runs with an outcome has the exact binomial interval."""

import pytest
from scipy.stats import binomtest

from resnet_course.records import proportion


@pytest.mark.parametrize(("hits", "n"), [(0, 3), (1, 3), (3, 3), (5, 5), (2, 8)])
def test_the_interval_of_a_share_is_that_of_clopper_and_pearson(hits: int, n: int) -> None:
    estimated = proportion([True] * hits + [False] * (n - hits))
    exact = binomtest(hits, n).proportion_ci(0.95, method="exact")
    assert estimated.value == hits / n
    assert (estimated.low, estimated.high) == pytest.approx((exact.low, exact.high))


def test_no_outcomes_have_no_share() -> None:
    with pytest.raises(ValueError, match="no outcomes"):
        proportion([])
