"""Sphinx extension: measured numbers, figures and tables, read from recorded runs alone.

A page names a run that has no record: the build stops and says which. Nothing here shows a number
that nobody measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar, TypeVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.util.typing import ExtensionMetadata, OptionSpec

from book.sphinxext.fragments import fragment
from book.sphinxext.notebooks import Notebook, chapters
from book.sphinxext.project import build_day
from book.sphinxext.records import evidence
from book.sphinxext.records.evidence import Network, RecordedTier

RECORD_COLUMNS = [
    "study",
    "tier",
    "runs",
    "seeds",
    "computing",
    "made",
    "age",
    "hardware",
    "PyTorch",
]
NOTEBOOK_COLUMNS = ["notebook", "code cells", "seconds", "Python", "stored", "age"]
Shown = TypeVar("Shown")


@dataclass(frozen=True)
class Asked:
    """What a {measured} role asks for: a network, one of its final metrics, and how to write it."""

    network: Network
    metric: str
    digits: str = ".2f"


def parse(words: Sequence[str]) -> Asked:
    """What the words of a role ask for.

    Args:
        words: study, tier, kind of network, depth and metric; after them, in any order, a number
            format and what else selects the network: variant=zero-init, shortcut=B, label=gentle,
            start_depth=8.

    Raises:
        ValueError: there are too few words, the depth is no number, or a selection is unknown.
    """
    if len(words) < 5:
        raise ValueError("measured needs study, tier, kind of network, depth and metric")
    study, tier, arch, depth, metric, *more = words
    asked = Asked(Network(study, tier, arch, int(depth)), metric)
    for word in more:
        name, is_selection, value = word.partition("=")
        if is_selection:
            asked = replace(asked, network=selected(asked.network, name, value))
        else:
            asked = replace(asked, digits=word)
    return asked


def selected(network: Network, name: str, value: str) -> Network:
    """The network with one thing more said about it. Raises ValueError for an unknown name."""
    match name:
        case "shortcut":
            return replace(network, shortcut=value)
        case "variant":
            return replace(network, variant=value)
        case "label":
            return replace(network, label=value)
        case "start_depth":
            return replace(network, start_depth=int(value))
    raise ValueError(f"measured selects by shortcut, variant, label or start_depth, not {name}")


def measured(text: str) -> str:
    """The number that a {measured} role shows, for the role's text.

    Raises:
        ValueError: there is no such record, or the text asks for nothing that can be recorded.
    """
    asked = parse(text.split())
    return evidence.mean_over_seeds(asked.network, asked.metric).text(asked.digits)


def age(day: str) -> str:
    """Days from a day, as in 2026-11-30, to the build of the book."""
    days = (build_day() - date.fromisoformat(day)).days
    if days < 1:
        return "today"
    return "1 day" if days == 1 else f"{days} days"


def record_row(entry: RecordedTier) -> list[str]:
    """A row of the table of records: how many, on what, with what, when, and for how long."""
    return [
        entry.study,
        entry.tier,
        str(entry.computing.runs),
        str(entry.seeds),
        evidence.in_words(entry.computing.seconds),
        ", ".join(entry.days),
        age(entry.days[-1]),
        "; ".join(entry.hardware),
        ", ".join(entry.torch),
    ]


def record_rows() -> list[list[str]]:
    """The table of all records."""
    return [record_row(entry) for entry in evidence.recorded_tiers()]


def notebook_row(notebook: Notebook) -> list[str]:
    """When a chapter's outputs were stored and how long that took; empty where it does not say."""
    run = notebook.stored_run()
    if run is None:
        return []
    cells = sum(cell.kind == "code" for cell in notebook.cells)
    seconds = f"{run.seconds:.1f}"
    return [notebook.path.stem, str(cells), seconds, notebook.python, run.day, age(run.day)]


def notebook_rows() -> list[list[str]]:
    """The table of all chapters that say when they were run."""
    return [row for notebook in chapters() if (row := notebook_row(notebook))]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> nodes.raw:
    """A table of which no cell is broken into lines."""
    drawn = fragment("table.html.j2", {"columns": columns, "rows": rows})
    return nodes.raw("", f'<div class="records">{drawn}</div>', format="html")


def read(env: BuildEnvironment, line: int, reading: Callable[[], Shown]) -> Shown:
    """What `reading` returns, noting that the page depends on every record.

    Raises:
        ExtensionError: nothing of the kind is recorded; it names page and line.
    """
    for path in evidence.record_files():
        env.note_dependency(str(path))
    try:
        return reading()
    except ValueError as error:
        raise ExtensionError(f"{env.docname}, line {line}: {error}") from error


class MeasuredRole(SphinxRole):
    """{measured}`degradation laptop plain 56 train_error`: mean ± standard deviation over seeds."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """One inline number."""
        number = read(self.env, self.lineno, lambda: measured(self.text))
        return [nodes.inline(self.rawtext, number, classes=["measured"])], []


class MeasuredFigure(SphinxDirective):
    """{measured-figure} STUDY TIER, with options `net` and `caption`: a study's figure."""

    required_arguments = 2
    option_spec: ClassVar[OptionSpec] = {
        "net": directives.unchanged,
        "caption": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """The figure with its words, numbers and provenance."""
        study, tier = self.arguments
        caption = self.options.get("caption", "")
        arch = self.options.get("net")
        drawn = read(self.env, self.lineno, lambda: evidence.figure(study, tier, caption, arch))
        return [nodes.raw("", drawn, format="html")]


class Hardware(SphinxDirective):
    """{hardware}: what every recorded run was made on."""

    def run(self) -> list[nodes.Node]:
        """A table with one row for each study and tier."""
        return [table(RECORD_COLUMNS, read(self.env, self.lineno, record_rows))]


class NotebookTimes(SphinxDirective):
    """{notebook-times}: when each chapter's outputs were stored, and how long that took."""

    def run(self) -> list[nodes.Node]:
        """A table with one row for each chapter."""
        for notebook in chapters():
            self.env.note_dependency(str(notebook.path))
        return [table(NOTEBOOK_COLUMNS, notebook_rows())]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the role and the directives."""
    app.add_role("measured", MeasuredRole())
    app.add_directive("measured-figure", MeasuredFigure)
    app.add_directive("hardware", Hardware)
    app.add_directive("notebook-times", NotebookTimes)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
