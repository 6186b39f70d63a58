"""What is averaged is named, and nothing is averaged that differs in more than the seed."""

import math

import pytest

from resnet_course import records
from resnet_course.records import RecordError, Stats

from .making import make, with_profiles


def test_over_seeds_gives_mean_and_sample_standard_deviation():
    made = [make(seed=seed, test_error=error) for seed, error in enumerate((10.0, 12.0, 17.0))]
    expected = {("plain", 20): Stats(13.0, pytest.approx(13**0.5), 3)}
    assert records.over_seeds(made, "test_error") == expected


def test_over_seeds_keeps_architectures_and_depths_apart():
    made = []
    for arch in ("residual", "plain"):
        made += [make(arch, depth, test_error=depth) for depth in (20, 8)]
    expected = [("plain", 8), ("plain", 20), ("residual", 8), ("residual", 20)]
    assert list(records.over_seeds(made, "test_error")) == expected


def test_one_seed_has_no_spread():
    (one,) = records.over_seeds([make()], "test_error").values()
    assert math.isnan(one.std)
    assert str(one) == "71.00"


def test_several_seeds_are_written_with_their_spread():
    assert str(records.summarise([10.0, 12.0])) == "11.00 ± 1.41"


def test_a_mean_over_seeds_of_which_one_diverged_is_no_number():
    made = [make(seed=0, test_loss=1.0), make(seed=1, test_loss=math.nan)]
    (stats,) = records.over_seeds(made, "test_loss").values()
    assert math.isnan(stats.mean)
    assert stats.n == 2


def test_a_metric_that_was_not_recorded_is_named():
    with pytest.raises(RecordError, match="study plain-20 recorded no val_error"):
        records.over_seeds([make()], "val_error")


def test_nothing_cannot_be_averaged():
    with pytest.raises(ValueError, match="no values to average"):
        records.summarise([])


@pytest.mark.parametrize("show", [records.frame, records.table, records.provenance_line])
def test_no_records_are_an_error_and_not_an_empty_picture(show):
    with pytest.raises(RecordError, match="there are no records to show"):
        show([])


def test_a_table_has_a_row_for_each_architecture_and_depth():
    made = [make(seed=seed, test_error=error) for seed, error in enumerate((10.0, 12.0))]
    assert records.table(made, ("test_error",)) == [
        {
            "arch": "plain",
            "depth": 20,
            "test_error": 11.0,
            "test_error_std": pytest.approx(2**0.5),
            "seeds": 2,
        }
    ]


def test_a_frame_has_a_row_for_each_run_with_its_final_metrics():
    frame = records.frame([make(seed=0), make("residual", 56, 1, test_error=50.0)])
    assert list(frame["arch"]) == ["plain", "residual"]
    assert list(frame["test_error"]) == [71.0, 50.0]
    assert not frame["diverged"].any()


def test_a_frame_of_curves_has_a_row_for_each_epoch():
    frame = records.curves_frame([make(seed=0), make(seed=1)])
    assert list(frame["iteration"]) == [15, 30, 15, 30]
    assert set(frame["seed"]) == {0, 1}


def test_the_provenance_line_says_how_many_where_with_what_and_when():
    line = records.provenance_line([make(seed=0), make(seed=1)])
    assert line == "2 runs, live tier, 2 seeds, a CPU, PyTorch 2.14, 2026-11-21"


def test_one_run_is_no_runs():
    assert records.provenance_line([make()]).startswith("1 run, live tier, 1 seed, ")


def test_runs_that_differ_in_more_than_the_seed_are_not_averaged():
    made = [make(seed=0), make(seed=0, variant="head-bn")]
    with pytest.raises(RecordError, match=r"several runs of .* with seed 0 .*select one"):
        records.over_seeds(made, "test_error")


def test_what_varies_among_records_is_found_beside_the_network():
    made = [make(seed=0), make(seed=1, variant="head-bn")]
    assert records.varying_fields(made) == ("arch", "depth", "variant")


def test_a_difference_pairs_runs_of_one_seed():
    plain = [make(seed=seed, test_error=50.0 + 10 * seed) for seed in range(3)]
    residual = [make("residual", seed=seed, test_error=40.0 + 10 * seed) for seed in range(3)]
    estimate = records.difference(plain, residual, "test_error")
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (10.0, 10.0, 10.0, 3)


def test_profiles_are_averaged_layer_by_layer():
    pair = [with_profiles(0.5, 1.0), with_profiles(1.5, 1.0, seed=1)]
    assert [(s.mean, s.n) for s in records.mean_profile(pair, "response")] == [(1.0, 2), (1.0, 2)]


def test_profiles_of_different_networks_are_not_averaged():
    with pytest.raises(RecordError, match="different lengths cannot be averaged"):
        records.mean_profile([with_profiles(0.5, 1.0), with_profiles(0.5, seed=1)], "response")
