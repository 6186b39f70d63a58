"""The book as one document, as `make pdf` prints it."""

import importlib.util
import re

import pytest

from .conftest import HTML, ROOT, missing

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def whole():
    if reason := missing():
        pytest.skip(reason)
    spec = importlib.util.spec_from_file_location("print_book", ROOT / ".ci" / "print_book.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.whole_book()


def test_every_page_is_in_the_printed_book_once(whole):
    pages = set(re.findall(r"file: (\S+)|root: (\S+)", (ROOT / "_toc.yml").read_text()))
    assert whole.count('class="sheet"') == len(pages)


def test_links_between_pages_lead_to_places_in_the_printed_book(whole):
    places = re.findall(r'\bid="([^"]+)"', whole)
    assert set(re.findall(r'href="#([^"]+)"', whole)) <= set(places)
    assert {place for place in places if re.fullmatch(r"s\d+", place)} == {
        f"s{number}" for number in range(whole.count('class="sheet"'))
    }


def test_the_printed_book_finds_its_pictures_and_styles(whole):
    named = re.findall(r'\bsrc="(?!data:)([^"?]+)"|rel="stylesheet" href="([^"?]+)', whole)
    assert named
    assert [name for pair in named for name in pair if name and not (HTML / name).exists()] == []
