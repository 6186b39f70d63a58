"""The book as one document, as `make pdf` prints it."""

import io
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup, Tag
from pikepdf import Pdf
from playwright.sync_api import Browser

from book.sphinxext.pages import quiz
from book.sphinxext.pages.quiz import Option
from tests.conftest import cannot_look
from tools import built_book
from tools.built_book import HTML
from tools.print_book import document, links, pdf_file, press, questions
from tools.print_book.pdf_file import Position
from tools.print_book.sheets import Sheet

HEADING = "At the top, two lines (or three)"
SMALL = f"""<!DOCTYPE html><html lang="en"><head><title>Small</title></head>
<body style="width: 100px">
<p><a href="#there">link</a> <a href="#next">link</a> <span data-page-of="there">000</span></p>
<h1 style="break-before: page; text-wrap: balance">{HEADING}</h1>
<p style="break-before: page" id="there">Here.</p><p id="next">There.</p></body></html>"""
EXERCISES = """<article><h1>Page</h1>
<p><strong>1. First</strong> Do it.</p><details><summary>Hint</summary><p>Think.</p></details>
<p><strong>2. Second</strong> Do it.</p><p><strong>Not</strong> this.</p>
<details><summary>Worked answer</summary><p>So.</p></details></article>"""


@pytest.fixture(scope="module")
def book() -> BeautifulSoup:
    """The whole book as it goes to the press."""
    try:
        return BeautifulSoup(document.whole(), "html.parser")
    except built_book.BookMissing as missing:
        cannot_look(str(missing))


@pytest.fixture(scope="module")
def pages(book: BeautifulSoup) -> str:
    """The text of all that comes before the end matter."""
    return " ".join(sheet.get_text() for sheet in book.select("section.sheet"))


@pytest.fixture(scope="module")
def back(book: BeautifulSoup) -> Tag:
    """What is kept for the end."""
    element = book.select_one("#back")
    assert element is not None
    return element


@pytest.fixture(scope="module")
def small(browser: Browser) -> Iterator[press.PrintedPages]:
    """Three pages, printed."""
    page = browser.new_page()
    page.set_content(SMALL)
    yield press.settled(page)
    page.close()


def sheet_of(content: str) -> Sheet:
    article = BeautifulSoup(content, "html.parser").article
    assert article is not None
    return Sheet("notebooks/03", "s3", "Page", article)


def outline_titles(content: bytes) -> list[str]:
    with Pdf.open(io.BytesIO(content)) as pdf:
        return [str(item.Title) for item in pdf_file.outline(pdf)]


@pytest.mark.browser
def test_every_page_is_in_the_printed_book_once(book):
    names = [name for part in built_book.parts() for name in part.pages]
    assert [sheet["id"] for sheet in book.select("section.sheet")] == [
        f"s{number}" for number in range(len(names))
    ]


@pytest.mark.browser
def test_no_two_places_of_the_printed_book_have_one_name(book):
    places = [element["id"] for element in book.select("[id]")]
    assert len(places) == len(set(places))


@pytest.mark.browser
def test_links_between_pages_lead_to_places_in_the_printed_book(book):
    places = {element["id"] for element in book.select("[id]")}
    named = {str(link["href"]).removeprefix("#") for link in book.select('a[href^="#"]')}
    assert named <= places


@pytest.mark.browser
def test_every_page_number_is_that_of_a_place_in_the_printed_book(book):
    places = {element["id"] for element in book.select("[id]")}
    assert {element["data-page-of"] for element in book.select("[data-page-of]")} <= places


@pytest.mark.browser
def test_all_other_links_of_the_printed_book_lead_to_the_web(book):
    addresses = [str(link["href"]) for link in book.select("body a[href]")]
    elsewhere = [one for one in addresses if not one.startswith(("#", "https://", "http://"))]
    assert elsewhere == []


@pytest.mark.browser
def test_the_printed_book_finds_its_pictures(book):
    sources = [str(picture["src"]) for picture in book.select("[src]")]
    files = [source for source in sources if not source.startswith("data:")]
    assert files
    assert [name for name in files if not (HTML / name).exists()] == []


@pytest.mark.browser
def test_the_printed_book_finds_its_styles(book):
    files = [str(link["href"]).partition("?")[0] for link in book.select('[rel="stylesheet"]')]
    assert files
    assert [name for name in files if not (HTML / name).exists()] == []


@pytest.mark.browser
def test_nothing_on_paper_waits_for_a_click(book):
    assert book.select('button, [type="radio"], details:not([class])') == []
    assert "kept in this browser" not in book.get_text()


@pytest.mark.browser
def test_every_question_is_asked_on_its_page(book):
    asked = len(book.select(".choice.quiz"))
    assert asked == sum(len(listed) for listed in quiz.load().values())


@pytest.mark.browser
def test_what_is_said_of_an_answer_is_kept_for_the_end(pages, back):
    kept = back.get_text()
    for listed in quiz.load().values():
        for option in (option for question in listed for option in question.options):
            feedback = BeautifulSoup(questions.printed_feedback(option), "html.parser").get_text()
            assert feedback not in pages
            assert feedback in kept


@pytest.mark.browser
def test_a_line_on_the_page_leads_to_each_thing_that_is_kept(book, back):
    kept = [element["id"] for element in back.select("p.ask")]
    lines = [str(link["href"]).removeprefix("#") for link in book.select("p.see > a")]
    assert len(kept) > 60
    assert sorted(kept) == sorted(lines)


