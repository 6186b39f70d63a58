"""Every page of the built book, as a browser with no network beyond it sees it."""

import pytest

from .conftest import pages

pytestmark = pytest.mark.browser
PAGES = pages() or ["index.html"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_nothing_outside_and_complains_of_nothing(open_page, path):
    _, complaints = open_page(path)
    assert complaints == []


@pytest.mark.parametrize("path", PAGES)
def test_every_picture_says_what_it_shows(open_page, path):
    page, _ = open_page(path)
    silent = page.eval_on_selector_all(
        "article img", "images => images.filter(i => !(i.alt || '').trim()).map(i => i.src.slice(0, 80))"
    )
    assert silent == []


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_narrow_phone(open_page, path, width):
    page, _ = open_page(path, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_search_finds_the_chapter_with_no_help_from_outside(open_page):
    page, complaints = open_page("search.html?q=degradation", width=320)
    page.locator("#search-results li a", has_text="Depth that stops helping").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert complaints == []


def test_a_page_without_scripts_hides_no_comparison(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/notebooks/03_degradation.html")
    assert page.locator("fieldset.prediction .after-prediction").is_visible()
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", [page for page in PAGES if page.startswith("notebooks/")])
def test_a_figure_shows_the_drawing_of_the_theme_and_no_other(open_page, path, theme):
    page, _ = open_page(path, theme=theme)
    shown = page.eval_on_selector_all(
        "figure.exhibit img", "images => images.filter(i => i.offsetParent).map(i => i.className)"
    )
    assert shown
    assert all(f"only-{theme}" in name for name in shown)


@pytest.mark.parametrize("path", [page for page in PAGES if page.startswith("notebooks/")])
def test_no_figure_sits_on_a_white_box_in_the_dark(open_page, path):
    page, _ = open_page(path, theme="dark")
    boxes = page.eval_on_selector_all(
        "div.cell_output, div.cell_output .text_html, div.cell_output .widget-subarea, figure.exhibit",
        "boxes => boxes.map(b => getComputedStyle(b).backgroundColor)",
    )
    assert "rgb(255, 255, 255)" not in boxes


@pytest.mark.parametrize("path", [page for page in PAGES if page.startswith("notebooks/")])
def test_no_cell_shows_a_traceback_or_raw_markup(open_page, path):
    page, _ = open_page(path)
    text = page.inner_text("article")
    assert "Traceback" not in text
    assert ":::" not in text
    assert "{cite}" not in text


@pytest.mark.parametrize("path", [page for page in PAGES if page.startswith("notebooks/")])
def test_every_figure_shows_its_caption(open_page, path):
    page, _ = open_page(path)
    figures = page.locator("article figure.exhibit").filter(visible=True)
    captions = page.locator("article figure.exhibit figcaption").filter(visible=True)
    assert figures.count() == captions.count() > 0


def test_formulas_are_set(open_page):
    page, _ = open_page("notebooks/04_residual_block.html")
    page.wait_for_selector("mjx-container")
    assert page.locator("mjx-merror").count() == 0


def test_a_prediction_is_remembered_and_opens_the_comparison(open_page):
    page, _ = open_page("notebooks/03_degradation.html")
    comparison = page.locator("fieldset.prediction .after-prediction")
    assert not comparison.is_visible()
    page.locator("fieldset.prediction input").nth(2).check()
    assert comparison.is_visible()
    page.reload(wait_until="networkidle")
    assert page.locator("fieldset.prediction input").nth(2).is_checked()
    assert page.locator("fieldset.prediction .after-prediction").is_visible()


def test_the_first_page_opens_from_disk(browser):
    from .conftest import HTML

    page = browser.new_page()
    page.goto((HTML / "index.html").as_uri())
    page.wait_for_selector("article h1")
    assert "Residual Networks" in page.inner_text("article h1")
    page.close()
