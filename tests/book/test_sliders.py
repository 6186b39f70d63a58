"""Sliders of stored notebooks become plain HTML before the page is built."""

import copy
import json

import pytest

from book.sphinxext.notebooks import CHAPTERS, chapters
from book.sphinxext.pages import sliders

DEGRADATION = json.loads((CHAPTERS / "03_degradation.ipynb").read_text(encoding="utf-8"))


@pytest.fixture
def stored():
    return copy.deepcopy(DEGRADATION)


def outputs(notebook: dict) -> str:
    return json.dumps([cell.get("outputs") for cell in notebook["cells"]])


def test_a_slider_becomes_a_range_input_with_every_frame(stored):
    plain = outputs(sliders.without_runtime(stored))
    assert plain.count('type=\\"range\\"') == 1
    assert plain.count('class=\\"frame\\"') == 5
    assert plain.count(" hidden>") == 4
    assert sliders.VIEW not in plain
    assert "widgets" not in stored["metadata"]


def test_a_widget_of_other_parts_keeps_its_runtime(stored):
    state = stored["metadata"]["widgets"][sliders.STATE]["state"]
    for model in state.values():
        if model["model_name"] == "SelectionSliderModel":
            model["model_name"] = "FloatSliderModel"
    assert outputs(sliders.without_runtime(stored)).count(sliders.VIEW) == 1
    assert "widgets" in stored["metadata"]


@pytest.mark.parametrize("notebook", chapters(), ids=lambda notebook: notebook.path.stem)
def test_no_chapter_needs_the_widget_runtime(notebook):
    assert sliders.VIEW not in outputs(sliders.without_runtime(notebook.data))
