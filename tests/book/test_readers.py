"""Readers whose browsers keep nothing, run no script, or show colours of their own."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, Frame, Page

from book.sphinxext.project import address
from tools.browser import FLAGS, executable

pytestmark = pytest.mark.browser
CHAPTER = "notebooks/03_degradation.html"
PHONE = {"width": 390, "height": 800}
BLOCKED = {"profile": {"default_content_setting_values": {"cookies": 2}}}
TRANSPARENT = "rgba(0, 0, 0, 0)"
FRAME = '<iframe sandbox="allow-scripts allow-forms" src="{}" width="390" height="780"></iframe>'


def script_errors(page: Page) -> list[str]:
    """What the scripts of a page throw from now on."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


def use_everything(page: Page | Frame) -> None:
    """Open the menu, change the colours, search, and go on to a page that was found."""
    page.locator("article h1").wait_for()
    page.locator(".primary-toggle").click()
    page.locator("#pst-primary-sidebar-modal a", has_text="Notation and words").wait_for()
    page.locator("#pst-primary-sidebar-modal").press("Escape")
    before = page.locator("html").get_attribute("data-mode")
    page.locator(".theme-switch-button").click()
    assert page.locator("html").get_attribute("data-mode") != before
    page.locator(".search-button").click()
    page.locator("#pst-search-dialog input").fill("projection")
    page.locator("#pst-search-dialog input").press("Enter")
    page.locator("#search-results a[href*='notation.html']").first.click()
    page.locator("article h1", has_text="Notation and words").wait_for()


def test_in_a_sandboxed_frame_menu_colours_and_search_are_alive(browser: Browser, site: str):
    page = browser.new_page(viewport=PHONE)
    errors = script_errors(page)
    page.set_content(FRAME.format(f"{site}/{CHAPTER}"))
    frame = page.frames[1]
    use_everything(frame)
    assert frame.evaluate("origin") == "null"
    assert errors == []
    page.close()


def test_with_cookies_blocked_menu_colours_and_search_are_alive(browser, site, tmp_path):
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(BLOCKED))
    context = browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=executable(), args=FLAGS, viewport=PHONE
    )
    page = context.new_page()
    page.goto(f"{site}/robots.txt")
    with pytest.raises(Error, match="Access is denied"):
        page.evaluate("localStorage.getItem('mode')")
    errors = script_errors(page)
    page.goto(f"{site}/{CHAPTER}")
    use_everything(page)
    assert errors == []
    context.close()


@pytest.fixture
def phone_without_scripts(browser: Browser, site: str) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{site}/{CHAPTER}")
    yield page
    context.close()


def test_without_scripts_the_menu_of_a_phone_is_a_link_to_the_contents(phone_without_scripts):
    page = phone_without_scripts
    page.get_by_role("link", name="Contents", exact=True).click()
    entry = page.locator("#pst-primary-sidebar a", has_text="Notation and words")
    assert entry.is_visible()
    entry.click()
    assert page.locator("article h1").inner_text().startswith("Notation and words")


def test_without_scripts_no_button_is_shown_that_would_need_one(phone_without_scripts):
    shown = phone_without_scripts.locator(".bd-header-article button").filter(visible=True)
    assert {button.get_attribute("aria-label") for button in shown.all()} <= {
        "Launch interactive content",
        "Source repositories",
        "Download this page",
    }
    for button in shown.all():
        button.focus()
        assert phone_without_scripts.locator(".dropdown-menu").filter(visible=True).count() == 1


def test_without_scripts_no_comparison_and_no_frame_is_hidden(phone_without_scripts):
    page = phone_without_scripts
    assert page.locator("fieldset.prediction .after-prediction").is_visible()
    frames = page.locator(".frames .frame")
    assert frames.count() == frames.filter(visible=True).count() >= 5
    assert page.locator("img.only-dark").filter(visible=True).count() == 0


@pytest.fixture(params=["light", "dark"])
def forced_colours(request, browser: Browser, site: str) -> Iterator[Page]:
    """A chapter in the colours of a system with high contrast, white on black or black on white."""
    context = browser.new_context(forced_colors="active", color_scheme=request.param)
    page = context.new_page()
    page.goto(f"{site}/{CHAPTER}", wait_until="networkidle")
    yield page
    context.close()


def test_in_forced_colours_the_focus_is_seen_in_the_sidebar(forced_colours):
    entry = forced_colours.locator(".bd-links a").nth(1)
    forced_colours.keyboard.press("Tab")
    entry.focus()
    outline = entry.evaluate(
        "e => [getComputedStyle(e).outlineStyle, getComputedStyle(e).outlineWidth]"
    )
    assert outline == ["solid", "3px"]


def test_in_forced_colours_a_drawing_stands_on_the_paper_that_it_was_drawn_for(forced_colours):
    drawing = forced_colours.locator("figure.exhibit img").filter(visible=True).first
    paper = drawing.evaluate("e => getComputedStyle(e).backgroundColor")
    is_dark = "only-dark" in drawing.get_attribute("class")
    assert paper == ("rgb(20, 24, 29)" if is_dark else "rgb(255, 255, 255)")


def test_a_missing_page_says_so_and_leads_back_whatever_its_address(browser, site):
    page = browser.new_page()
    answer = page.goto(f"{site}/notebooks/old/99_gone.html", wait_until="networkidle")
    assert answer.status == 404
    assert page.locator("article h1").inner_text() == "There is no page here"
    assert page.locator("article a", has_text="tell us").get_attribute("href").startswith(address())
    page.locator(".bd-links a", has_text="Notation and words").click()
    page.locator("article h1", has_text="Notation and words").wait_for()
    page.close()


def test_back_to_top_covers_nothing_that_one_reads(open_page):
    page, _ = open_page(CHAPTER, width=390)
    page.mouse.wheel(0, 4_000)
    page.wait_for_function("scrollY > 2_000")
    page.mouse.wheel(0, -400)
    button = page.get_by_role("button", name="Back to top")
    button.wait_for()
    box = button.bounding_box()
    header = page.locator(".bd-header-article").bounding_box()
    assert box["y"] >= header["y"]
    assert box["y"] + box["height"] <= header["y"] + header["height"]
    button.click()
    page.wait_for_function("scrollY === 0")


def test_every_face_of_the_book_is_asked_for_before_the_sheet_that_names_it(open_page):
    page, _ = open_page(CHAPTER)
    asked = page.locator("link[rel=preload][as=font]").evaluate_all("l => l.map(l => l.href)")
    faces = page.evaluate("[...document.fonts].filter(f => f.status === 'loaded').length")
    assert len(asked) == faces == 5


@pytest.mark.parametrize("path", [CHAPTER, "book/intro.html"])
def test_the_numbers_of_a_figure_are_whole_on_a_desk(open_page, path):
    page, _ = open_page(path)
    page.evaluate(
        "document.querySelectorAll('details.data-table').forEach(d => { d.open = true; })"
    )
    cut = "tables => tables.filter(t => t.offsetParent && t.scrollWidth > t.clientWidth).length"
    assert page.locator("details.data-table .table-scroll").evaluate_all(cut) == 0
