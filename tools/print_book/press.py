"""Chromium as a press: prints a document until the page numbers in it are the ones it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from tools import ToolError, built_book
from tools.browser import PATIENCE, chromium, serve
from tools.print_book import pdf_file

READY = Path(__file__).with_name("ready.js")
NAME = "whole-book.html"  # beside the pages, so that their pictures and styles are found
PASSES = 6
END = "-end"  # what the name of the mark at a sheet's end ends with
NEARLY_EMPTY = 0.32  # a share of the page; so much can be taken in by the pages before
PAGE_HEIGHT = 841.9  # points, of A4
MARGIN = 56.7  # points, above and below: the 20 mm of paper.css
WRITE_NUMBERS = """numbers => {
  for (const one of document.querySelectorAll("[data-page-of]")) {
    one.textContent = numbers[one.dataset.pageOf] ?? one.textContent;
  }
}"""
TIGHTEN = "places => places.forEach(one => document.getElementById(one).classList.add('tight'))"
HEADINGS = "headings => headings.map(heading => heading.textContent)"


@dataclass(frozen=True)
class PrintedPages:
    """A PDF as Chromium wrote it, and where its places are."""

    pdf: bytes
    positions: dict[str, pdf_file.Position]


@dataclass(frozen=True)
class Printed:
    """A printed document: the PDF as Chromium wrote it, and the headings in it."""

    pdf: bytes
    headings: list[str]


def print_book(document: str, html: Path = built_book.HTML) -> Printed:
    """Print the book.

    Args:
        document: All of it as one page of HTML.
        html: The folder of the built book, with its pictures and styles.

    Raises:
        ToolError: The page numbers do not settle.
    """
    with serve(html) as site, chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.emulate_media(media="print")
        address = f"{site}/{NAME}"
        content_type = "text/html; charset=utf-8"
        page.route(address, lambda route: route.fulfill(body=document, content_type=content_type))
        page.goto(address)
        page.evaluate(READY.read_text(encoding="utf-8"))
        first = settled(page)
        page.evaluate(TIGHTEN, overhanging(first.positions))
        return Printed(settled(page).pdf, headings(page))


def settled(page: Page) -> PrintedPages:
    """Print a document again until every number in it is that of the page it speaks of.

    A number may be wider than the one before, and move what follows.
    """
    numbers: dict[str, int] = {}
    for _ in range(PASSES):
        page.evaluate(WRITE_NUMBERS, numbers)
        pdf = page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
        positions = pdf_file.positions(pdf)
        printed = {place: position.page for place, position in positions.items()}
        if printed == numbers:
            return PrintedPages(pdf, positions)
        numbers = printed
    raise ToolError(f"page numbers still change after {PASSES} passes: the layout is at odds")


def overhanging(positions: Mapping[str, pdf_file.Position]) -> list[str]:
    """The places of the sheets that end on a page that is nearly empty."""
    ends = {place: position for place, position in positions.items() if place.endswith(END)}
    return [place.removesuffix(END) for place, end in ends.items() if filled(end) < NEARLY_EMPTY]


def filled(end: pdf_file.Position) -> float:
    """How much of a page is filled, as a share, where its text ends at a position."""
    top = PAGE_HEIGHT - MARGIN
    return (top - end.height) / (top - MARGIN)


def headings(page: Page) -> list[str]:
    """The headings of a document, as they are read."""
    texts: list[str] = page.eval_on_selector_all("h1, h2, h3, h4, h5, h6", HEADINGS)
    return [" ".join(text.split()) for text in texts]
