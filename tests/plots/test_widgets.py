import re

import pytest

from resnet_course import plots


def a_card(word: str) -> plots.FigureCard:
    def draw(panels, _colours):
        panels[0].plot([1, 2])

    return plots.figure_card(draw, alt=word, caption=word, rows=[{"x": 1}])


def test_a_slider_has_one_frame_for_each_label_and_starts_at_the_first():
    box = plots.frames({"8 layers": a_card("shallow"), "56 layers": a_card("deep")}, "depth")
    slider, stack = box.children
    assert slider.options == ("8 layers", "56 layers")
    assert len(stack.children) == 2
    assert slider.index == stack.selected_index == 0


def test_the_link_lives_in_the_browser():
    import ipywidgets as w

    before = set(w.widgets.widget._instances)
    plots.frames({"a": a_card("a")}, "depth")
    instances = w.widgets.widget._instances
    assert any(type(instances[key]).__name__ == "Link" for key in set(instances) - before)


def test_a_slider_over_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one frame"):
        plots.frames({}, "depth")


def test_a_prediction_hides_its_answer_behind_a_click():
    shown = plots.Prediction("key", "Which?", ("a < b", "b"), "It was b & c.")._repr_html_()
    assert shown.index("<details") < shown.index("It was b &amp; c.")
    assert "a &lt; b" in shown
    assert shown.count('type="radio"') == 2


@pytest.fixture
def plain(monkeypatch):
    """A slider as ipywidgets 7 draws it, which knows no Stack."""
    import ipywidgets as w

    monkeypatch.delattr(w, "Stack")
    return plots.frames(
        {"8 layers": a_card("shallow"), "<56> layers": a_card("deep")}, "depth", 1
    )._repr_html_()


def test_without_stack_the_slider_is_plain_html_with_every_frame_and_one_shown(plain):
    assert re.findall(r'<div data-frame="(\d)"( hidden)?>', plain) == [("0", " hidden"), ("1", "")]
    assert "<b>&lt;56&gt; layers</b>" in plain
    assert '<label>depth <input type="range" max="1" value="1"' in plain


def test_outside_the_book_a_frame_shows_one_drawing_and_not_both():
    box = plots.frames({"8 layers": a_card("shallow")}, "depth")
    assert ".only-dark{display:none}" in box.children[1].children[0].value
