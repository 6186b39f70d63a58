"""The book as one document, as `make pdf` prints it."""

import html
import importlib.util
import re

import pytest

from book.sphinxext.pages.quiz import Option
from tools import ROOT
from tools.built_book import HTML

pytestmark = pytest.mark.browser

SMALL = """<!DOCTYPE html><html lang="en"><head><title>Small</title></head><body style="width: 100px">
<p><a href="#there">link</a></p>
<h1 style="break-before: page; text-wrap: balance">At the top, two lines (or three)</h1>
<p style="break-before: page" id="there">Here.</p></body></html>"""


@pytest.fixture(scope="module")
def printing(site):
    spec = importlib.util.spec_from_file_location("print_book", ROOT / ".ci" / "print_book.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def whole(printing):
    return printing.Printed().whole()


@pytest.fixture(scope="module")
def small(browser):
    page = browser.new_page()
    page.set_content(SMALL)
    yield page.pdf(outline=True, tagged=True)
    page.close()


def test_every_page_is_in_the_printed_book_once(whole):
    pages = set(re.findall(r"file: (\S+)|root: (\S+)", (ROOT / "_toc.yml").read_text()))
    assert len(re.findall(r'<section class="sheet" id="s\d+">', whole)) == len(pages)


def test_links_between_pages_lead_to_places_in_the_printed_book(whole):
    places = re.findall(r'\bid="([^"]+)"', whole)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]+)"', whole)) <= set(places)


def test_all_other_links_of_the_printed_book_lead_to_the_web(whole):
    body = whole[whole.index("<body") :]
    assert [
        link for link in re.findall(r'href="([^"]*)"', body) if not link.startswith(("#", "https://", "http://"))
    ] == []


def test_the_printed_book_finds_its_pictures_and_styles(whole):
    named = re.findall(r'\bsrc="(?!data:)([^"?]+)"|rel="stylesheet" href="([^"?]+)', whole)
    assert named
    assert [name for pair in named for name in pair if name and not (HTML / name).exists()] == []


def test_nothing_on_paper_waits_for_a_click(whole):
    assert "<button" not in whole
    assert 'type="radio"' not in whole
    assert [
        name for name in re.findall(r'<details class="([^"]*)"|<details>', whole) if "above-input" not in name
    ] == []
    assert "kept in this browser" not in whole


def test_what_a_reader_should_not_see_at_once_is_kept_for_the_end(printing, whole):
    pages, back = whole.split('id="back"')
    for questions in printing.load_quizzes().values():
        for question in questions:
            assert html.escape(question.text) in pages
            for option in question.options:
                assert html.escape(option.text) in pages
                assert html.escape(option.feedback) not in pages
                assert html.escape(option.feedback) in back
    kept = set(re.findall(r'id="(s\d+-(?:hint|measured|answers)[-\d]*)"', back))
    assert len(kept) > 60
    assert kept == set(re.findall(r'<p class="see"><a href="#([^"]+)"', pages))


def test_a_right_answer_is_named_by_its_letter(printing):
    options = (Option("x", "No.", right=False), Option("y", "Yes.", right=True))
    assert printing.answer(1, options) == "<p>1. <strong>b.</strong> Yes. <em>Not&nbsp;a.</em> No.</p>"


def test_links_and_contents_say_the_page_they_lead_to(printing):
    printed = printing.Printed({"s3": 31, "s21-claim-3": 143, "back": 171}).whole()
    assert re.search(r'<li><a href="#s3">[^<]*</a><span>31</span></li>', printed)
    assert re.search(r'<a href="#back">[^<]*</a><span class="where">&nbsp;\(p\.&nbsp;171\)</span>', printed)


def test_a_word_that_the_notation_defines_leads_there_without_a_page(whole):
    term = r'<a[^>]*class="term[^>]*>[^<]*</a>'
    assert re.search(term, whole)
    assert not re.search(term + '<span class="where">', whole)


def test_an_address_is_printed_where_a_page_names_it_last(printing):
    twice = (
        '<a href="https://a.org/b">One</a> <a href="https://a.org/b">two</a> <a href="https://c.org/d/">c.org/d</a>'
    )
    assert re.sub(r"<[^>]*>", "", printing.with_addresses(twice)) == "One two&nbsp;(a.org/b) c.org/d"


def test_the_page_of_a_place_is_read_from_the_pdf(printing, small):
    assert printing.page_numbers(small) == {"there": 3}


def test_the_pdf_names_its_author_and_every_heading_once(printing, small):
    heading = "At the top, two lines (or three)"
    pdf = printing.finished(small, [heading], "The Authors")
    objects = printing.objects(pdf)
    titles = [body for body in objects.values() if body.startswith(b"<</Title ") and b"/Dest" in body]
    assert [body.split()[1] for body in titles] == [printing.pdf_text(heading)]
    assert sum(b"/Author " + printing.pdf_text("The Authors") in body for body in objects.values()) == 1
    at = int(re.findall(rb"startxref\n(\d+)", pdf)[-1])
    table = re.findall(rb"(\d+) 1\n(\d{10}) 00000 n", pdf[at:])
    assert pdf[at:].startswith(b"xref\n")
    assert table
    assert all(pdf[int(offset) :].startswith(number + b" 0 obj\n") for number, offset in table)
