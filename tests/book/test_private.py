"""The book that is published holds no solution of an assignment."""

import pytest

from tests.exercises.running import SLUGS
from tests.exercises.test_private import holding

from .conftest import HTML, missing

pytestmark = pytest.mark.browser  # it needs the built book, though nobody looks at it


@pytest.mark.skipif(missing() is not None or not SLUGS, reason=missing() or "this tree has no sources of assignments")
def test_the_built_book_holds_no_solution():
    kinds = {".html", ".ipynb", ".js", ".txt", ".md", ".json"}
    files = [path for path in HTML.rglob("*") if path.suffix in kinds and "vendor" not in path.parts]
    assert holding(files) == []
