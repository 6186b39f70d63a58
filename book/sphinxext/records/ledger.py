"""Sphinx extension: the claim ledger, claims.yml as one table and a card for each claim.

What was measured is added to a card from the records of the study that settles it.
"""

import html
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from book.sphinxext.project import BOOK
from book.sphinxext.records import evidence
from book.sphinxext.records.measured import read

CLAIMS = BOOK / "claims.yml"
VERDICTS = ("holds", "holds with conditions", "does not hold", "misquote", "not settled yet")
HEAD = ("| row | claim | verdict | ours | the paper's |", "|---:|---|---|---|---|")


@dataclass(frozen=True)
class LedgerRow:
    """One claim with its verdict, in MyST; a study and a tier settle it, or a source in `why`.

    `ours` and `quoted` are the claim in one number each; `told` says by whom it is told, `look`
    how to find out, `paper` what the paper says, and `evidence` adds to what was measured.
    """

    number: int
    claim: str
    ours: str | None
    quoted: str | None
    told: str
    look: str
    paper: str | None
    chapter: str | None
    study: str | None
    tier: str | None
    evidence: str | None
    verdict: str
    why: str

    @property
    def anchor(self) -> str:
        """The place of its card on the page."""
        return f"claim-{self.number}"


def ledger(path: Path = CLAIMS) -> list[LedgerRow]:
    """The claims in their order.

    Raises:
        ValueError: a row has missing or unknown fields, or a verdict that is none of VERDICTS.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [_checked(entry) for entry in entries]


def _checked(entry: dict[str, Any]) -> LedgerRow:
    known = {field.name for field in fields(LedgerRow)}
    odd = set(entry) ^ known
    if odd:
        listed = ", ".join(sorted(odd))
        raise ValueError(f"claim {entry.get('number')}: missing or unknown {listed}")
    row = LedgerRow(**entry)
    if row.verdict not in VERDICTS:
        raise ValueError(f"claim {row.number}: verdict must be one of {', '.join(VERDICTS)}")
    return row


def summary(rows: list[LedgerRow]) -> str:
    """The whole ledger as one table in MyST; each claim links to its card."""
    return "\n".join([*HEAD, *(_summary_line(row) for row in rows)])


def _summary_line(row: LedgerRow) -> str:
    cells = [
        str(row.number),
        f'<a href="#{row.anchor}">{html.escape(row.claim)}</a>',
        f'<span class="verdict" data-verdict="{row.verdict}">{row.verdict}</span>',
        row.ours or "–",
        row.quoted or "–",
    ]
    return f"| {' | '.join(cells)} |"


def card(row: LedgerRow) -> str:
    """What stands on a claim's card, in MyST: verdict and reason, then who tells it, and evidence.

    Raises:
        ValueError: the row names a study and a tier without records.
    """
    entries = {
        "Told by": row.told,
        "What the paper says": row.paper,
        "Where to look": row.look,
        "What we measured": _measured(row),
        "Recorded runs": _provenance(row),
        "Chapter": f"{{doc}}`/notebooks/{row.chapter}`" if row.chapter else None,
    }
    listed = "\n".join(f"{term}\n: {text}\n" for term, text in entries.items() if text)
    return f"**Verdict: {row.verdict}.** {row.why}\n\n{listed}{_claims(row)}"


def _claims(row: LedgerRow) -> str:
    """What our study claims, each with margin, estimate, interval and verdict, as a table."""
    if not row.study or not row.tier:
        return ""
    table = evidence.claims_table(row.study, row.tier)
    return f"\n\n{table}\n" if table else ""


def _measured(row: LedgerRow) -> str | None:
    if not row.study or not row.tier:
        return None
    return f"{evidence.finding(row.study, row.tier)} {row.evidence or ''}"


def _provenance(row: LedgerRow) -> str | None:
    if not row.study or not row.tier:
        return None
    return html.escape(evidence.provenance(row.study, row.tier))


class claim(nodes.General, nodes.Element):
    """A claim's card; attributes `heading` and `verdict`."""


def visit_claim(translator: HTML5Translator, node: claim) -> None:
    """Open the card with its heading."""
    attributes = {"class": "claim", "data-verdict": node["verdict"]}
    translator.body.append(translator.starttag(node, "article", **attributes))
    translator.body.append(f"<h3>{translator.encode(node['heading'])}</h3>\n")


def depart_claim(translator: HTML5Translator, _node: claim) -> None:
    """Close the card."""
    translator.body.append("</article>\n")


class ClaimLedger(SphinxDirective):
    """{claim-ledger}: the table of all claims, and a card for each."""

    def run(self) -> list[nodes.Node]:
        """A container with everything in it."""
        self.env.note_dependency(str(CLAIMS))
        rows = read(self.env, self.lineno, ledger)
        box = nodes.container(classes=["claim-ledger"])
        box += self.parse_text_to_nodes(summary(rows))
        box += [self._card(row) for row in rows]
        return [box]

    def _card(self, row: LedgerRow) -> claim:
        text = read(self.env, self.lineno, lambda: card(row))
        heading = f"{row.number}. {row.claim}"
        box = claim("", ids=[row.anchor], verdict=row.verdict, heading=heading)
        box += self.parse_text_to_nodes(text)
        return box


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive and its node."""
    app.add_node(claim, html=(visit_claim, depart_claim))
    app.add_directive("claim-ledger", ClaimLedger)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
