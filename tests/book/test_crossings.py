"""Chapters link to the rows of the ledger that they name."""

import importlib
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="needs the book extra")
sys.path.append(str(Path(__file__).parents[2] / "book" / "extensions"))
crossings = importlib.import_module("crossings")


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
    made = crossings.with_rows(text, "claims.html")
    linked = {node.astext(): node["refuri"] for node in made if hasattr(node, "attributes")}
    assert linked == {words: f"claims.html#claim-{row}" for words, row in rows.items()}
    assert "".join(node.astext() for node in made) == text
