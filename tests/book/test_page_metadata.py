"""What a page says of itself under its title and to those who show a link to it."""

import pytest
from docutils import nodes
from docutils.utils import new_document

from book.sphinxext.notebooks import chapters
from book.sphinxext.pages import page_metadata
from book.sphinxext.project import book_address


def page(*parts: nodes.Node) -> nodes.document:
    document = new_document("page")
    document += nodes.section("", nodes.title("", "Title"), *parts)
    return document


def bold(text: str) -> nodes.paragraph:
    """A bold line as the parser leaves it, with empty text around it."""
    return nodes.paragraph("", "", nodes.Text(""), nodes.strong("", text), nodes.Text(""))


@pytest.mark.parametrize(
    ("first", "question"),
    [
        (bold("Why? And how?"), "Why? And how?"),
        (nodes.paragraph("", "One sentence. Another."), "One sentence."),
    ],
)
def test_a_page_asks_its_bold_line_or_its_first_sentence(first, question):
    assert page_metadata.question(page(first)) == question


def test_facts_stand_under_the_question_of_a_page():
    document = page(bold("Why?"), nodes.paragraph("", "Text."))
    page_metadata.add_facts(document, ["1 min to read"])
    (section,) = document.findall(nodes.section)
    assert [type(part).__name__ for part in section.children] == [
        "title",
        "paragraph",
        "page_facts",
        "paragraph",
    ]


def test_code_and_figures_take_time_to_read():
    text = nodes.paragraph("", "word " * 400)
    code = nodes.literal_block("", "line\n" * 20)
    figure = nodes.raw("", "<figure>", format="html")
    assert page_metadata.minutes_to_read(page(text)) == 2
    assert page_metadata.minutes_to_read(page(text, code)) == 3
    assert page_metadata.minutes_to_read(page(*[figure] * 4)) == 1


def test_costs_are_added_up_from_the_records_a_chapter_names():
    (cost,) = page_metadata.recorded_costs('records.load("degradation", "laptop", arch="plain")')
    assert cost.startswith("laptop tier: ")
    assert page_metadata.recorded_costs("no records here") == []


@pytest.mark.parametrize("notebook", chapters(), ids=lambda notebook: notebook.path.stem)
def test_a_stored_notebook_tells_how_long_it_ran(notebook):
    run = notebook.stored_run()
    assert run.seconds > 0
    assert run.day >= "2026"


def test_a_link_to_a_page_shows_its_title_its_question_and_the_card():
    tags = page_metadata.description("book/intro", 'A "title"', "Why?")
    told = {tag.get("property") or tag["name"]: tag["content"] for tag in tags}
    assert told["og:title"] == 'A "title"'
    assert told["og:description"] == told["description"] == "Why?"
    assert told["og:url"] == f"{book_address()}/book/intro.html"
    assert told["og:image"] == f"{book_address()}/_static/card.png"
