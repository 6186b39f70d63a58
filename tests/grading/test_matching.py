"""A student's cells are known again, whatever has happened to their ids, order and metadata."""

import nbformat
import pytest

from resnet_course.grading import assignment
from resnet_course.grading.assignment import Role
from resnet_course.grading.matching import defined, gives, match, recognise, segment
from tests.grading.handing_in import (
    BLOCK,
    answered,
    cells,
    released,
    right_but,
    solutions,
    with_own_cell,
    without_metadata,
)

WANTED = assignment.load(BLOCK)
FIRST = "add_and_activate"
ANSWER = "def add_and_activate(f, x):\n    return (f + x).relu()"


def matched(made):
    return match(cells(made), WANTED)


def test_an_untouched_notebook_answers_nothing_and_gives_no_reason_to_speak():
    found = matched(released())
    assert (found.homes, found.notes) == ({}, [])


def test_a_full_notebook_answers_every_task():
    found = matched(answered())
    assert list(found.homes) == WANTED.tasks
    assert found.notes == []


@pytest.mark.parametrize("slug", assignment.slugs())
def test_every_assignment_survives_the_loss_of_all_ids_and_metadata(slug):
    wanted = assignment.load(slug)
    found = match(cells(without_metadata(answered(slug=slug))), wanted)
    code = [cell.name for cell in wanted.of(Role.ANSWER)]
    assert [task for task in found.homes if task in code] == code
    assert {cell.name for cell in found.locked.values()} >= {c.name for c in wanted.of(Role.TEST, Role.CHECK)}


def test_answers_in_reverse_order_are_found_and_the_order_is_noticed():
    made = answered()
    made.cells.reverse()
    found = matched(without_metadata(made))
    assert {task for task in found.homes if task != "explain"} == set(WANTED.tasks) - {"explain"}
    assert "the cells are in another order" in found.notes


def test_an_answer_in_a_cell_of_its_own_is_found():
    found = matched(with_own_cell(released(), ANSWER))
    assert found.cells[found.homes[FIRST]].source == ANSWER


def test_a_second_copy_of_the_stub_does_not_undo_the_answer():
    stub = next(cell.source for cell in released().cells if cell.id == FIRST)
    found = matched(with_own_cell(right_but(FIRST, ANSWER), stub))
    assert found.cells[found.homes[FIRST]].source == ANSWER


def test_of_two_written_answers_the_last_counts_and_that_is_said():
    found = matched(with_own_cell(answered(), ANSWER))
    assert found.homes[FIRST] == len(found.cells) - 1
    assert f"2 cells define {FIRST}; the last one counts" in found.notes


def test_merged_cells_are_home_to_both_answers():
    both = "\n\n".join([solutions()[FIRST], solutions()["input_gradient"]])
    made = right_but(FIRST, both)
    made.cells = [cell for cell in made.cells if cell.id != "input_gradient"]
    found = matched(made)
    assert found.homes[FIRST] == found.homes["input_gradient"]
    assert f"{FIRST} and input_gradient are answered in one cell" in found.notes


def test_a_changed_test_is_noticed():
    made = answered()
    next(cell for cell in made.cells if cell.id == f"test-{FIRST}").source = "pass"
    assert f"the cell test-{FIRST} was changed; the assignment's was used" in matched(made).notes


def test_a_missing_cell_is_noticed():
    made = answered()
    made.cells = [cell for cell in made.cells if cell.id != "setup"]
    assert "the cell setup is missing; the assignment's was used" in matched(made).notes


def test_an_answer_in_words_without_its_name_is_known_by_its_place():
    made = without_metadata(answered())
    assert matched(made).homes["explain"] == len(made.cells) - 1


def test_definitions_are_found_in_text_that_does_not_parse():
    assert defined("def f(x):\n    return x +\nclass A(B:\n    pass") == ["f", "A"]


@pytest.mark.parametrize("source", ["f = lambda x: x", "f: object = lambda x: x", "def f():\n    pass"])
def test_a_name_is_given_by_a_definition_or_an_assignment(source):
    assert gives(source, "f")


@pytest.mark.parametrize("source", ["f == 3", "g = f", "    f = 3", "print(f)"])
def test_a_name_is_not_given_by_its_use(source):
    assert not gives(source, "f")


def test_a_segment_is_a_definition_with_its_decorators_and_nothing_behind_it():
    source = "import x\n@x.y\ndef f(\n    a,\n):\n    return 1\n\n    # end\nprint(f())"
    assert segment(source, "f") == "@x.y\ndef f(\n    a,\n):\n    return 1\n\n    # end"


def test_an_assignment_is_recognised_by_its_tasks_whatever_the_file_is_called():
    everything = [assignment.load(slug) for slug in assignment.slugs()]
    for slug in assignment.slugs():
        assert recognise(cells(without_metadata(released(slug))), everything) == slug


def test_a_notebook_about_something_else_is_no_assignment():
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("def main():\n    pass")])
    assert recognise(cells(other), [WANTED]) is None
