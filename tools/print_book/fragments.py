"""Pieces of HTML from which the printed book is put together."""

import re

from bs4 import BeautifulSoup, PageElement

UNKNOWN_PAGE = "000"  # as wide as a page's number, until the book was printed once


def page_number(place: str) -> str:
    """The number of the page on which a place is; the press writes it in."""
    return f'<span data-page-of="{place}">{UNKNOWN_PAGE}</span>'


def in_brackets(text: str) -> str:
    """What is said beside a link, in brackets, on its line."""
    return f'<span class="where">&nbsp;({text})</span>'


def on_page(place: str) -> str:
    """What is said beside a link to a place: the page."""
    return in_brackets(f"p.&nbsp;{page_number(place)}")


def link(place: str, text: str) -> str:
    """A link to a place in the book, and the page it is on."""
    return f'<a href="#{place}">{text}</a>{on_page(place)}'


def short(url: str) -> str:
    """A web address as it is printed: without https://, www and the last slash."""
    return re.sub(r"^https?://(?:www\.)?|/$", "", url)


def web_link(url: str) -> str:
    """A link whose words are its address."""
    return f'<a href="{url}">{short(url)}</a>'


def nodes(html: str) -> list[PageElement]:
    """A piece of HTML as nodes that can be put into a page."""
    return list(BeautifulSoup(html, "html.parser").contents)
