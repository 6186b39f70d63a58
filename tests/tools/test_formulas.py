"""Every formula on the pages is set beforehand: no page has to load MathJax for one."""

import json

import pytest

from tools import formulas
from tools.built_book import HTML, pages
from tools.formulas import Formula

INLINE = r'<p><span class="math notranslate nohighlight">\(a &lt; b\)</span></p>'
DISPLAY = '<div class="math notranslate nohighlight">\n\\[\n\\frac{1}{2}\\]</div>'
ALREADY_SET = (
    '<span class="formula" data-tex="F(x)" data-display="false"><mjx-container/></span>'
    '<div class="formula" data-tex="x^2" data-display="true"><mjx-container/></div>'
)
CONTENT_PAGES = [page for page in pages() if page.startswith(("book/", "notebooks/"))]


@pytest.mark.parametrize(
    ("page", "used"),
    [
        (INLINE, {Formula("a < b", is_display=False)}),
        (DISPLAY, {Formula(r"\frac{1}{2}", is_display=True)}),
        (ALREADY_SET, {Formula("F(x)", is_display=False), Formula("x^2", is_display=True)}),
        ("<p>no formula</p>", set()),
    ],
)
def test_the_formulas_of_a_page_are_read_from_it(page, used):
    assert formulas.used(page) == used


@pytest.mark.browser
def test_mathjax_sets_a_formula_with_words_for_those_who_hear_it(browser):
    page = browser.new_page()
    made = formulas.typeset_by_mathjax(page, [Formula("x^2", is_display=True)])
    page.close()
    assert "<mjx-assistive-mml><math" in made.html["display"]["x^2"]
    assert "mjx-container" in made.css


@pytest.mark.browser
def test_a_formula_that_mathjax_cannot_set_is_named(browser):
    page = browser.new_page()
    with pytest.raises(Exception, match=r"MathJax cannot set \\frac{1"):
        formulas.typeset_by_mathjax(page, [Formula(r"\frac{1", is_display=False)])
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("path", CONTENT_PAGES)
def test_every_formula_of_a_page_is_kept(path):
    kept = json.loads(formulas.TYPESET.read_text(encoding="utf-8"))
    used = formulas.used((HTML / path).read_text(encoding="utf-8"))
    missing = [
        one for one in used if one.tex not in kept["display" if one.is_display else "inline"]
    ]
    assert missing == [], "run `make formulas`"
