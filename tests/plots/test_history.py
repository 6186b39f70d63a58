"""The winners of the ImageNet challenge: quoted as they are, drawn so that names can be read."""

from dataclasses import replace

import pytest

from resnet_course.plots import history


def test_the_entries_stand_in_order_of_time():
    years = [entry.year for entry in history.ENTRIES]
    assert years == sorted(years)


def test_in_2013_error_fell_without_a_step_in_depth():
    before, after = (e for e in history.ENTRIES if e.year in (2012, 2013))
    assert before.depth == after.depth
    assert after.top5_error < before.top5_error - 4


def test_every_error_has_a_source():
    assert all(row["source"] for row in history.error_by_depth().rows)


def test_the_figure_names_every_entry_in_words():
    card = history.error_by_depth()
    for entry in history.ENTRIES:
        assert entry.sentence in card.alt


def test_quoted_errors_are_not_called_our_own():
    assert "nothing here was measured by us" in history.error_by_depth().provenance


def test_a_frame_tells_of_its_entry_alone():
    frame = history.frames_by_entry()["2013 ZFNet"]
    assert frame.alt == "2013 ZFNet: 8 layers, 11.7 % top-5 error."


def test_there_is_a_frame_for_every_entry():
    assert list(history.frames_by_entry()) == [entry.name for entry in history.ENTRIES]


def test_no_entry_is_no_figure():
    with pytest.raises(ValueError, match="no entry"):
        history.error_by_depth([])


def test_the_name_of_a_crowded_point_stands_on_the_other_side():
    vgg, googlenet = (e for e in history.ENTRIES if e.year == 2014)
    assert history.name_places([vgg, googlenet])[1] == history.BELOW
    far = replace(googlenet, depth=150)
    assert history.name_places([vgg, far])[1] == history.ABOVE_LEFT


def test_the_prediction_is_answered_in_billions():
    prediction = history.prediction_of_cost(19_632_062_464, 11_513_626_624)
    assert "19.6 billion, ResNet-152 11.5 billion" in prediction.comparison
