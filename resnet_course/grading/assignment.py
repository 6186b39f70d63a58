"""An assignment as its authors wrote it, and as students were given it."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

import resnet_course

EXERCISES = Path(resnet_course.__file__).resolve().parents[1] / "notebooks" / "exercises"
SOURCE = EXERCISES / "source"
RELEASE = EXERCISES / "release"


class Role(enum.Enum):
    """What a cell of an assignment is for."""

    TEXT = enum.auto()
    SETUP = enum.auto()
    ANSWER = enum.auto()  # code that the student writes
    WORDS = enum.auto()  # an answer in words
    CHECK = enum.auto()  # tells the student what is wrong
    TEST = enum.auto()  # gives points
    DEMONSTRATION = enum.auto()


@dataclass(frozen=True)
class Cell:
    """A cell of an assignment.

    Attributes:
        name: nbgrader's `grade_id`, which is the cell's id as well.
        kind: "code", "markdown" or "raw".
        source: the text with solutions and hidden tests.
        released: the text as students were given it.
        points: what the cell gives; 0 where it is not graded.
    """

    name: str
    kind: str
    role: Role
    source: str
    released: str
    points: float = 0.0

    @property
    def task(self) -> str:
        """The task that a check, a test or an answer belongs to: `test-TASK`, `test-TASK-part`, `TASK`."""
        for before in ("test-", "check-", "task-"):
            if self.name.startswith(before):
                return self.name.removeprefix(before).split("-")[0]
        return self.name


@dataclass(frozen=True)
class Assignment:
    """All cells of an assignment, in order."""

    slug: str
    cells: tuple[Cell, ...]

    def of(self, *roles: Role) -> Iterator[Cell]:
        """The cells with these roles, in order."""
        return (cell for cell in self.cells if cell.role in roles)

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, those in words among them."""
        return [cell.name for cell in self.of(Role.ANSWER, Role.WORDS)]

    @property
    def points(self) -> float:
        """What all of it gives."""
        return sum(cell.points for cell in self.cells)

    @property
    def title(self) -> str:
        """The name for people and for learning platforms."""
        return self.slug.replace("_", " ").capitalize()


def slugs() -> list[str]:
    """Names of the assignments, in order. Raises ValueError where their sources are not here."""
    found = sorted(path.parent.name for path in SOURCE.glob("*/*.ipynb") if path.stem == path.parent.name)
    if not found:
        raise ValueError(
            f"the assignments' sources are not in {SOURCE}: this needs the instructors' repository, "
            "not the published tree or the package alone"
        )
    return found


def load(slug: str) -> Assignment:
    """One assignment. Raises ValueError when there is none of that name, or it was never released."""
    if slug not in slugs():
        raise ValueError(f"there is no assignment {slug!r}; there are {', '.join(slugs())}")
    release = RELEASE / slug / f"{slug}.ipynb"
    if not release.exists():
        raise ValueError(f"{slug} has not been released: run `resnet-course release`")
    source = nbformat.read(SOURCE / slug / f"{slug}.ipynb", as_version=4)
    released = {cell.id: cell.source for cell in nbformat.read(release, as_version=4).cells}
    return Assignment(slug, tuple(_cell(cell, released) for cell in source.cells))


def _cell(cell: nbformat.NotebookNode, released: dict[str, str]) -> Cell:
    marks = cell.metadata.nbgrader
    role = _role(marks.grade_id, cell.cell_type, marks.solution, marks.grade)
    return Cell(
        name=marks.grade_id,
        kind=cell.cell_type,
        role=role,
        source=cell.source,
        released=released[cell.id],
        points=float(marks.points) if marks.grade else 0.0,
    )


def _role(name: str, kind: str, is_solution: bool, is_graded: bool) -> Role:
    if is_solution:
        return Role.ANSWER if kind == "code" else Role.WORDS
    if kind != "code":
        return Role.TEXT
    if is_graded:
        return Role.TEST
    beginnings = {"setup": Role.SETUP, "check": Role.CHECK}
    return beginnings.get(name.split("-")[0], Role.DEMONSTRATION)
