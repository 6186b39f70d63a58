"""The first leaves of the printed book: title, contents, and what is different on paper."""

from collections.abc import Sequence

import yaml

from resnet_course import repository
from tools import ROOT, built_book
from tools.print_book.fragments import link, page_number, web_link
from tools.print_book.links import BIBLIOGRAPHY
from tools.print_book.sheets import Book

CONFIG = ROOT / "_config.yml"
BACK = "Predictions, hints and answers"
ON_PAPER = """<article class="bd-article sheet" id="on-paper"><h1>On paper</h1>
<p>These pages were written for a browser, and on paper nothing moves. Where the text speaks of a
slider, all its positions are printed, row by row from left to right. The tables that unfold under
the figures, the definitions that open over a word and the networks that run inside a page are left
out.</p>
<p>Where you are asked to predict, write your answer into the margin before you read on. What was
measured, the hints to the exercises and the answers to the questions at the end of a chapter are
kept under {back}.</p>
<p>A link is followed by the page it leads to; an address on the web is printed once in a chapter,
where the chapter names it last. Papers are cited by author and year, and listed in the
{bibliography}.</p>
<p>The rocket, the arrow and the buttons of which the text speaks are at the top of each page on the
web, {web}. There every chapter is a notebook, to be opened in Colab or downloaded. Code and records
are at {code}.</p></article>"""


def author() -> str:
    """Who made the book."""
    return configuration("author")


def configuration(key: str) -> str:
    """What _config.yml says of the book."""
    return str(yaml.safe_load(CONFIG.read_text(encoding="utf-8"))[key])


def title_page(book: Book) -> str:
    """The title page: title, picture, and who made the book, when and from what."""
    rights = configuration("copyright").replace(";", ":", 1)
    web = repository.book_address()
    return (
        f'<article class="bd-article title"><h1>{book.title}</h1>'
        f'<p class="claim-of-it">Every claim is an experiment you can run.</p>{book.cover}'
        f'<p class="imprint">{author()}. Copyright {rights}.<br>{book.signature}<br>'
        f"On the web: {web_link(web)}</p></article>"
    )


def contents(book: Book) -> str:
    """The table of contents, part by part."""
    sheets = {sheet.name: sheet for sheet in book.sheets}
    lists = []
    for part in built_book.parts():
        entries = [entry(sheets[page].place, sheets[page].title) for page in part.pages]
        lists.append(listed(part.caption, entries))
    lists.append(listed("At the end", [entry("back", BACK)]))
    return (
        '<article class="bd-article sheet contents" id="contents">'
        f"<h1>Contents</h1>{''.join(lists)}</article>"
    )


def entry(place: str, title: str) -> str:
    """A line of the table of contents."""
    return f'<li><a href="#{place}">{title}</a>{page_number(place)}</li>'


def listed(caption: str, entries: Sequence[str]) -> str:
    """A part in the table of contents."""
    heading = f'<p class="part">{caption}</p>' if caption else ""
    return f"{heading}<ol>{''.join(entries)}</ol>"


def on_paper(book: Book) -> str:
    """What the text of the pages takes for granted and paper cannot do."""
    return ON_PAPER.format(
        back=link("back", BACK),
        bibliography=link(book.places()[BIBLIOGRAPHY], "bibliography"),
        web=web_link(repository.book_address()),
        code=web_link(repository.address()),
    )
