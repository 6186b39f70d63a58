"""The built book over http, as its host serves it, and what a browser sees of a page."""

import functools
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from book.sphinxext.project import book_folder
from tests.book import looking
from tests.book.looking import Visit
from tests.conftest import cannot_look
from tools import built_book
from tools.browser import serve
from tools.built_book import HTML


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Address of the book, served from this machine."""
    try:
        built_book.require()
    except built_book.BookMissing as missing:
        cannot_look(str(missing))
    with serve(HTML, at=book_folder()) as address:
        yield address


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Callable[..., tuple[Page, list[str]]]]:
    """open_page(path, width=1280, theme="light") -> the page, and what it complains of."""
    contexts = []

    def open_(path: str, width: int = 1280, theme: str = "light") -> tuple[Page, list[str]]:
        context = looking.context(browser, width, theme)
        contexts.append(context)
        page = context.new_page()
        complaints = looking.listen(page, site)
        page.goto(f"{site}/{path}", wait_until="networkidle")
        return page, complaints

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def visit(browser: Browser, site: str) -> Callable[[str], Visit]:
    """visit(path) -> Visit, from one load of the page; a second call does not load it again."""
    return functools.cache(lambda path: looking.visit(browser, site, path))
