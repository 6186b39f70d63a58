"""Sphinx extension: what chapters and assignments say of themselves, as tables for teachers.

Titles, questions, goals and minutes come from the notebooks' prose, points from the tasks
that the released assignments grade, and the plans from syllabus.yml; so none of them can go stale.
A notebook that does not say what belongs in a table stops the build.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book.sphinxext import notebooks
from book.sphinxext.notebooks import CHAPTERS, Cell, Notebook
from book.sphinxext.project import BOOK, colab_address

SYLLABUS = BOOK / "syllabus.yml"
RELEASE = CHAPTERS / "exercises" / "release"
LEVELS = ("easy", "medium", "harder", "in words")
PLANS = (4, 8, 12)  # weeks
NOTHING = "–"
BUTTON = "[![Open in Colab](/book/assets/colab.svg)]"
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


def said(pattern: re.Pattern[str], text: str, path: Path) -> str:
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
        said(TITLE, text, path),
        said(QUESTION, text, path),
        said(GOALS, text, path),
        int(said(MINUTES, text, path)),
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
    title = said(ASSIGNMENT_TITLE, opening, path)
    return Assignment(
        path.stem,
        title,
        said(QUESTION, opening, path),
        named_chapters(opening) or [title],
        levels(said(TASK_LEVEL, task, path) for task in tasks),
        sum(int(said(TASK_MINUTES, task, path)) for task in tasks),
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


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in MyST; a column of numbers has a name that ends in a colon."""
    lines = [
        [name.rstrip(":") for name in columns],
        ["---:" if name.endswith(":") else "---" for name in columns],
        *rows,
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def chapter_table() -> str:
    """All chapters: question, goals and minutes."""
    columns = ("Chapter", "Question", "Afterwards you can", "Minutes:")
    return table(columns, [chapter_row(one) for one in chapters()])


def chapter_row(one: Chapter) -> list[str]:
    """A chapter's line; its goals become a sentence."""
    goals = f"{one.goals[0].upper()}{one.goals[1:]}."
    return [one.link, one.question, goals, str(one.minutes)]


def assignment_table() -> str:
    """All assignments: question, chapters, tasks, minutes, points, and how to open them."""
    columns = ("No.:", "Assignment", "Chapter", "Tasks", "Minutes:", "Points:", "Open")
    links = {one.title: one.link for one in chapters()}
    return table(columns, [assignment_row(one, links) for one in assignments()])


def assignment_row(one: Assignment, links: dict[str, str]) -> list[str]:
    """An assignment's line; `links` are those of the chapters, by their titles."""
    named = [links[title] for title in one.chapters if title in links]
    return [
        str(one.number),
        f"**{one.title}.** {one.question}",
        ", ".join(named) or NOTHING,
        one.levels,
        str(one.minutes),
        str(one.points),
        f"{BUTTON}({one.colab}) {{download}}`download </{one.path}>`",
    ]


def syllabus(weeks: int) -> str:
    """The plan of so many weeks, of what there is already."""
    columns = ("Week:", "Theme", "Chapters", "Assignment", "Hours:")
    known = {one.number: one for one in chapters()}
    tasks = {one.number: one for one in assignments()}
    rows = [week_row(number, week, known, tasks) for number, week in enumerate(plan(weeks), 1)]
    return table(columns, rows)


def week_row(
    number: int, week: Week, known: dict[int, Chapter], tasks: dict[int, Assignment]
) -> list[str]:
    """A week's line; its hours are for reading, running and the assignments."""
    read = [known[n] for n in week.chapters if n in known]
    hand_in = [tasks[n] for n in week.assignments if n in tasks]
    minutes = sum(one.minutes for one in read) + sum(one.minutes for one in hand_in)
    return [
        str(number),
        week.theme,
        ", ".join(one.link for one in read) or NOTHING,
        ", ".join(f"{one.number}. {one.title}" for one in hand_in) or NOTHING,
        f"{minutes / 60:.1f}",
    ]


def table_named(name: str) -> str:
    """The table for a directive's words. Raises ValueError when there is none of that name."""
    if name == "chapters":
        return chapter_table()
    if name == "assignments":
        return assignment_table()
    for weeks in PLANS:
        if name == f"{weeks} weeks":
            return syllabus(weeks)
    plans = ", ".join(f"{weeks} weeks" for weeks in PLANS)
    raise ValueError(f"teaching knows chapters, assignments, {plans}, not {name}")


class Teaching(SphinxDirective):
    """{teaching} chapters, assignments, or 4, 8 or 12 weeks."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """The table, in a box that scrolls."""
        for path in (SYLLABUS, *CHAPTERS.glob("[0-9]*.ipynb"), *RELEASE.glob("*/*.ipynb")):
            self.env.note_dependency(str(path))
        try:
            text = table_named(self.arguments[0])
        except ValueError as error:
            raise ExtensionError(f"{self.env.docname}, line {self.lineno}: {error}") from error
        begin = nodes.raw("", '<div class="table-scroll teaching" tabindex="0">', format="html")
        end = nodes.raw("", "</div>", format="html")
        return [begin, *self.parse_text_to_nodes(text), end]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive."""
    app.add_directive("teaching", Teaching)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
