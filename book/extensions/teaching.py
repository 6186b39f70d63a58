"""Sphinx extension: what chapters and assignments say of themselves, as tables for teachers and students.

Titles, questions, goals and minutes come from the notebooks' first cells, points from the tasks that the released
assignments grade, and the plans from syllabus.yml; so none of them can go stale. A notebook that does not say what
belongs in a table stops the build.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml
from docutils import nodes
from repository import ROOT, address, revision
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

SYLLABUS = ROOT / "book" / "syllabus.yml"
COLAB = "https://colab.research.google.com/github"
LEVELS = ("easy", "medium", "harder", "in words")


@dataclass(frozen=True)
class Chapter:
    """What a chapter's first cell says: `name` as 03_degradation, `goals` after "you will be able to"."""

    name: str
    title: str
    question: str
    goals: str
    minutes: int

    @property
    def link(self) -> str:
        return f"[{self.title}](/notebooks/{self.name}.ipynb)"


@dataclass(frozen=True)
class Assignment:
    """What a released assignment says and grades: `name` as 02_the_block, `levels` as "1 easy, 4 medium"."""

    name: str
    title: str
    question: str
    chapters: list[str]
    levels: str
    minutes: int
    points: int

    @property
    def path(self) -> str:
        return f"notebooks/exercises/release/{self.name}/{self.name}.ipynb"

    @property
    def colab(self) -> str:
        return f"{COLAB}/{address().removeprefix('https://github.com/')}/blob/{revision()}/{self.path}"


def only(pattern: str, text: str, path: Path) -> str:
    """What the one group of `pattern` finds in a notebook's text, on one line. Raises ValueError without it."""
    if not (found := re.search(pattern, text, re.M | re.S)):
        raise ValueError(f"{path.name} does not say what {pattern} looks for")
    return " ".join(found[1].split())


def cells_of(path: Path) -> list[tuple[dict, str]]:
    """Metadata and text of a notebook's cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [(cell["metadata"], "".join(cell["source"])) for cell in cells]


def chapters(folder: Path = ROOT / "notebooks") -> list[Chapter]:
    """The chapters, in their order."""
    made = []
    for path in sorted(folder.glob("[0-9]*.ipynb")):
        _, text = cells_of(path)[0]
        title, question = only(r"^# (.+?)$", text, path), only(r"^\*\*(.+?)\*\*$", text, path)
        goals = only(r"you will be able to (.+?)\.\s+Reading", text, path)
        minutes = only(r"Reading\s+and\s+running\s+take\s+about\s+(\d+)", text, path)
        made.append(Chapter(path.stem, title, question, goals, int(minutes)))
    return made


def assignments(folder: Path = ROOT / "notebooks" / "exercises" / "release") -> list[Assignment]:
    """The released assignments, in their order."""
    made = []
    for path in sorted(folder.glob("[0-9]*/[0-9]*.ipynb")):
        cells = cells_of(path)
        title = next(text for _, text in cells if text.startswith("# Assignment"))
        tasks = [text for _, text in cells if text.startswith("## Task")]
        levels = Counter(only(r"^\*([\w ]+), \d+ minutes", text, path) for text in tasks)
        told = re.search(r"chapters?\s(.*?\*)(?:\s+and\s+do\s+not|\.)", title, re.S)
        named = [" ".join(name.split()) for name in re.findall(r"\*(.+?)\*", told[1], re.S)] if told else []
        called = only(r"^# Assignment \d+\. (.+?)$", title, path)
        made.append(
            Assignment(
                path.stem,
                called,
                only(r"^\*\*(.+?)\*\*$", title, path),
                named or [called],
                ", ".join(f"{levels[level]} {level}" for level in sorted(levels, key=LEVELS.index)),
                sum(int(only(r"(\d+) minutes", text, path)) for text in tasks),
                sum(int(metadata.get("nbgrader", {}).get("points", 0)) for metadata, _ in cells),
            )
        )
    return made


def table(head: str, rows: list[list]) -> str:
    """A Markdown table whose head names its columns, each followed by : for numbers."""
    columns = [name.strip() for name in head.split("|")]
    rule = ["---:" if name.endswith(":") else "---" for name in columns]
    lines = [[name.rstrip(":") for name in columns], rule, *([str(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def chapter_table() -> str:
    rows = [
        [chapter.link, chapter.question, f"{chapter.goals[0].upper()}{chapter.goals[1:]}.", chapter.minutes]
        for chapter in chapters()
    ]
    return table("Chapter | Question | Afterwards you can | Minutes:", rows)


def assignment_table() -> str:
    titles = {chapter.title: chapter.link for chapter in chapters()}
    rows = [
        [
            int(one.name[:2]),
            f"**{one.title}.** {one.question}",
            ", ".join(titles[name] for name in one.chapters if name in titles) or "–",
            one.levels,
            one.minutes,
            one.points,
            f"[![Open in Colab](/book/assets/colab.svg)]({one.colab}) {{download}}`download </{one.path}>`",
        ]
        for one in assignments()
    ]
    return table("No.: | Assignment | Chapter | Tasks | Minutes: | Points: | Open", rows)


def syllabus(weeks: int) -> str:
    """The plan of so many weeks, of what there is; hours are for reading, running and the assignments."""
    known, tasks = ({int(one.name[:2]): one for one in many} for many in (chapters(), assignments()))
    rows = []
    for number, week in enumerate(yaml.safe_load(SYLLABUS.read_text(encoding="utf-8"))[weeks], 1):
        read = [known[n] for n in week["chapters"] if n in known]
        hand_in = [tasks[n] for n in week["assignments"] if n in tasks]
        hours = sum(one.minutes for one in (*read, *hand_in)) / 60
        names = [
            ", ".join(one.link for one in read) or "–",
            ", ".join(f"{int(one.name[:2])}. {one.title}" for one in hand_in),
        ]
        rows.append([number, week["theme"], names[0], names[1] or "–", f"{hours:.1f}"])
    return table("Week: | Theme | Chapters | Assignment | Hours:", rows)


TABLES = {"chapters": chapter_table, "assignments": assignment_table, **{f"{n} weeks": n for n in (4, 8, 12)}}


class Teaching(SphinxDirective):
    """{teaching} chapters, assignments, or 4, 8 or 12 weeks."""

    required_arguments, final_argument_whitespace = 1, True

    def run(self) -> list[nodes.Node]:
        for path in (SYLLABUS, *(ROOT / "notebooks").glob("[0-9]*.ipynb")):
            self.env.note_dependency(str(path))
        if (what := TABLES.get(self.arguments[0])) is None:
            raise ExtensionError(f"{self.env.docname}: teaching knows {', '.join(TABLES)}, not {self.arguments[0]}")
        try:
            text = syllabus(what) if isinstance(what, int) else what()
        except ValueError as error:
            raise ExtensionError(f"{self.env.docname}, line {self.lineno}: {error}") from error
        begin, end = '<div class="table-scroll teaching" tabindex="0">', "</div>"
        return [
            nodes.raw("", begin, format="html"),
            *self.parse_text_to_nodes(text),
            nodes.raw("", end, format="html"),
        ]


def setup(app) -> dict:
    app.add_directive("teaching", Teaching)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
