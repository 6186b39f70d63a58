"""What a browser sees of a page: what it says and shows, what it costs, what axe finds wrong."""

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Route

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
DESK = 1280
NARROW = (640, 390, 320)  # a desk at 200 % zoom, and two phones
COLOURS = ["color-contrast", "link-in-text-block"]
ON_A_PHONE = [*COLOURS, "scrollable-region-focusable", "target-size"]
AXE_RUN = (
    "(only) => axe.run(document, { resultTypes: ['violations'], ...(only && { runOnly: only }) })"
)
WATCH = """
window.seen = { shift: 0, paint: 0, long: [] };
const watch = (type, note) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note))
    .observe({ type, buffered: true });
watch("layout-shift", (e) => { if (!e.hadRecentInput) seen.shift += e.value; });
watch("largest-contentful-paint", (e) => { seen.paint = e.startTime; });
watch("longtask", (e) => seen.long.push([e.startTime, e.duration]));
"""
COST = """() => {
  const first = performance.getEntriesByName("first-contentful-paint")[0].startTime;
  const late = seen.long.filter(([start]) => start >= first)
    .reduce((sum, [, lasts]) => sum + Math.max(0, lasts - 50), 0);
  const all = ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type));
  return { ...seen, blocked: late, bytes: all.reduce((sum, e) => sum + e.encodedBodySize, 0) };
}"""
LOOK = """() => {
  const body = document.querySelector("article")
    ?? document.querySelector(".bd-article-container");
  const all = (css) => [...body.querySelectorAll(css)], seen = (e) => e.offsetParent !== null;
  const begin = (e) => e.outerHTML.slice(0, 120);
  const sized = (i) => i.getAttribute("width") && i.getAttribute("height");
  return {
    text: body.innerText,
    silent: all("img").filter((i) => !(i.alt || "").trim()).map(begin),
    unsized: all("img").filter((i) => !sized(i)).map(begin),
    figures: all("figure.exhibit").filter(seen).length,
    captions: all("figure.exhibit figcaption").filter(seen).length,
    headings: all(":is(h1, h2, h3, h4, h5, h6)").filter(seen).map((h) => +h.tagName[1]),
  };
}"""
SHOWN = "images => images.filter(i => i.offsetParent).map(i => i.className)"
BACKGROUNDS = "boxes => boxes.map(b => getComputedStyle(b).backgroundColor)"
BOXES = (
    "div.cell_output, div.cell_output .text_html, div.cell_output .widget-subarea, "
    "figure.exhibit, .frames"
)
SET_THEME = "(theme) => Object.assign(document.documentElement.dataset, { theme, mode: theme })"
# The theme lets the keyboard into what scrolls a moment after the window has changed.
REACHABLE = """() => [...document.querySelectorAll("pre, .cell_output > .output, " +
  ".pst-scrollable-table-container")].every((e) => e.scrollWidth <= e.clientWidth || !e.tabIndex)"""


@dataclass
class Visit:
    """What one load of a page shows: by day and by night, on a desk and on phones.

    Attributes:
        complaints: Of the page's scripts, and what it asked of others.
        text: What it says.
        silent_pictures: Pictures that do not say what they show.
        unsized_pictures: Pictures that do not say how large they are.
        figures: How many it shows.
        captions: How many captions it shows with them.
        shown: By theme, the classes of the drawings on show.
        boxes: Backgrounds behind outputs, in the dark.
        widths: By the width of the window, the width of the page.
        faults: By theme, and on a phone, what axe finds.
        bytes: What a first visit fetches, compressed.
        shift: Its cumulative layout shift.
        headings: The levels of its headings, in order.
    """

    complaints: list[str]
    text: str = ""
    silent_pictures: list[str] = field(default_factory=list)
    unsized_pictures: list[str] = field(default_factory=list)
    figures: int = 0
    captions: int = 0
    shown: dict[str, list[str]] = field(default_factory=dict)
    boxes: list[str] = field(default_factory=list)
    widths: dict[int, int] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    bytes: int = 0
    shift: float = 0.0
    headings: list[int] = field(default_factory=list)


# A page that was just made narrower lays itself out once more.
SETTLED_WIDTH = """new Promise(tell => setTimeout(
  () => tell(document.documentElement.scrollWidth), 150))"""


def listen(page: Page, site: str) -> list[str]:
    """Complaints of a page from now on; outside requests are refused and noted."""
    complaints: list[str] = []

    def gate(route: Route) -> None:
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


def context(browser: Browser, width: int, theme: str) -> BrowserContext:
    """A reader who has chosen a theme, before a window of a width."""
    chosen = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    chosen.add_init_script(
        f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')"
    )
    return chosen


def axe_faults(page: Page, only: list[str] | None = None) -> list[str]:
    """What axe finds wrong in a page, by all its rules or only by some."""
    violations = page.evaluate(AXE_RUN, only)["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in violations for node in rule["nodes"]]


def visit(browser: Browser, site: str, path: str) -> Visit:
    """Load a page once and look at it in all ways."""
    window = {"width": DESK, "height": 900}
    visiting = browser.new_context(viewport=window, reduced_motion="reduce")
    page = visiting.new_page()
    page.add_init_script(WATCH)
    seen = Visit(listen(page, site))
    page.goto(f"{site}/{path}", wait_until="networkidle")
    read(page, seen)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    look_by_day_and_night(page, seen)
    look_on_phones(page, seen)
    visiting.close()
    return seen


def read(page: Page, seen: Visit) -> None:
    """Note what a page says, and what it cost."""
    found = page.evaluate(LOOK)
    seen.text = found["text"]
    seen.figures = found["figures"]
    seen.captions = found["captions"]
    seen.silent_pictures = found["silent"]
    seen.unsized_pictures = found["unsized"]
    seen.headings = found["headings"]
    cost = page.evaluate(COST)
    seen.bytes = cost["bytes"]
    seen.shift = cost["shift"]


def look_by_day_and_night(page: Page, seen: Visit) -> None:
    """Note the drawings and faults of each theme; in the dark nothing but colours differs."""
    for theme, only in (("light", None), ("dark", COLOURS)):
        page.evaluate(SET_THEME, theme)
        seen.shown[theme] = page.eval_on_selector_all("figure.exhibit img", SHOWN)
        seen.faults[theme] = axe_faults(page, only)
    seen.boxes = page.eval_on_selector_all(BOXES, BACKGROUNDS)


def look_on_phones(page: Page, seen: Visit) -> None:
    """Note how wide the page gets before narrow windows, and the faults in the narrowest."""
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": 900})
        seen.widths[width] = page.evaluate(SETTLED_WIDTH)
    page.wait_for_function(REACHABLE)
    seen.faults["phone"] = axe_faults(page, ON_A_PHONE)
