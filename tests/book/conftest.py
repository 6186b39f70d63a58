"""The built book over http, as a host serves it, and what a page shows and complains of."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from book.sphinxext.project import book_folder
from tests.conftest import cannot_look
from tools import built_book
from tools.browser import serve
from tools.built_book import HTML

AXE = Path(__file__).with_name("vendor") / "axe.min.js"


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Address of the book, served from this machine."""
    try:
        built_book.require()
    except built_book.BookMissing as missing:
        cannot_look(str(missing))
    with serve(HTML, at=book_folder()) as address:
        yield address


def listen(page, site: str) -> list[str]:
    """Complaints of a page from now on; outside requests are refused and noted."""
    complaints = []

    def gate(route):
        if route.request.url.startswith((site, "data:", "blob:")):
            route.continue_()
        else:
            complaints.append(f"asked outside: {route.request.url}")
            route.abort()

    page.route("**/*", gate)
    page.on("console", lambda m: m.type == "error" and complaints.append(f"console: {m.text}"))
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    page.on("response", lambda r: r.status >= 400 and complaints.append(f"{r.status}: {r.url}"))
    return complaints


@pytest.fixture
def open_page(browser, site):
    """open_page(path, width=1280, theme="light") -> (page, complaints); outside requests are refused and noted."""
    contexts = []

    def open_(path: str, width: int = 1280, theme: str = "light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        contexts.append(context)
        context.add_init_script(
            f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')"
        )
        page = context.new_page()
        complaints = listen(page, site)
        page.goto(f"{site}/{path}", wait_until="networkidle")
        return page, complaints

    yield open_
    for context in contexts:
        context.close()


@dataclass
class Visit:
    """What one load of a page shows: by day and by night, on a desk and on two phones."""

    complaints: list[str]
    text: str = ""
    silent_pictures: list[str] = field(default_factory=list)
    unsized_pictures: list[str] = field(default_factory=list)
    figures: int = 0
    captions: int = 0
    shown: dict[str, list[str]] = field(
        default_factory=dict
    )  # theme -> classes of the drawings on show
    boxes: list[str] = field(default_factory=list)  # backgrounds behind outputs, in the dark
    widths: dict[int, int] = field(default_factory=dict)  # of the window -> of the page
    faults: dict[str, list[str]] = field(default_factory=dict)  # theme -> what axe finds
    bytes: int = 0  # that a first visit fetches, compressed
    shift: float = 0.0  # cumulative layout shift
    headings: list[int] = field(default_factory=list)


WATCH = """
window.seen = { shift: 0, paint: 0, long: [] };
const watch = (type, note) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
watch("layout-shift", (e) => { if (!e.hadRecentInput) seen.shift += e.value; });
watch("largest-contentful-paint", (e) => { seen.paint = e.startTime; });
watch("longtask", (e) => seen.long.push([e.startTime, e.duration]));
"""
TOLD = """() => {
  const first = performance.getEntriesByName("first-contentful-paint")[0].startTime;
  const late = seen.long.filter(([start]) => start >= first)
    .reduce((sum, [, lasts]) => sum + Math.max(0, lasts - 50), 0);
  const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return { ...seen, blocked: late, bytes: all.reduce((sum, e) => sum + e.encodedBodySize, 0) };
}"""
LOOK = """() => {
  const body = document.querySelector("article") ?? document.querySelector(".bd-article-container");
  const all = (css) => [...body.querySelectorAll(css)], seen = (e) => e.offsetParent !== null;
  return {
    text: body.innerText,
    silent: all("img").filter((i) => !(i.alt || "").trim()).map((i) => i.outerHTML.slice(0, 120)),
    unsized: all("img").filter((i) => !i.getAttribute("width") || !i.getAttribute("height"))
      .map((i) => i.outerHTML.slice(0, 120)),
    figures: all("figure.exhibit").filter(seen).length,
    captions: all("figure.exhibit figcaption").filter(seen).length,
    headings: all(":is(h1, h2, h3, h4, h5, h6)").filter(seen).map((h) => +h.tagName[1]),
  };
}"""
SHOWN = "images => images.filter(i => i.offsetParent).map(i => i.className)"
BOXES = "div.cell_output, div.cell_output .text_html, div.cell_output .widget-subarea, figure.exhibit, .frames"
COLOURS = ["color-contrast", "link-in-text-block"]
RULES = (
    "(only) => axe.run(document, { resultTypes: ['violations'], ...(only && { runOnly: only }) })"
)


def axe_faults(page, only: list[str] | None = None) -> list[str]:
    found = page.evaluate(RULES, only)["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


@pytest.fixture(scope="session")
def visit(browser, site):
    """visit(path) -> Visit, from one load of the page; a second call does not load it again."""
    rules = AXE.read_text(encoding="utf-8")

    @functools.cache
    def look(path: str) -> Visit:
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
        )
        page = context.new_page()
        page.add_init_script(WATCH)
        seen = Visit(listen(page, site))
        page.goto(f"{site}/{path}", wait_until="networkidle")
        told = page.evaluate(LOOK)
        seen.text, seen.figures, seen.captions = told["text"], told["figures"], told["captions"]
        seen.silent_pictures, seen.unsized_pictures, seen.headings = (
            told["silent"],
            told["unsized"],
            told["headings"],
        )
        cost = page.evaluate(TOLD)
        seen.bytes, seen.shift = cost["bytes"], cost["shift"]
        page.evaluate(rules)
        for theme, only in (("light", None), ("dark", COLOURS)):  # nothing else differs in the dark
            page.evaluate(
                f"document.documentElement.dataset.theme = document.documentElement.dataset.mode = '{theme}'"
            )
            seen.shown[theme] = page.eval_on_selector_all("figure.exhibit img", SHOWN)
            seen.faults[theme] = axe_faults(page, only)
        seen.boxes = page.eval_on_selector_all(
            BOXES, "b => b.map(b => getComputedStyle(b).backgroundColor)"
        )
        for width in (640, 390, 320):  # 640 wide is a desk of 1280 at 200 % zoom
            page.set_viewport_size({"width": width, "height": 900})
            seen.widths[width] = page.evaluate("document.documentElement.scrollWidth")
        page.wait_for_timeout(
            700
        )  # the theme lets the keyboard into what scrolls a moment after the window has changed
        seen.faults["phone"] = axe_faults(
            page, [*COLOURS, "scrollable-region-focusable", "target-size"]
        )
        context.close()
        return seen

    return look
