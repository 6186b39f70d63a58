"""The whole book as one page of HTML, ready for the press."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bs4 import BeautifulSoup

from book.sphinxext.pages import quiz
from tools import built_book
from tools.print_book import front_matter, links, questions, sheets
from tools.print_book.front_matter import BACK
from tools.print_book.sheets import Book, Sheet

PAPER = Path(__file__).with_name("paper.css")


def whole(html: Path = built_book.HTML) -> str:
    """Title, contents, what is different on paper, the pages, and what is kept for the end."""
    book = sheets.read(html)
    quizzes = quiz.load()
    places = book.places()
    kept = []
    for sheet in book.sheets:
        links.lead_inside(sheet, places)
        links.say_addresses(sheet.article)
        sheets.put_badges_in_words(sheet.article)
        kept.append(for_the_end(sheet, questions.keep_apart(sheet, quizzes.get(sheet.name, ()))))
    return (
        f"{head(book)}<body><main>{front_matter.title_page(book)}{front_matter.contents(book)}"
        f"{front_matter.on_paper(book)}{''.join(printed(sheet) for sheet in book.sheets)}"
        f'<article class="bd-article sheet back" id="back"><h1>{BACK}</h1>{"".join(kept)}</article>'
        "</main></body></html>"
    )


def head(book: Book) -> str:
    """The document's head: styles, and the running title at the foot of each sheet."""
    styles = "".join(f'<link rel="stylesheet" href="{path}">' for path in book.styles)
    titles = {"contents": "Contents", "on-paper": "On paper", "back": BACK}
    titles |= {sheet.place: plain(sheet.title) for sheet in book.sheets}
    paper = PAPER.read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{book.title}</title>{styles}<style>{paper}{running_titles(titles)}</style></head>"
    )


def running_titles(titles: Mapping[str, str]) -> str:
    """Rules that print the title of what begins at a place at the foot of its pages."""
    rules = []
    for place, title in titles.items():
        quoted = title.replace("\\", r"\\").replace('"', r"\"")
        foot = f'@bottom-left {{ content: "{quoted}"; }}'
        rules.append(f"#{place} {{ page: {place}; }} @page {place} {{ {foot} }}\n")
    return "".join(rules)


def printed(sheet: Sheet) -> str:
    """A sheet as a part of the document, with a mark where it ends."""
    end = f"{sheet.place}-end"
    link = f'<a href="#{end}"></a>'  # Chromium keeps the places that a link names
    mark = f'<div class="end" id="{end}">{link}</div>'
    return f'<section class="sheet" id="{sheet.place}">{sheet.article}{mark}</section>'


def for_the_end(sheet: Sheet, kept: Sequence[questions.Kept]) -> str:
    """What is kept of a sheet for the end of the book, as HTML."""
    if not kept:
        return ""
    answers = [
        f'<p class="ask" id="{one.place}"><strong>{one.question}</strong></p>{one.answer}'
        for one in kept
    ]
    return f"<h2>{sheet.title}</h2>{''.join(answers)}"


def plain(html: str) -> str:
    """The text of a piece of HTML."""
    return BeautifulSoup(html, "html.parser").get_text()
