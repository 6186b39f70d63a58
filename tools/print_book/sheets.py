"""The pages of the built book as sheets: what is left of a page on paper, with names of its own."""

import os
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from bs4 import BeautifulSoup, Tag

from resnet_course import repository
from tools import ToolError, built_book
from tools.print_book.fragments import nodes, web_link

# Scripts, links to a heading, tables that unfold; and a formula's hidden MathML, since on paper a
# formula is read and copied as it is drawn.
FOR_BROWSERS = "script, noscript, a.headerlink, details.data-table, mjx-assistive-mml"
NAMING_ATTRIBUTES = ("id", "for", "aria-describedby")
INTRODUCTION = "Introduction"


@dataclass(frozen=True)
class Sheet:
    """A page of the book on paper.

    Attributes:
        name: The page's name in the book, as in "notebooks/03_degradation".
        place: What links of the printed book call it.
        title: The page's heading, as HTML.
        article: What stands on it; the functions of this package change it in place.
    """

    name: str
    place: str
    title: str
    article: Tag


@dataclass(frozen=True)
class Book:
    """The built book as it was read.

    Attributes:
        title: The heading of the front page, as HTML.
        cover: Its picture, as HTML.
        signature: The line at the foot of every page, as HTML without links.
        styles: Addresses of the pages' style sheets.
        sheets: The pages in their order.
    """

    title: str
    cover: str
    signature: str
    styles: tuple[str, ...]
    sheets: tuple[Sheet, ...]

    def places(self) -> dict[str, str]:
        """The places of the pages, by their names."""
        return {sheet.name: sheet.place for sheet in self.sheets}


def read(html: Path = built_book.HTML) -> Book:
    """Read the built book and make its pages sheets."""
    built_book.require(html)
    names = [name for part in built_book.parts() for name in part.pages]
    pages = [parsed(html / f"{name}.html") for name in names]
    numbered = enumerate(zip(pages, names, strict=True))
    sheets = [sheet(page, name, f"s{number}") for number, (page, name) in numbered]
    styles = [address for page in pages for address in style_sheets(page)]
    return Book(
        title=sheets[0].title,
        cover=str(the_one(sheets[0].article, "figure.cover").extract()),
        signature=signature(pages[0]),
        styles=tuple(dict.fromkeys(styles)),
        sheets=(introduction(sheets[0]), *sheets[1:]),
    )


def sheet(page: BeautifulSoup, name: str, place: str) -> Sheet:
    """A page as a sheet."""
    article = the_one(page, "article")
    for element in article.select(FOR_BROWSERS):
        element.decompose()
    for formula in article.select("mjx-math[aria-hidden]"):
        del formula["aria-hidden"]
    replace_networks(article, name)
    name_apart(article, place)
    resolve_pictures(article, name)
    return Sheet(name, place, the_one(article, "h1").decode_contents(), article)


def introduction(front: Sheet) -> Sheet:
    """The front page under another heading, for the book's own is on the title page."""
    the_one(front.article, "h1").string = INTRODUCTION
    return replace(front, title=INTRODUCTION)


def replace_networks(article: Tag, name: str) -> None:
    """Say where the networks run that run inside a page."""
    link = web_link(f"{repository.book_address()}/{name}.html")
    for element in article.select("div.playground"):
        element.replace_with(*nodes(f"<p><em>On the web the networks run here:</em> {link}</p>"))


def put_badges_in_words(article: Tag) -> None:
    """Say in words what a button's picture says."""
    for badge in article.select('img[alt="Open in Colab"]'):
        badge.replace_with(str(badge["alt"]))


def name_apart(article: Tag, place: str) -> None:
    """Begin every name on a sheet with its place, so that the names of a book are apart."""
    for attribute in NAMING_ATTRIBUTES:
        for element in article.select(f"[{attribute}]"):
            element[attribute] = f"{place}-{element[attribute]}"


def resolve_pictures(article: Tag, name: str) -> None:
    """Make the addresses of pictures relative to the root of the book."""
    for picture in article.select("[src]"):
        source = str(picture["src"])
        if ":" not in source:
            picture["src"] = os.path.normpath(PurePosixPath(name).parent / source)


def style_sheets(page: BeautifulSoup) -> list[str]:
    """Addresses of a page's own style sheets, relative to the root of the book."""
    addresses = [str(link["href"]) for link in page.select('link[rel="stylesheet"]')]
    return [address.removeprefix("../") for address in addresses if "_static/" in address]


def signature(page: BeautifulSoup) -> str:
    """What stands at the foot of a page, without its links."""
    foot = the_one(page, ".extra_footer")
    for link in foot.select("a"):
        link.decompose()
    return foot.decode_contents().strip().removesuffix(" .")


def parsed(path: Path) -> BeautifulSoup:
    """A page of the built book."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def the_one(page: Tag, selector: str) -> Tag:
    """The first element that a selector finds.

    Raises:
        ToolError: There is none, so the book is not built as this program expects.
    """
    element = page.select_one(selector)
    if element is None:
        raise ToolError(f"a page of the built book has no {selector}: the printed book needs one")
    return element
