"""Notebooks as students hand them in, made from the released assignments."""

import re
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from resnet_course.grading import assignment, notebook
from resnet_course.grading.assignment import Assignment, Role

BLOCK = "02_the_block"
MUSEUM = "09_bug_museum"
MARKS = re.compile(r"(?m)^ *### (BEGIN|END) SOLUTION\n?")
NOT_WRITTEN = "    raise NotImplementedError"


def released(slug: str = BLOCK) -> NotebookNode:
    """The notebook as it was handed out."""
    return nbformat.read(assignment.RELEASE / slug / f"{slug}.ipynb", as_version=4)


def solutions(slug: str = BLOCK) -> dict[str, str]:
    """The right answer to each task, those in words among them."""
    cells = assignment.load(slug).of(Role.ANSWER, Role.WORDS)
    return {cell.name: MARKS.sub("", cell.source) for cell in cells}


def answered(answers: Mapping[str, str] | None = None, slug: str = BLOCK) -> NotebookNode:
    """The released notebook with answers in their places: all the right ones, or those given."""
    made = released(slug)
    given = solutions(slug) if answers is None else answers
    for cell in made.cells:
        cell.source = given.get(cell.id, cell.source)
    return made


def right_but(task: str, source: str, slug: str = BLOCK) -> NotebookNode:
    """All right but one answer."""
    return answered({**solutions(slug), task: source}, slug)


def with_own_cell(made: NotebookNode, source: str, before: str | None = None) -> NotebookNode:
    """A cell of the student's own more, at the end or before a cell."""
    names = [cell.id for cell in made.cells]
    place = names.index(before) if before else len(names)
    made.cells.insert(place, nbformat.v4.new_code_cell(source, id=f"mine-{len(names)}"))
    return made


def without_metadata(made: NotebookNode) -> NotebookNode:
    """As an editor leaves it that knows neither ids nor nbgrader."""
    for number, cell in enumerate(made.cells):
        cell.metadata = nbformat.from_dict({})
        cell.id = f"lost-{number}"
    return made


def cells(made: NotebookNode) -> tuple[notebook.Cell, ...]:
    """The notebook as grading reads it."""
    return notebook.parse(nbformat.writes(made).encode())


def hand_in(folder: Path, made: NotebookNode | str, name: str = f"{BLOCK}.ipynb") -> Path:
    """Write a notebook, or any text, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(made if isinstance(made, str) else nbformat.writes(made))
    return path


def points(slug: str = BLOCK) -> dict[str, float]:
    """What each task in code gives."""
    totals: dict[str, float] = {}
    wanted: Assignment = assignment.load(slug)
    for cell in wanted.of(Role.TEST):
        totals[cell.task] = totals.get(cell.task, 0.0) + cell.points
    return totals
