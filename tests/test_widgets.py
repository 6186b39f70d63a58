import pytest

from resnet_course import figures, widgets


def an_exhibit(word: str) -> figures.Exhibit:
    return figures.exhibit(lambda axes, colours: axes.plot([1, 2]), alt=word, caption=word, rows=[{"x": 1}])


def test_a_slider_has_one_frame_for_each_label_and_starts_at_the_first():
    box = widgets.frames({"8 layers": an_exhibit("shallow"), "56 layers": an_exhibit("deep")}, "depth")
    slider, stack = box.children
    assert slider.options == ("8 layers", "56 layers")
    assert len(stack.children) == 2
    assert slider.index == stack.selected_index == 0


def test_the_link_lives_in_the_browser():
    import ipywidgets as w

    before = set(w.widgets.widget._instances)
    widgets.frames({"a": an_exhibit("a")}, "depth")
    instances = w.widgets.widget._instances
    assert any(type(instances[key]).__name__ == "Link" for key in set(instances) - before)


def test_a_slider_over_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one frame"):
        widgets.frames({}, "depth")


def test_a_prediction_hides_its_answer_behind_a_click():
    shown = widgets.Prediction("key", "Which?", ("a < b", "b"), "It was b & c.")._repr_html_()
    assert shown.index("<details") < shown.index("It was b &amp; c.")
    assert "a &lt; b" in shown
    assert shown.count('type="radio"') == 2
