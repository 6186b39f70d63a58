"""Every page of the built book, as a browser sees it that has no network beyond it."""

import itertools
import re

import pytest

from tools.built_book import HTML, pages

pytestmark = pytest.mark.browser
PAGES = [page for page in pages() if page != "index.html"] or ["index.html"]
CHAPTERS = [page for page in PAGES if page.startswith("notebooks/")]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_nothing_outside_and_complains_of_nothing(visit, path):
    assert visit(path).complaints == []


@pytest.mark.parametrize("theme", ["light", "dark", "phone"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_no_fault(visit, path, theme):
    assert visit(path).faults[theme] == []


@pytest.mark.parametrize("path", PAGES)
def test_every_picture_says_what_it_shows_and_how_large_it_is(visit, path):
    assert visit(path).silent_pictures == []
    assert visit(path).unsized_pictures == []


@pytest.mark.parametrize("path", PAGES)
def test_headings_go_down_one_step_at_a_time(visit, path):
    levels = visit(path).headings
    assert levels[:1] == [1]
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_narrow_phone_and_a_desk_at_twice_the_size(visit, path):
    assert {width: wide for width, wide in visit(path).widths.items() if wide > width} == {}


@pytest.mark.parametrize("path", PAGES)
def test_a_first_visit_weighs_little_and_moves_nothing(visit, path):
    assert visit(path).bytes <= 1_500_000
    assert visit(path).shift <= 0.02


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_figure_shows_the_drawing_of_the_theme_and_no_other(visit, path):
    for theme, shown in visit(path).shown.items():
        assert shown
        assert all(f"only-{theme}" in name for name in shown)


@pytest.mark.parametrize("path", CHAPTERS)
def test_no_figure_sits_on_a_white_box_in_the_dark(visit, path):
    assert "rgb(255, 255, 255)" not in visit(path).boxes


@pytest.mark.parametrize("path", CHAPTERS)
def test_no_cell_shows_a_traceback_or_raw_markup(visit, path):
    text = visit(path).text
    assert "Traceback" not in text
    assert ":::" not in text
    assert "{cite}" not in text


@pytest.mark.parametrize("path", CHAPTERS)
def test_every_figure_shows_its_caption(visit, path):
    assert visit(path).figures == visit(path).captions > 0


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_chapter_says_under_its_title_what_it_costs(visit, path):
    text = visit(path).text
    assert re.search(r"\d+ min to read", text)
    assert re.search(r"live tier: ran in \d", text)


def test_formulas_are_set_before_the_page_is_loaded(open_page):
    page, _ = open_page("notebooks/04_residual_block.html")
    assert page.locator("mjx-container").count() > 0
    assert page.locator("mjx-container math").count() == page.locator("mjx-container").count()
    assert page.locator("script[src*=mathjax]").count() == 0


def test_a_prediction_is_remembered_and_opens_the_comparison(open_page):
    page, _ = open_page("notebooks/03_degradation.html")
    comparison = page.locator("fieldset.prediction .after-prediction")
    assert not comparison.is_visible()
    page.locator("fieldset.prediction input").nth(2).check()
    assert comparison.is_visible()
    page.reload(wait_until="networkidle")
    assert page.locator("fieldset.prediction input").nth(2).is_checked()
    assert page.locator("fieldset.prediction .after-prediction").is_visible()


def test_a_defined_word_explains_itself_to_the_keyboard(open_page):
    page, _ = open_page("notebooks/03_degradation.html")
    word = page.locator("a.term", has_text="degradation").first
    box = page.locator(f"#{word.get_attribute('aria-describedby')}")
    assert not box.is_visible()
    word.focus()
    assert "higher training error" in box.inner_text()
    page.keyboard.press("Escape")
    assert not box.is_visible()


def test_the_first_stop_of_the_keyboard_is_the_way_past_the_menu(open_page):
    page, _ = open_page("notebooks/03_degradation.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.hash") == "#main-content"


def test_the_next_chapter_is_announced_by_its_question(open_page):
    page, _ = open_page("notebooks/02_what_layers_see.html")
    following = page.locator(".right-next")
    assert "Depth that stops helping" in following.inner_text()
    assert "Does a deeper network do better" in following.inner_text()


def test_a_paper_links_back_to_the_pages_that_cite_it(open_page):
    page, _ = open_page("book/bibliography.html")
    paper = page.locator(".citation", has_text="Deep residual learning")
    assert paper.locator(".cited-in a", has_text="Depth that stops helping").count() == 1


def test_paper_shows_every_frame_and_no_furniture(open_page):
    page, _ = open_page("notebooks/03_degradation.html", theme="dark")
    page.emulate_media(media="print")
    assert page.locator("article h1").is_visible()
    frames = page.locator(".frames .frame")
    assert frames.count() == frames.filter(visible=True).count() >= 5
    assert (
        page.locator("img.only-dark, .bd-sidebar-primary, .prev-next-area, .frames-control")
        .filter(visible=True)
        .count()
        == 0
    )
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    )


def test_the_book_opens_from_disk_and_its_sliders_move(browser):
    page = browser.new_page()
    complaints = []
    page.on("console", lambda m: m.type == "error" and complaints.append(m.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((HTML / "index.html").as_uri())
    page.wait_for_selector("article h1")
    assert "Residual Networks" in page.inner_text("article h1")
    page.goto((HTML / "notebooks" / "03_degradation.html").as_uri())
    slider = page.locator(".frames input[type=range]")
    before = page.locator(".frames figcaption").filter(visible=True).inner_text()
    slider.focus()
    page.keyboard.press("ArrowRight")
    figure = page.locator(".frames figure.exhibit").filter(visible=True)
    assert figure.locator("figcaption").inner_text() != before
    drawing = figure.locator("img.only-light")
    assert drawing.evaluate("i => i.decode().then(() => i.naturalWidth)") > 0
    assert complaints == []
    page.close()
