"""Sphinx extension: 404.html, the page that a host shows where there is no page.

It is shown at any address, whatever folder that names; so all that it links to and loads is
addressed from the host's root.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from book.sphinxext.html.tree import attribute, elements
from book.sphinxext.project import book_folder

NAME = "404"
FILE = f"{NAME}.html"
TITLE = "There is no page here"
ADDRESSES = ("href", "src", "action", "data-content_root")


def collect(_app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page, for Sphinx to write with the others."""
    yield NAME, {"title": TITLE}, "not_found.html"


def is_relative(address: str) -> bool:
    """Whether an address depends on where the page is that names it."""
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc and not address.startswith(("/", "#"))


def address_from_anywhere(page: BeautifulSoup) -> None:
    """Make every relative address in the page one from the root of the host."""
    for element in elements(page):
        for name in ADDRESSES:
            if element.has_attr(name):
                move(element, name)


def move(element: Tag, name: str) -> None:
    """Make one address of an element one from the root of the host."""
    address = attribute(element, name)
    if is_relative(address):
        element[name] = book_folder() + address.removeprefix("./")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Write the page with the others."""
    app.connect("html-collect-pages", collect)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
