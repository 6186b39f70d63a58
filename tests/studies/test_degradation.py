"""How large degradation is after a full training: what others report, beside our runs."""

import pytest

from resnet_course import records
from resnet_course.records import RecordError
from resnet_course.studies.degradation import replications
from tests.records.making import make


def runs(shallow: float, deep: float) -> list[records.Record]:
    """Plain networks of 20 and 56 layers with these test errors, three seeds each."""
    made = []
    for seed in range(3):
        made.append(make("plain", 20, seed, test_error=shallow + seed))
        made.append(make("plain", 56, seed, test_error=deep + seed))
    return made


def test_our_gap_is_paired_over_seeds():
    gap = replications.our_gap(runs(20.0, 50.0))
    assert gap.value == pytest.approx(30)
    assert gap.std == pytest.approx(0)


def test_residual_networks_have_no_part_in_the_gap():
    with_residual = [*runs(20.0, 50.0), make("residual", 56, 0, test_error=10.0)]
    assert replications.our_gap(with_residual).value == pytest.approx(30)


def test_the_table_has_a_row_for_each_of_our_sets_and_for_every_replication():
    rows = replications.sizes_of_degradation(runs(20.0, 50.0), runs(10.0, 15.0))
    gaps = [row["gap (points)"] for row in rows]
    assert gaps == ["30.0", "5.0", "4.0", "4.8", "3.3"]


def test_an_error_chosen_by_the_test_set_says_so():
    (row,) = [r for r in replications.sizes_of_degradation() if r["who"] == "a-martyn/resnet"]
    assert row["error taken"] == "selected on test"


def test_without_the_deep_network_there_is_no_gap():
    with pytest.raises(RecordError):
        replications.our_gap([make("plain", 20, test_error=20.0)])


def test_the_prediction_asks_of_our_gap_and_answers_with_that_of_others():
    prediction = replications.prediction(runs(20.0, 50.0))
    assert "30 points more test error" in prediction.question
    assert "4.8 and 3.3" in prediction.comparison
