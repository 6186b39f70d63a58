"""Sphinx extension: every written page is made lighter and more accessible than the theme makes it.

Icons are drawn in the page; scripts wait, and those that a page has no use for are left out;
pictures say their size and wait until they are in sight; numbers and marks are set as in print;
names and roles that the theme gets wrong are put right; one style sheet serves the whole book.
Each step changes a page's tree in place, and taken twice it changes nothing more.
"""

import shutil
from pathlib import Path

from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from book.sphinxext.html import stylesheet
from book.sphinxext.html.corrections import correct
from book.sphinxext.html.icons import draw_icons
from book.sphinxext.html.loading import load_what_is_used
from book.sphinxext.html.not_found import FILE as NOT_FOUND
from book.sphinxext.html.not_found import address_from_anywhere
from book.sphinxext.html.pictures import move_drawings, state_sizes
from book.sphinxext.html.site_files import page_files
from book.sphinxext.html.text import set_marks
from book.sphinxext.html.tree import parse, written

LAST = 900  # after everything else that writes files
UNUSED = ("_static/scripts/fontawesome.js", "_static/vendor/fontawesome")


def postprocess(page: BeautifulSoup, folder: Path, root: Path) -> None:
    """Take all steps that concern a page alone.

    Args:
        page: the page as the theme has written it.
        folder: where it lies.
        root: where the book lies.
    """
    draw_icons(page)
    correct(page)
    load_what_is_used(page)
    set_marks(page)
    state_sizes(page, folder)
    move_drawings(page, folder, root)


def remove(path: Path) -> None:
    """Delete a file or a folder that no page asks for."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def postprocess_all(app: Sphinx, error: Exception | None) -> None:
    """Take all steps on all pages."""
    if error is not None or app.builder.format != "html":
        return
    root = Path(app.outdir)
    for name in UNUSED:
        remove(root / name)
    pages = {
        root / name: parse((root / name).read_text(encoding="utf-8")) for name in page_files(root)
    }
    for path, page in pages.items():
        postprocess(page, path.parent, root)
    stylesheet.join(list(pages.values()), root)
    address_from_anywhere(pages[root / NOT_FOUND])
    for path, page in pages.items():
        path.write_text(written(page), encoding="utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Take the pages as they are when everything else is done."""
    app.connect("build-finished", postprocess_all, priority=LAST)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
