"""The map, the feed and the page for what is not there."""

import xml.etree.ElementTree as ElementTree

from book.sphinxext.html import not_found, site_files
from book.sphinxext.html.tree import parse, written
from book.sphinxext.project import book_address, book_folder


def test_the_feed_has_an_entry_for_every_section_of_the_changelog():
    changelog = "# Changelog\n\n## 0.2.0, 2026-12-01\n\n- `new` & old\n\n## 0.1.0\n\n- first\n"
    text = site_files.feed(changelog, "2026-11-24")
    entries = ElementTree.fromstring(text).findall("{*}entry")
    assert [entry.find("{*}title").text for entry in entries] == ["0.2.0, 2026-12-01", "0.1.0"]
    assert entries[0].find("{*}updated").text.startswith("2026-12-01")
    assert entries[1].find("{*}updated").text == "2026-11-24"
    assert "&amp; old" in entries[0].find("{*}content").text


def test_the_map_lists_pages_where_the_book_is_published():
    text = site_files.sitemap(["404.html", "book/intro.html", "search.html"])
    listed = ElementTree.fromstring(text).findall("{*}url/{*}loc")
    assert [place.text for place in listed] == [f"{book_address()}/book/intro.html"]


def test_the_page_for_what_is_not_there_is_addressed_from_the_root():
    page = parse(
        '<a href="book/x.html#y"><a href="#top"><a href="https://a.org"><img src="./b.png">'
    )
    not_found.address_from_anywhere(page)
    folder = book_folder()
    assert written(page).startswith(
        f'<a href="{folder}book/x.html#y"><a href="#top"><a href="https://a.org">'
        f'<img src="{folder}b.png">'
    )
