"""Chapters link to the rows of the ledger that they name."""

import pytest

from book.sphinxext.pages import autolink


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("It settles row 5 of the claim ledger.", {"row 5": 5}),
        ("Row 13 of the claim\nledger, and row\n21, too.", {"Row 13": 13, "row\n21": 21}),
        ("misquoted (rows 1 and 4)", {"1": 1, "4": 4}),
        ("rows of 3 numbers", {}),
    ],
)
def test_a_named_row_is_linked(text, rows):
    parts = autolink.with_rows(text, "claims.html")
    linked = {node.astext(): node["refuri"] for node in parts if hasattr(node, "attributes")}
    assert linked == {words: f"claims.html#claim-{row}" for words, row in rows.items()}
    assert "".join(node.astext() for node in parts) == text


def test_text_that_its_source_breaks_into_lines_is_searched_as_one():
    from docutils import nodes
    from docutils.utils import new_document

    document = new_document("page")
    document += nodes.paragraph("", "", nodes.Text("see row"), nodes.Text("\n"), nodes.Text("5."))
    autolink.join_lines(document)
    autolink.link_rows(document, "claims.html")
    (link,) = document.findall(nodes.reference)
    assert link["refuri"] == "claims.html#claim-5"
