"""Sphinx extension: where a chapter names another one, or a row of the claim ledger, its page links there.

The notebooks hold no such links: on Colab, which opens one notebook and not the book, they would lead nowhere.
"""

import itertools
import re

import glossary
from docutils import nodes

CHAPTERS, LEDGER = "notebooks/", "book/claims"
ROW = re.compile(r"\b[Rr]ow\s+(\d+)|(?<=\b[Rr]ows )(\d+)(?= and \d)|(?<=\b[Rr]ows \d and )(\d+)")


def link(text: str, address: str) -> nodes.reference:
    return nodes.reference("", text, internal=True, refuri=address)


def join_lines(document: nodes.document) -> None:
    """Each run of text in one piece, though its source breaks it into lines."""
    for paragraph in document.findall(nodes.paragraph):
        runs = itertools.groupby(paragraph.children, lambda part: isinstance(part, nodes.Text))
        paragraph[:] = [part for is_text, run in runs for part in ([nodes.Text("".join(run))] if is_text else run)]


def with_rows(text: str, ledger: str) -> list[nodes.Node]:
    """The text with "row 5" and the numbers of "rows 1 and 4" linked to those rows of the ledger."""
    made, end = [], 0
    for found in ROW.finditer(text):
        made.append(nodes.Text(text[end : found.start()]))
        made.append(link(found[0], f"{ledger}#claim-{found[found.lastindex]}"))
        end = found.end()
    return [*made, nodes.Text(text[end:])]


def cross(app, document: nodes.document, name: str) -> None:
    """Link every row that a chapter names, and every other chapter whose title it sets in italics."""
    if not name.startswith(CHAPTERS):
        return
    join_lines(document)
    ledger = app.builder.get_relative_uri(name, LEDGER)
    for text in glossary.places(document):
        if ROW.search(text.astext()):
            text.parent.replace(text, with_rows(text.astext(), ledger))
    titles = {title.astext(): page for page, title in app.env.titles.items() if page != name}
    for set_apart in list(document.findall(nodes.emphasis)):
        title = set_apart.astext().replace("\n", " ")
        if title in titles and not isinstance(set_apart.parent, nodes.reference):
            set_apart.replace_self(link(title, app.builder.get_relative_uri(name, titles[title])))


def setup(app) -> dict:
    app.connect("doctree-resolved", cross)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
