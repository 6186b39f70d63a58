"""What the heaviest chapter costs on a phone of the middle range; test_pages.py counts bytes.

The phone: this machine's processor slowed fourfold, a network of 9 Mbit/s with 165 ms to an answer
(what Chromium's tools call fast 4G), nothing in the cache. A machine that does other things at the
same time only ever adds to a time, so the best of several loads is held against the budget: a page
that never meets it is too slow.
"""

import pytest

from tests.book.looking import COST, WATCH
from tools.browser import response
from tools.built_book import HTML, pages

pytestmark = pytest.mark.browser
CHAPTERS = [page for page in pages() if page.startswith("notebooks/")]
LOADS = 10


def load_slowly(browser, site: str, path: str) -> dict:
    """One first visit on that phone: what it painted when, what moved, what blocked."""
    context = browser.new_context(viewport={"width": 412, "height": 823})
    page = context.new_page()
    page.add_init_script(WATCH)
    tools = context.new_cdp_session(page)
    network = {
        "downloadThroughput": 9e6 / 8,
        "uploadThroughput": 1.5e6 / 8,
        "latency": 165,
        "offline": False,
    }
    tools.send("Network.emulateNetworkConditions", network)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(f"{site}/{path}", wait_until="load")
    page.wait_for_timeout(1_500)
    told = page.evaluate(COST)
    context.close()
    return told


def weight(path: str) -> int:
    return len(response(HTML / path).body)


def test_the_heaviest_chapter_is_quick_on_a_phone_of_the_middle_range(browser, site):
    heaviest = max(CHAPTERS, key=weight)
    best = {"paint": float("inf"), "blocked": float("inf"), "shift": float("inf")}
    for _ in range(LOADS):
        told = load_slowly(browser, site, heaviest)
        best = {name: min(value, told[name]) for name, value in best.items()}
        if best["paint"] <= 1_500 and best["blocked"] <= 200:
            break
    assert best["paint"] <= 1_500, best
    assert best["blocked"] <= 200, best
    assert best["shift"] <= 0.02, best


def test_pages_with_every_figure_in_sight_stay_below_the_budget():
    """A reader who scrolls to the end has fetched all drawings of one theme."""
    for path in CHAPTERS:
        page = (HTML / path).read_text(encoding="utf-8")
        drawings = {part.split('"')[0] for part in page.split('src="../_images/')[1:]}
        assert (
            weight(path) + sum(len(response(HTML / "_images" / name).body) for name in drawings)
            <= 1_500_000
        ), path
