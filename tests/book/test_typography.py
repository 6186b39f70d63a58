"""Marks and numbers that programs wrote are set as in print, and code is left alone."""

import pytest

from book.sphinxext.html.text import set_marks
from book.sphinxext.html.tree import parse, written
from book.sphinxext.typography import typeset


def set_in(page: str) -> str:
    """A piece of a page with its marks set."""
    tree = parse(page)
    set_marks(tree)
    return written(tree)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("8.843e+05", "884,300"),
        ("plain 2e+01; residual 0.3", "plain 20; residual 0.3"),
        ("from 1.3 to 5e-06 in", "from 1.3 to 5\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10⁻⁶ in"),
        ("2.5e-03", "0.0025"),
        ("1.2e+09", "1.2\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10⁹"),
        ("-0.01 and 5-7", "−0.01 and 5-7"),
        ("this page's own run", "this page’s own run"),
        ('is it "faster"?', "is it “faster”?"),
        ('"Objects" ("+ x")', "“Objects” (“+ x”)"),
    ],
)
def test_a_mark_is_set_as_in_print(text, shown):
    assert typeset(text) == shown
    assert typeset(shown) == shown


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        ("<p>57.7 ± 0.9 % in Table 6</p>", "<p>57.7_±_0.9_% in Table_6</p>"),
        ("<p><span>57.7</span> % of</p>", "<p><span>57.7</span>_% of</p>"),
        ("<pre>5 % 2 ± 1</pre>", "<pre>5 % 2 ± 1</pre>"),
    ],
)
def test_a_number_stays_on_one_line_with_what_belongs_to_it(page, kept):
    assert set_in(page).replace("\N{NO-BREAK SPACE}", "_") == kept


@pytest.mark.parametrize(
    "page",
    [
        '<a title="it\'s -1" href="x?a=-1">plain-56, 2026-11-24, 5-7</a>',
        "<pre>lr=1e-05, x[-1], 'plain'</pre>",
        '<code class="literal"><span>--lr 1e-05</span></code>',
        '<script>let a = "b" + -1;</script>',
        "<style>p { margin: -1px }</style>",
        "<!-- it's -1 -->",
        "<math><mo>-1</mo></math>",
    ],
)
def test_code_addresses_and_names_stay_as_they_are(page):
    assert set_in(page) == page
