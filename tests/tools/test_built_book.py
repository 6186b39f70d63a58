"""What is in the built book, and in which order."""

from pathlib import Path

import pytest

from tools import ROOT, built_book

CONTENTS = """
root: front
parts:
  - caption: First
    chapters: [{file: notebooks/01}, {file: book/page}]
  - caption: Second
    chapters: [{file: notebooks/02}]
"""


def test_pages_are_listed_by_part_after_the_front_page(tmp_path):
    contents = tmp_path / "_toc.yml"
    contents.write_text(CONTENTS)
    assert built_book.parts(contents) == (
        built_book.Part("", ("front",)),
        built_book.Part("First", ("notebooks/01", "book/page")),
        built_book.Part("Second", ("notebooks/02",)),
    )


def test_every_page_of_the_book_has_a_source():
    pages = [page for part in built_book.parts() for page in part.pages]
    endings = (".md", ".ipynb")
    assert all(any((ROOT / f"{page}{ending}").exists() for ending in endings) for page in pages)


def test_what_sphinx_puts_into_its_static_folder_is_no_page(tmp_path):
    for name in ("index.html", "book/a.html", "_static/b.html"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert built_book.pages(tmp_path) == ["book/a.html", "index.html"]


def test_a_book_that_is_not_built_says_how_to_build_it(tmp_path: Path):
    with pytest.raises(built_book.BookMissing, match="make book"):
        built_book.require(tmp_path)
