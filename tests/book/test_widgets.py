"""Sliders on the static page: no kernel, no network, no runtime; moved by mouse and by keyboard."""

import json

import pytest

from tools import ROOT
from tools.built_book import pages

pytestmark = pytest.mark.browser
CHAPTERS = [page for page in pages() if page.startswith("notebooks/")]
RESPONSE = """(slider) => new Promise((done) => {
  const box = slider.closest(".frames"), times = [], last = +slider.max;
  const step = async (at) => {
    if (at < 0) return done(times.sort((a, b) => a - b)[Math.floor(times.length / 2)]);
    const start = performance.now();
    slider.value = at;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const picture = [...box.querySelectorAll("img")].find((i) => i.offsetParent);
    await picture?.decode();
    requestAnimationFrame(() => { times.push(performance.now() - start); step(at - 1); });
  };
  step(last);
})"""


def shown_caption(page) -> str:
    return page.locator(".frames").first.locator("figcaption").filter(visible=True).inner_text()


@pytest.fixture(params=CHAPTERS)
def slider(request, open_page):
    page, complaints = open_page(request.param)
    handle = page.locator(".frames input[type=range]").first
    handle.scroll_into_view_if_needed()
    assert complaints == []
    return page, handle


def test_a_slider_moves_by_keyboard_and_mouse_says_its_value_and_answers_at_once(slider):
    page, handle = slider
    name, last = (
        handle.get_attribute("aria-label") or handle.evaluate("s => s.labels[0].textContent"),
        int(handle.get_attribute("max")),
    )
    assert name
    handle.focus()
    page.keyboard.press("Home")
    seen = [shown_caption(page)]
    for _ in range(last):
        page.keyboard.press("ArrowRight")
        words = page.locator(".frames output").first.inner_text()
        assert handle.get_attribute("aria-valuetext") == words
        seen.append(shown_caption(page))
    assert len(set(seen)) == last + 1 >= 3
    page.keyboard.press("Home")
    assert shown_caption(page) == seen[0]
    box = handle.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    assert shown_caption(page) == seen[-1]
    for number, frames in enumerate(page.locator(".frames").all()):
        assert frames.locator(".frame").filter(visible=True).count() == 1, number
    assert handle.evaluate(RESPONSE) <= 100  # milliseconds, median over its positions


def test_no_chapter_has_a_widget_that_the_page_cannot_draw_by_itself():
    for path in CHAPTERS:
        notebook = json.loads((ROOT / path).with_suffix(".ipynb").read_text(encoding="utf-8"))
        names = {
            m["model_name"]
            for w in notebook["metadata"].get("widgets", {}).values()
            for m in w["state"].values()
        }
        assert names <= {
            "SelectionSliderModel", "SliderStyleModel", "StackModel", "HTMLModel",
            "HTMLStyleModel", "VBoxModel", "LayoutModel", "LinkModel", "HBoxModel",
            "FloatProgressModel", "ProgressStyleModel",
        }  # fmt: skip
