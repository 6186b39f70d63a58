"""Sphinx extension: measured numbers, figures and verdicts on the book's pages, read from recorded runs alone.

A page names a run it has no record of: the build stops and says which. Nothing here shows a number nobody measured.
"""

import html
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import ClassVar

import furniture
import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective, SphinxRole

from resnet_course import figures, lab, runs

CLAIMS = Path(__file__).parents[1] / "claims.yml"
VERDICTS = ("holds", "holds with conditions", "does not hold", "misquote", "not settled yet")
USUAL = {"shortcut": "A", "variant": "", "start_depth": "0", "label": ""}
FIELDS = {"number", "claim", "ours", "quoted", "told", "look", "paper", "chapter", "study", "tier", "evidence"}
FIELDS |= {"verdict", "why"}


def measured(study: str, tier: str, net: str, depth: str, metric: str, *more: str) -> str:
    """Mean ± standard deviation over seeds of one recorded network. Raises RecordError when there is no record.

    `more`: a number format, and what else selects the network, as variant=zero-init, shortcut=B, label=gentle.
    """
    (spec,) = [word for word in more if "=" not in word] or [".2f"]
    which = USUAL | dict(word.split("=") for word in more if "=" in word)
    which["start_depth"] = int(which["start_depth"])
    records = runs.load(study, tier, net=net, depth=int(depth), **which)
    (stats,) = runs.over_seeds(records, metric).values()
    return format(stats.mean, spec) + (f" ± {stats.std:{spec}}" if stats.n > 1 else "")


def ledger(path: Path = CLAIMS) -> list[dict]:
    """The claims with their verdicts. Raises ValueError when a row has unknown fields or no allowed verdict."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    for row in rows:
        if odd := set(row) ^ FIELDS:
            raise ValueError(f"claim {row.get('number')}: missing or unknown {', '.join(sorted(odd))}")
        if row["verdict"] not in VERDICTS:
            raise ValueError(f"claim {row['number']}: verdict must be one of {', '.join(VERDICTS)}")
    return rows


def summary(rows: list[dict]) -> str:
    """The whole ledger as one table in MyST: claim, verdict, our number, the paper's; claims link to their cards."""
    lines = ["| row | claim | verdict | ours | the paper's |", "|---:|---|---|---|---|"]
    for row in rows:
        link = f'<a href="#claim-{row["number"]}">{html.escape(row["claim"])}</a>'
        verdict = f'<span class="verdict" data-verdict="{row["verdict"]}">{row["verdict"]}</span>'
        cells = (str(row["number"]), link, verdict, row["ours"] or "–", row["quoted"] or "–")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def card(row: dict) -> str:
    """One claim as MyST text: what is told, what the paper says, what was measured, the verdict and its reason."""
    entries = {"Told by": row["told"], "What the paper says": row["paper"], "Where to look": row["look"]}
    if row["study"]:
        records = runs.load(row["study"], row["tier"])
        entries["What we measured"] = f"{lab.study(row['study']).finding(records)} {row['evidence'] or ''}"
        entries["Recorded runs"] = html.escape(runs.provenance_line(records))
    if row["chapter"]:
        entries["Chapter"] = f"{{doc}}`/notebooks/{row['chapter']}`"
    listed = "\n".join(f"{term}\n: {text}\n" for term, text in entries.items() if text)
    return (
        f'<article class="claim" id="claim-{row["number"]}" data-verdict="{row["verdict"]}">\n'
        f"<h3>{row['number']}. {html.escape(row['claim'])}</h3>\n\n"
        f"**Verdict: {row['verdict']}.** {row['why']}\n\n{listed}\n</article>\n"
    )


def hardware(root: Path = runs.RECORDED) -> list[dict]:
    """One row for each study and tier with recorded runs: how many, on what, with what, when, and for how long."""
    rows = []
    for folder in sorted({path.parent for path in root.glob("*/*/[!.]*.json")}):
        records = runs.load(folder.parent.name, folder.name, root)
        told = [record.provenance for record in records]
        row = {"study": folder.parent.name, "tier": folder.name, "runs": len(records)}
        row["seeds"] = len({record.seed for record in records})
        row["computing"] = lab.duration(sum(p["wall_seconds"] for p in told))
        row["made"] = ", ".join(sorted({p["started"][:10] for p in told}))
        row["age"] = age(max(p["started"] for p in told))
        row["hardware"] = "; ".join(sorted({p["hardware"] for p in told}))
        row["PyTorch"] = ", ".join(sorted({p["libraries"]["torch"].partition("+")[0] for p in told}))
        rows.append(row)
    return rows


def age(started: str) -> str:
    """Days from a run to the build of the book."""
    days = (furniture.today() - date.fromisoformat(started[:10])).days
    return "today" if days < 1 else f"{days} day{'s' * (days > 1)}"


def notebooks(folder: Path = CLAIMS.parents[1] / "notebooks") -> list[dict]:
    """One row for each chapter: when its outputs were stored, and how long that took, by its cells' own clocks."""
    rows = []
    for path in sorted(folder.glob("[0-9]*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if run := furniture.stored_run(notebook):
            cells = sum(cell["cell_type"] == "code" for cell in notebook["cells"])
            python = notebook["metadata"]["language_info"]["version"]
            rows.append({"notebook": path.stem, "code cells": cells, "seconds": f"{run[0]:.1f}", "Python": python})
            rows[-1] |= {"stored": run[1], "age": age(run[1])}
    return rows


def records_table(rows: list[dict]) -> nodes.raw:
    """A table of which no cell is broken into lines."""
    return nodes.raw("", f'<div class="records">{figures.as_table(rows)}</div>', format="html")


class Reader:
    """What role and directives share: a page depends on the records it shows, and a missing one stops the build."""

    def read(self, what: Callable, *arguments, **selection):
        for path in (*runs.RECORDED.glob("*/*/[!.]*.json"), CLAIMS):
            self.env.note_dependency(str(path))
        try:
            return what(*arguments, **selection)
        except (ValueError, TypeError) as error:
            raise ExtensionError(f"{self.env.docname}, line {self.lineno}: {error}") from error


class Measured(Reader, SphinxRole):
    def run(self):
        return [nodes.inline(self.rawtext, self.read(measured, *self.text.split()), classes=["measured"])], []


class MeasuredFigure(Reader, SphinxDirective):
    required_arguments = 2  # study, tier
    option_spec: ClassVar = {"net": directives.unchanged, "caption": directives.unchanged}

    def run(self):
        caption = self.options.pop("caption", "")
        records = self.read(runs.load, *self.arguments, **self.options)
        return [nodes.raw("", lab.study(self.arguments[0]).figure(records, caption)._repr_html_(), format="html")]


class ClaimLedger(Reader, SphinxDirective):
    def run(self):
        box, rows = nodes.container(classes=["claim-ledger"]), self.read(ledger)
        lines = "\n\n".join([summary(rows), *(self.read(card, row) for row in rows)]).splitlines()
        self.state.nested_parse(StringList(lines, str(CLAIMS)), 0, box)
        return [box]


class Hardware(Reader, SphinxDirective):
    def run(self):
        return [records_table(self.read(hardware))]


class Notebooks(Reader, SphinxDirective):
    def run(self):
        return [records_table(self.read(notebooks))]


def setup(app) -> dict:
    app.add_role("measured", Measured())
    app.add_directive("measured-figure", MeasuredFigure)
    app.add_directive("claim-ledger", ClaimLedger)
    app.add_directive("hardware", Hardware)
    app.add_directive("notebook-times", Notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
