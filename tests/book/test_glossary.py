"""Words of the page of notation are found in running text and explained there."""

import pytest
from docutils import nodes
from docutils.utils import new_document

from book.sphinxext.pages import glossary, prose


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("depth", ["depth"]),
        ("training error, test error", ["training error", "test error"]),
        ("options A, B, C", ["option A", "option B", "option C"]),
    ],
)
def test_a_term_defines_its_words(term, words):
    assert glossary.names(term) == words


def test_running_text_stands_in_no_code_no_link_and_no_table():
    document = new_document("page")
    document += nodes.paragraph("", "", nodes.Text("At every depth "))
    document += nodes.paragraph(
        "", "", nodes.literal("", "depth"), nodes.reference("", "depth", refuri="#x")
    )
    document += nodes.entry("", nodes.paragraph("", "depth"))
    document += nodes.title("", "depth")
    assert [str(text) for text in prose.running_text(document)] == ["At every depth "]


def test_a_word_is_linked_where_it_first_stands_and_only_there():
    parts, used = glossary.link_words("Depths, more depth.", {"Depth": "", "depth": ""}, "n.html")
    links = [part for part in parts if isinstance(part, nodes.reference)]
    assert [(link.astext(), link["refuri"]) for link in links] == [
        ("Depths", "n.html#term-depth"),
        ("depth", "n.html#term-depth"),
    ]
    assert used == ["Depth", "depth"]
    _, used_again = glossary.link_words("depths, more depth.", {"depth": ""}, "n.html")
    assert used_again == ["depth"]


def test_an_explanation_ends_before_a_formula_that_letters_cannot_show():
    definition = nodes.definition("", nodes.paragraph("", r"Weighted layers. About \sum_i x_i."))
    assert glossary.explanation(definition) == "Weighted layers."
