"""Marks and numbers in a page's text, set as in print; code, formulas and drawings stay."""

from bs4 import BeautifulSoup

from book.sphinxext.html.tree import texts
from book.sphinxext.typography import typeset

KEPT = frozenset({"script", "style", "pre", "code", "textarea", "svg", "title", "math"})


def set_marks(page: BeautifulSoup) -> None:
    """Set every piece of text on its own: none knows what stands on the other side of a tag."""
    for text in list(texts(page, KEPT)):
        after = typeset(text)
        if after != text:
            text.replace_with(after)
