"""Sphinx extension: a chapter that names another one, or a row of the claim ledger, links to it.

The notebooks hold no such links: on Colab, which opens one notebook and not the book, they would
lead nowhere.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from book.sphinxext.pages.prose import link, replace_text, running_text

CHAPTERS = "notebooks/"
LEDGER = "book/claims"
ROW = re.compile(
    r"\b[Rr]ow\s+(?P<alone>\d+)"
    r"|(?<=\b[Rr]ows )(?P<first>\d+)(?= and \d)"
    r"|(?<=\b[Rr]ows \d and )(?P<second>\d+)"
)


def join_lines(document: nodes.document) -> None:
    """Each run of text in one piece, though its source breaks it into lines."""
    for paragraph in document.findall(nodes.paragraph):
        parts: list[nodes.Node] = []
        for part in paragraph.children:
            if parts and is_text(part) and is_text(parts[-1]):
                parts[-1] = nodes.Text(parts[-1].astext() + part.astext())
            else:
                parts.append(part)
        paragraph[:] = parts


def is_text(node: nodes.Node) -> bool:
    """Whether a node is text and nothing else."""
    return isinstance(node, nodes.Text)


def with_rows(text: str, ledger: str) -> list[nodes.Node]:
    """The text with "row 5", and the numbers of "rows 1 and 4", linked to those rows.

    Args:
        text: running text of a page.
        ledger: the address of the claim ledger, from that page.
    """
    parts: list[nodes.Node] = []
    end = 0
    for match in ROW.finditer(text):
        number = match["alone"] or match["first"] or match["second"]
        parts.append(nodes.Text(text[end : match.start()]))
        parts.append(link(match[0], f"{ledger}#claim-{number}"))
        end = match.end()
    return [*parts, nodes.Text(text[end:])]


def link_rows(document: nodes.document, ledger: str) -> None:
    """Link every row of the ledger that a page names in its running text."""
    for text in running_text(document):
        if ROW.search(text.astext()):
            replace_text(text, with_rows(text.astext(), ledger))


def link_titles(document: nodes.document, addresses: dict[str, str]) -> None:
    """Link what a page sets in italics where it is the title of another one.

    Args:
        document: the page.
        addresses: titles of the other pages, and where they are from this one.
    """
    for emphasis in list(document.findall(nodes.emphasis)):
        title = emphasis.astext().replace("\n", " ")
        if title in addresses and not isinstance(emphasis.parent, nodes.reference):
            emphasis.replace_self(link(title, addresses[title]))


def link_named_places(app: Sphinx, document: nodes.document, name: str) -> None:
    """Link the rows and the chapters that a chapter names."""
    if not name.startswith(CHAPTERS):
        return
    join_lines(document)
    link_rows(document, app.builder.get_relative_uri(name, LEDGER))
    addresses = {
        title.astext(): app.builder.get_relative_uri(name, page)
        for page, title in app.env.titles.items()
        if page != name
    }
    link_titles(document, addresses)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Link once all other references of a page lead somewhere."""
    app.connect("doctree-resolved", link_named_places)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
