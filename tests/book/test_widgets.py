"""Sliders on the static page: no kernel, no network, moved by mouse and by keyboard."""

import pytest

pytestmark = pytest.mark.browser
CHAPTERS = ["01_race_for_depth", "03_degradation", "04_residual_block", "05_trained_depth"]


def shown_caption(page) -> str:
    return page.locator(".jupyter-widgets figcaption").filter(visible=True).inner_text()


@pytest.fixture(params=CHAPTERS)
def slider(request, open_page):
    page, complaints = open_page(f"notebooks/{request.param}.html")
    handle = page.locator(".jupyter-widgets .noUi-handle")
    handle.wait_for()
    handle.scroll_into_view_if_needed()
    assert complaints == []
    return page, handle


def test_arrow_keys_walk_through_every_frame_and_back(slider):
    page, handle = slider
    first = shown_caption(page)
    handle.focus()
    seen = [first]
    for _ in range(6):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(100)
        if shown_caption(page) != seen[-1]:
            seen.append(shown_caption(page))
    assert len(seen) == len(set(seen)) >= 4
    page.keyboard.press("Home")
    page.wait_for_timeout(100)
    assert shown_caption(page) == first


def test_dragging_the_handle_to_the_right_shows_the_last_frame(slider):
    page, handle = slider
    before = shown_caption(page)
    track = page.locator(".jupyter-widgets .noUi-target").bounding_box()
    box = handle.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"], box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert shown_caption(page) != before


def test_a_slider_has_a_name_and_says_its_value_in_words(slider):
    page, handle = slider
    assert handle.get_attribute("aria-label") in ("depth", "network")
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(100)
    assert handle.get_attribute("aria-valuetext") == page.locator(".jupyter-widgets .widget-readout").inner_text()


def test_one_frame_is_shown_at_a_time(slider):
    page, _ = slider
    assert page.locator(".jupyter-widgets figure.exhibit").filter(visible=True).count() == 1