@pytest.mark.browser
def test_links_and_contents_say_the_page_they_lead_to(book):
    contents = book.select_one('.contents a[href="#s3"]')
    in_text = book.select_one('#on-paper a[href="#back"]')
    assert contents is not None
    assert in_text is not None
    assert contents.find_next("span")["data-page-of"] == "s3"
    assert in_text.find_next("span").get_text() == "\xa0(p.\xa0000)"


@pytest.mark.browser
def test_a_word_that_the_notation_defines_leads_there_without_a_page(book):
    terms = book.select("a.term")
    assert terms
    assert book.select("a.term + span.where") == []


def test_a_right_answer_is_named_by_its_letter():
    options = [Option("x", "No.", right=False), Option("y", "Yes, “quoted”: 1 < 2.", right=True)]
    assert questions.answer(1, options) == (
        "<p>1. <strong>b.</strong> Yes, “quoted”: 1 &lt; 2. <em>Not&nbsp;a.</em> No.</p>"
    )


def test_what_unfolds_below_an_exercise_is_kept_under_its_title():
    sheet = sheet_of(EXERCISES)
    kept = questions.hints(sheet)
    assert [one.question for one in kept] == ["Exercise 1. First", "Exercise 2. Second"]
    assert [one.answer for one in kept] == ["<p>Think.</p>", "<p>So.</p>"]


def test_a_hint_leaves_a_line_that_leads_to_it():
    sheet = sheet_of(EXERCISES)
    questions.hints(sheet)
    lines = sheet.article.select("p.see > a")
    assert [(line.get_text(), line["href"]) for line in lines] == [
        ("Hint", "#s3-hint-1"),
        ("Worked answer", "#s3-hint-2"),
    ]


def test_an_address_is_printed_where_a_page_names_it_last():
    sheet = sheet_of(
        '<article><a href="https://a.org/b">One</a> <a href="https://a.org/b">two</a></article>'
    )
    links.say_addresses(sheet.article)
    assert sheet.article.get_text() == "One two\xa0(a.org/b)"


def test_a_link_whose_words_are_its_address_needs_no_other():
    sheet = sheet_of('<article><a href="https://www.c.org/d/">c.org/d</a></article>')
    links.say_addresses(sheet.article)
    assert sheet.article.get_text() == "c.org/d"


@pytest.mark.parametrize(
    ("href", "leads_to"),
    [
        ("04.html#block", "#s4-block"),
        ("#here", "#s3-here"),
        ("../book/claims.html", "#s9"),
        ("https://a.org/", "https://a.org/"),
    ],
)
def test_a_link_leads_to_its_place(href, leads_to):
    sheet = sheet_of(f'<article><a href="{href}">x</a></article>')
    places = {"notebooks/03": "s3", "notebooks/04": "s4", "book/claims": "s9"}
    links.lead_inside(sheet, places)
    assert sheet.article.a["href"] == leads_to


def test_a_file_beside_the_pages_is_found_on_the_web():
    sheet = sheet_of('<article><a href="../genindex.html">x</a></article>')
    links.lead_inside(sheet, {})
    assert sheet.article.a["href"].endswith("github.io/resnet-course/genindex.html")


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("Attop, twolines", "At top, two lines"),
        ("At top, two linesAt top, two lines", "At top, two lines"),
        ("Unknown", "Unknown"),
        ("so so", "so so"),
    ],
)
def test_a_title_of_the_outline_is_the_heading_as_it_is(title, heading):
    by_letters = {"Attop,twolines": "At top, two lines"}
    assert pdf_file.repaired(title, by_letters) == heading


@pytest.mark.parametrize(("height", "share"), [(785.2, 0.0), (56.7, 1.0), (420.95, 0.5)])
def test_a_page_is_filled_as_far_down_as_its_text_goes(height, share):
    assert press.filled(Position(1, height)) == pytest.approx(share, abs=1e-3)


def test_a_sheet_that_ends_on_a_nearly_empty_page_is_known():
    positions = {"s1": Position(1, 700), "s1-end": Position(2, 700), "s2-end": Position(4, 100)}
    assert press.overhanging(positions) == ["s1"]


@pytest.mark.browser
def test_the_page_of_a_place_is_read_from_the_pdf(small):
    assert {place: one.page for place, one in small.positions.items()} == {"there": 3, "next": 3}
    assert small.positions["there"].height > small.positions["next"].height


@pytest.mark.browser
def test_a_page_number_is_printed(browser, small):
    page = browser.new_page()
    page.set_content(SMALL)
    press.settled(page)
    assert page.inner_text("[data-page-of]") == "3"
    page.close()


@pytest.mark.browser
def test_the_outline_has_every_heading_once_as_it_is(small):
    pdf = pdf_file.finished(small.pdf, [HEADING], "The Authors")
    assert outline_titles(pdf) == [HEADING]


@pytest.mark.browser
def test_the_pdf_names_its_author_and_not_the_browser(small):
    content = pdf_file.finished(small.pdf, [HEADING], "The Authors")
    with Pdf.open(io.BytesIO(content)) as pdf:
        assert str(pdf.docinfo["/Author"]) == "The Authors"
        assert "/Creator" not in pdf.docinfo


@pytest.mark.browser
def test_the_pdf_can_still_be_read_aloud(small):
    content = pdf_file.finished(small.pdf, [HEADING], "The Authors")
    with Pdf.open(io.BytesIO(content)) as pdf:
        assert "/StructTreeRoot" in pdf.Root


def test_headings_of_the_book_are_escaped_in_the_rules_for_its_feet():
    rules = document.running_titles({"s1": 'He said "x"'})
    assert r'content: "He said \"x\"";' in rules
