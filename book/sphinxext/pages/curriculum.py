"""What chapters and assignments say of themselves, and the plans that are made of them.

Titles, questions, goals and minutes come from the notebooks' prose, points from the tasks
that the released assignments grade, and the plans from syllabus.yml; so none of them can go stale.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from book.sphinxext import notebooks
from book.sphinxext.notebooks import CHAPTERS, Cell, Notebook
from book.sphinxext.project import BOOK, colab_address

SYLLABUS = BOOK / "syllabus.yml"
RELEASE = CHAPTERS / "exercises" / "release"
LEVELS = ("easy", "medium", "harder", "in words")
TITLE = re.compile(r"^# (.+?)$", re.M)
QUESTION = re.compile(r"^\*\*(.+?)\*\*$", re.M | re.S)
GOALS = re.compile(r"you will be able to (.+?)\.\s+Reading", re.S)
MINUTES = re.compile(r"Reading\s+and\s+running\s+take\s+about\s+(\d+)")
ASSIGNMENT_TITLE = re.compile(r"^# Assignment \d+\. (.+?)$", re.M)
TASK_LEVEL = re.compile(r"^\*([\w ]+), \d+ minutes", re.M)
TASK_MINUTES = re.compile(r"(\d+) minutes")
NAMED_CHAPTERS = re.compile(r"chapters?\s(.*?\*)(?:\s+and\s+do\s+not|\.)", re.S)
IN_ITALICS = re.compile(r"\*(.+?)\*", re.S)


@dataclass(frozen=True)
class Chapter:
    """What a chapter says of itself.

    `name` is as 03_degradation; `goals` is what follows "you will be able to".
    """

    name: str
    title: str
    question: str
    goals: str
    minutes: int

    @property
    def number(self) -> int:
        """Its place in the book."""
        return int(self.name[:2])

    @property
    def link(self) -> str:
        """Its title in MyST, linked."""
        return f"[{self.title}](/notebooks/{self.name}.ipynb)"


@dataclass(frozen=True)
class Assignment:
    """What a released assignment says and grades.

    `name` is as 02_the_block, `levels` as "1 easy, 4 medium";
    `chapters` are the titles of those it names, or its own where it names none.
    """

    name: str
    title: str
    question: str
    chapters: list[str]
    levels: str
    minutes: int
    points: int

    @property
    def number(self) -> int:
        """Its place among the assignments."""
        return int(self.name[:2])

    @property
    def path(self) -> str:
        """Its notebook, from the repository's root."""
        return f"notebooks/exercises/release/{self.name}/{self.name}.ipynb"

    @property
    def colab(self) -> str:
        """Where Colab opens it."""
        return colab_address(self.path)


@dataclass(frozen=True)
class Week:
    """One week of a plan: its theme and the numbers of chapters and assignments."""

    theme: str
    chapters: list[int]
    assignments: list[int]


def extract(pattern: re.Pattern[str], text: str, path: Path) -> str:
    """What the one group of a pattern finds in a notebook's text, on one line.

    Raises:
        ValueError: the notebook does not say it; the message names it.
    """
    match = pattern.search(text)
    if match is None:
        raise ValueError(f"{path.name} does not say what {pattern.pattern} looks for")
    return on_one_line(match[1])


def on_one_line(text: str) -> str:
    """The words of a text with single spaces between them."""
    return " ".join(text.split())


def chapters(folder: Path = CHAPTERS) -> list[Chapter]:
    """The chapters in their order. Raises ValueError where one does not say enough."""
    return [chapter(notebook) for notebook in notebooks.chapters(folder)]


def chapter(notebook: Notebook) -> Chapter:
    """What a chapter says of itself."""
    path = notebook.path
    text = notebook.prose
    return Chapter(
        path.stem,
        extract(TITLE, text, path),
        extract(QUESTION, text, path),
        extract(GOALS, text, path),
        int(extract(MINUTES, text, path)),
    )


def assignments(folder: Path = RELEASE) -> list[Assignment]:
    """The released assignments in their order. Raises ValueError where one does not say enough."""
    paths = sorted(folder.glob("[0-9]*/[0-9]*.ipynb"))
    return [assignment(Notebook(path)) for path in paths]


def assignment(notebook: Notebook) -> Assignment:
    """What an assignment says and grades."""
    path = notebook.path
    cells = notebook.cells
    opening = next(cell.source for cell in cells if cell.source.startswith("# Assignment"))
    tasks = [cell.source for cell in cells if cell.source.startswith("## Task")]
    title = extract(ASSIGNMENT_TITLE, opening, path)
    return Assignment(
        path.stem,
        title,
        extract(QUESTION, opening, path),
        named_chapters(opening) or [title],
        levels(extract(TASK_LEVEL, task, path) for task in tasks),
        sum(int(extract(TASK_MINUTES, task, path)) for task in tasks),
        sum(points(cell) for cell in cells),
    )


def named_chapters(text: str) -> list[str]:
    """The titles of the chapters that an assignment's opening names."""
    match = NAMED_CHAPTERS.search(text)
    return [on_one_line(title) for title in IN_ITALICS.findall(match[1])] if match else []


def levels(named: Iterable[str]) -> str:
    """How many tasks there are of each level, the easiest first."""
    counts = Counter(named)
    return ", ".join(f"{counts[level]} {level}" for level in sorted(counts, key=LEVELS.index))


def points(cell: Cell) -> int:
    """The points that nbgrader gives for a cell."""
    return int(cell.metadata.get("nbgrader", {}).get("points", 0))


def plan(weeks: int) -> list[Week]:
    """The plan of so many weeks, as syllabus.yml has it."""
    plans: dict[int, list[dict[str, Any]]]
    plans = yaml.safe_load(SYLLABUS.read_text(encoding="utf-8"))
    return [Week(**week) for week in plans[weeks]]
