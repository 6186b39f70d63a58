"""Sphinx extension: chapters, assignments and plans as tables for teachers and students.

A notebook that does not say what belongs in a table stops the build.
"""

from collections.abc import Sequence

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book.sphinxext.notebooks import CHAPTERS
from book.sphinxext.pages.curriculum import (
    RELEASE,
    SYLLABUS,
    Assignment,
    Chapter,
    Week,
    assignments,
    chapters,
    plan,
)

PLANS = (4, 8, 12)  # weeks
NOTHING = "–"
BUTTON = "[![Open in Colab](/book/assets/colab.svg)]"


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
