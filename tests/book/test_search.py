"""The search finds words, formulas and numbers, with no help from outside."""

import pytest

from book.sphinxext.pages.search import English

pytestmark = pytest.mark.browser
ADDRESSES = "links => links.map(link => link.getAttribute('href').split('#')[0])"


def hits(page) -> list[str]:
    """The pages that a search has found, once it has finished."""
    page.locator(".search-summary", has_text="Search finished").wait_for()
    return page.locator("#search-results li > a").evaluate_all(ADDRESSES)


def test_a_search_finds_the_chapter(open_page):
    page, complaints = open_page("search.html?q=degradation", width=320)
    assert "notebooks/03_degradation.html" in hits(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert complaints == []


@pytest.mark.parametrize(
    "asked", ["F%28x%29", "projection", "degradation", "cross entropy", "pre-activation"]
)
def test_a_search_finds_the_name_of_a_formula_and_of_a_word(open_page, asked):
    page, complaints = open_page(f"search.html?q={asked}")
    assert "book/notation.html" in hits(page)
    assert complaints == []


@pytest.mark.parametrize("asked", ["1202", "1,202", "1202 layers"])
def test_a_search_finds_a_number_however_it_is_written(open_page, asked):
    page, complaints = open_page(f"search.html?q={asked}")
    found = hits(page)
    assert {"notebooks/14_thousand_layers.html", "book/claims.html"} <= set(found)
    assert complaints == []


def test_a_number_that_the_book_does_not_have_is_not_found(open_page):
    page, _ = open_page("search.html?q=40961")
    page.locator(".search-summary", has_text="did not match any documents").wait_for()
    assert page.locator("#search-results li").count() == 0


def test_the_index_and_the_search_page_split_a_text_alike(open_page):
    page, _ = open_page("search.html")
    text = "1,202 layers, 12,3 or 1,234,567; F(x), pre-activation and 57.7 %"
    assert page.evaluate("(text) => splitQuery(text)", text) == English({}).split(text)


def test_the_index_leads_to_every_word_of_the_page_of_notation(open_page):
    page, _ = open_page("genindex.html")
    for word in ("degradation", "option B", "H(x)"):
        assert page.locator("article a[href*='notation.html#term-']", has_text=word).count() == 1
