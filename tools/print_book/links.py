"""Links on paper: they lead to places in the same document, or say their address."""

import os
from collections.abc import Mapping
from pathlib import PurePosixPath

from bs4 import Tag

from resnet_course import repository
from tools.print_book.fragments import in_brackets, nodes, on_page, short
from tools.print_book.sheets import Sheet

BIBLIOGRAPHY = "book/bibliography"


def lead_inside(sheet: Sheet, places: Mapping[str, str]) -> None:
    """Make the links of a sheet to pages of the book lead to their places, and say the page.

    No page is said of a word's definition, nor of a paper: they are in alphabetical order.

    Args:
        sheet: The sheet, changed in place.
        places: The places of all sheets, by the names of their pages.
    """
    for link in sheet.article.select("a[href]"):
        target, _, mark = str(link["href"]).partition("#")
        if ":" in target:  # an address on the web
            continue
        path = resolved(target, sheet.name)
        name = path.removesuffix(".html")
        if name not in places:  # a file beside the pages
            link["href"] = f"{repository.book_address()}/{path}"
            continue
        place = f"{places[name]}-{mark}" if mark else places[name]
        link["href"] = f"#{place}"
        is_citation = name == BIBLIOGRAPHY and bool(mark)
        if not is_citation and "term" not in classes(link):
            link.insert_after(*nodes(on_page(place)))


def resolved(target: str, page_name: str) -> str:
    """The path that a link of a page leads to, from the root of the book."""
    if not target:
        return page_name
    return os.path.normpath(PurePosixPath(page_name).parent / target)


def say_addresses(article: Tag) -> None:
    """Print each address on the web where a page names it last, unless the link's words say it."""
    last = {str(link["href"]): link for link in article.select('a[href^="http"]')}
    for url, link in last.items():
        if not says_its_address(link, url):
            link.insert_after(*nodes(in_brackets(short(url))))


def says_its_address(link: Tag, url: str) -> bool:
    """Whether a link needs no address beside it: a picture, a download, or words that have it."""
    is_download = link.has_attr("download") or "download" in classes(link)
    last_part = short(url).rpartition("/")[2]
    return is_download or link.find("img") is not None or last_part in link.get_text()


def classes(element: Tag) -> list[str]:
    """The classes of an element."""
    return element.get_attribute_list("class")
