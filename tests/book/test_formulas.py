"""Every formula on the pages is set beforehand: no page has to load MathJax for one."""

import sys

import pytest

from .conftest import HTML, ROOT, pages

sys.path.append(str(ROOT / "book" / "extensions"))
import formulas

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", [page for page in pages() if page.startswith(("book/", "notebooks/"))])
def test_every_formula_of_a_page_is_kept(path):
    """Where this fails, `make formulas` keeps them."""
    page = (HTML / path).read_text(encoding="utf-8")
    assert [match[0] for match in formulas.LEFT.finditer(page)] == []
