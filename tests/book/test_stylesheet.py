"""The one style sheet of the book has what its pages can use."""

import pytest

from book.sphinxext.html import stylesheet
from book.sphinxext.html.tree import parse, written


@pytest.mark.parametrize(
    ("css", "left"),
    [
        (".a{b:c}.x{d:e}", ".a{b:c}"),
        (".a, .x .a{b:c}", ".a{b:c}"),
        ("a:not(.x):hover{b:c}", "a:not(.x):hover{b:c}"),
        (":is(.a, .x) p, .x{b:c}", ":is(.a, .x) p{b:c}"),
        (r".\61 .x\:y{b:c}", ""),
        (r".\61  p{b:c}", ".a p{b:c}"),
        ("@media print{.x{b:c}}@media screen{.a{b:c}}", "@media screen{.a{b:c}}"),
        ('@charset "utf-8";p{b:c}', '@charset "utf-8";p{b:c}'),
        ("p{b:c} /* .a{b:c} */", "p{b:c}"),
        (
            "@font-face{font-family:'Font Awesome 6 Free'}@keyframes x{from{b:c}to{d:e}}",
            "@keyframes x{from{b:c}to{d:e}}",
        ),
    ],
)
def test_a_rule_stays_when_a_page_can_use_it(css, left):
    assert stylesheet.thinned(css, {"a"}) == left


@pytest.fixture
def book(tmp_path):
    """A book of one page with two sheets, one of which imports a third."""
    styles = tmp_path / "_static" / "styles"
    styles.mkdir(parents=True)
    (tmp_path / "_static" / "basic.css").write_text('b{c:url(x.png)}q{c:url("data:,y")}')
    (styles / "theme.css").write_text("@import \"../basic.css\";\np{q:url('../y.png')}")
    (tmp_path / "_static" / "own.css").write_text(".own{b:c}.other{b:c}")
    return tmp_path


def test_a_sheet_has_the_sheets_it_imports_in_their_place(book):
    css = stylesheet.inlined(book, "styles/theme.css")
    assert css.split() == ["b{c:url(x.png)}", 'q{c:url("data:,y")}', 'p{q:url("y.png")}']


def test_a_page_loads_one_sheet_in_place_of_many(book):
    page = parse(
        '<link href="../_static/styles/theme.css" rel="stylesheet">'
        '<link href="../_static/own.css" rel="stylesheet"><p class="own">'
    )
    stylesheet.join([page], book)
    assert written(page).count("<link") == 1
    assert 'href="../_static/book.css?v=' in written(page)
    joined = (book / "_static" / "book.css").read_text()
    assert ".own{b:c}" in joined
    assert ".other" not in joined


def test_a_sheet_that_only_some_pages_need_stays_apart(book):
    link = '<link href="_static/formulas.css" rel="stylesheet">'
    page = parse(f'{link}<link href="_static/own.css" rel="stylesheet">')
    stylesheet.join([page], book)
    assert link in written(page)
