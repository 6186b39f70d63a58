"""A submission is put back into its assignment's shape, and every change is reported."""

import copy

import nbformat
import pytest

from tests.exercises.running import EXERCISES, SLUGS, machinery

repair = machinery("repair")
SLUG = "02_the_block"


def read(folder: str) -> nbformat.NotebookNode:
    return nbformat.read(EXERCISES / folder / SLUG / f"{SLUG}.ipynb", as_version=4)


SOURCE, RELEASED = read("source"), read("release")
HANDED_OUT = {cell.id: cell.source for cell in RELEASED.cells}


def mended(notebook) -> tuple[dict[str, str], list[str]]:
    notebook, report = repair.repaired(notebook, SOURCE, HANDED_OUT)
    return {cell.id: cell.source for cell in notebook.cells}, report


def answered(name: str, source: str) -> nbformat.NotebookNode:
    notebook = copy.deepcopy(RELEASED)
    next(cell for cell in notebook.cells if cell.id == name).source = source
    return notebook


ANSWER = "def add_and_activate(f, x):\n    return (f + x).relu()"


def test_an_untouched_notebook_keeps_its_cells_and_has_nothing_to_report():
    cells, report = mended(copy.deepcopy(RELEASED))
    assert report == []
    assert [name for name in cells if not name.startswith("own-")] == [
        cell.id for cell in SOURCE.cells
    ]


def test_a_tampered_test_is_put_back_with_its_hidden_part():
    cells, _ = mended(answered("test-add_and_activate", "pass"))
    assert cells["test-add_and_activate"] == next(
        c.source for c in SOURCE.cells if c.id == "test-add_and_activate"
    )


def test_an_answer_written_in_a_cell_of_its_own_is_found():
    notebook = copy.deepcopy(RELEASED)
    notebook.cells.append(nbformat.v4.new_code_cell(ANSWER))
    cells, report = mended(notebook)
    assert cells["add_and_activate"] == ANSWER
    assert any("2 cells were add_and_activate" in line for line in report)


def test_a_second_copy_of_the_stub_does_not_undo_the_answer():
    notebook = answered("add_and_activate", ANSWER)
    notebook.cells.append(
        copy.deepcopy(next(c for c in RELEASED.cells if c.id == "add_and_activate"))
    )
    notebook, _ = repair.repaired(notebook, SOURCE, HANDED_OUT)
    assert next(c for c in notebook.cells if c.id == "add_and_activate").source == ANSWER
    assert [c.cell_type for c in notebook.cells if c.source == HANDED_OUT["add_and_activate"]] == [
        "raw"
    ]


def test_a_helper_of_the_students_own_stays_before_what_needs_it():
    notebook = copy.deepcopy(RELEASED)
    at = [cell.id for cell in notebook.cells].index("add_and_activate")
    notebook.cells.insert(at, nbformat.v4.new_code_cell("def helper():\n    return 1"))
    cells, _ = mended(notebook)
    names = list(cells)
    helper = next(n for n in names if cells[n].startswith("def helper"))
    assert names.index(helper) < names.index("add_and_activate")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', "\x00\x01", "[" * 100_000])
def test_what_is_no_notebook_is_said_to_be_none(tmp_path, text):
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(ValueError, match="no notebook that can be read"):
        repair.read(path)


def test_cells_of_the_wrong_kind_are_passed_over(tmp_path):
    path = tmp_path / "x.ipynb"
    path.write_text(
        '{"cells": [1, null, {"cell_type": "code"}, {"cell_type": "code", "source": ["a", "b"]}]}'
    )
    assert [cell.source for cell in repair.read(path).cells] == ["ab"]


def test_an_answer_that_does_not_parse_is_still_known_by_its_definition():
    assert repair.defined("def add_and_activate(f, x):\n    return f +") == {"add_and_activate"}


@pytest.mark.parametrize("slug", SLUGS)
def test_every_assignment_survives_the_loss_of_all_ids_and_metadata(slug):
    source, released = (
        nbformat.read(EXERCISES / folder / slug / f"{slug}.ipynb", as_version=4)
        for folder in ("source", "release")
    )
    lost = copy.deepcopy(released)
    for number, cell in enumerate(lost.cells):
        cell.metadata, cell.id = nbformat.from_dict({}), f"lost-{number}"
    notebook, _ = repair.repaired(lost, source, {cell.id: cell.source for cell in released.cells})
    handed_out = {cell.id: cell.source for cell in released.cells}
    named = {cell.id: cell.source for cell in notebook.cells if cell.id in handed_out}
    answers = [cell.id for cell in source.cells if repair.is_answer(cell)]
    assert {name: named[name] for name in answers} == {name: handed_out[name] for name in answers}
    assert [
        cell for cell in notebook.cells if cell.id.startswith("own-") and cell.cell_type == "code"
    ] == []
