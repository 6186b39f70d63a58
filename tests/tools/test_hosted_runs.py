"""Places like Colab: what they are, and what is done with a notebook there."""

import json

import pytest

from tools import ROOT, ToolError
from tools.commands import output_of
from tools.hosted_runs import notebooks, places, published

CHAPTER = ROOT / "notebooks" / "03_degradation.ipynb"


def test_a_place_like_colab_has_another_pytorch_than_the_lock_file():
    lock = (ROOT / "uv.lock").read_text()
    (older,) = [place for place in places.PLACES if place.name == "older"]
    (torch,) = [line for line in older.requirements if line.startswith("torch==")]
    release = torch.removeprefix("torch==").removesuffix(".*")
    assert f'name = "torch"\nversion = "{release}.' not in lock


def test_a_notebook_of_set_up_cells_has_the_chapters_own_twice():
    cells = notebooks.set_up_only(json.loads(CHAPTER.read_text()))["cells"]
    assert [cell["id"] for cell in cells] == ["first", "again"]
    assert cells[0]["source"] == cells[1]["source"]
    assert "pip install" in "".join(cells[0]["source"])


def test_seconds_of_a_cell_are_from_its_start_to_its_reply():
    execution = {
        "iopub.execute_input": "2026-11-29T10:00:00.000000Z",
        "shell.execute_reply": "2026-11-29T10:01:02.500000Z",
    }
    assert notebooks.seconds({"metadata": {"execution": execution}}) == 62.5


def test_git_takes_a_copy_of_the_working_tree_for_the_published_repository(tmp_path, monkeypatch):
    variables = published.stand_in(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    clone = tmp_path / "clone"
    output_of("git", "clone", "--quiet", variables["GIT_CONFIG_VALUE_0"], clone)
    assert (clone / "pyproject.toml").read_text() == (ROOT / "pyproject.toml").read_text()


def test_what_a_failing_program_says_is_passed_on():
    with pytest.raises(ToolError, match=r"ended with status 2:(.|\n)*no-such-file"):
        output_of("ls", "no-such-file")


def test_a_program_that_is_missing_is_named():
    with pytest.raises(ToolError, match="no-such-program is needed here"):
        output_of("no-such-program")
