"""Set every formula of the built book once, with the vendored MathJax in Chromium.

python -m tools.formulas

Writes book/formulas.json (what MathJax makes of each TeX, with MathML for screen readers) and, with
the glyphs they use, book/assets/formulas.css. Readers then need no script for a formula, and no
page moves while one is set.
"""

import json
import re
from dataclasses import astuple, dataclass
from pathlib import Path

from bs4 import BeautifulSoup, SoupStrainer, Tag
from playwright.sync_api import Page

from tools import ROOT, built_book, run
from tools.browser import chromium

TYPESET = ROOT / "book" / "formulas.json"
STYLE = ROOT / "book" / "assets" / "formulas.css"
SCRIPT = Path(__file__).with_suffix(".js")
MATHJAX = ROOT / "book" / "assets" / "vendor" / "mathjax" / "tex-chtml.js"
SETTINGS = {
    "chtml": {"fontURL": "vendor/mathjax/output/chtml/fonts/woff-v2"},
    "startup": {"typeset": False},
    "options": {"enableMenu": False},
}
FORMULAS = SoupStrainer(class_=re.compile(r"\b(math|formula)\b"))
DELIMITER = 2  # characters on either side of a formula that is not set: \( \) or \[ \]


@dataclass(frozen=True, order=True)
class Formula:
    """A formula as the author wrote it, and whether it stands on a line of its own."""

    tex: str
    is_display: bool


@dataclass(frozen=True)
class TypesetFormulas:
    """What MathJax makes of formulas: HTML by "display" or "inline" and by TeX, and their style."""

    html: dict[str, dict[str, str]]
    css: str


def used(page: str) -> set[Formula]:
    """The formulas of a built page: those that are set already, and those left to MathJax."""
    marked = BeautifulSoup(page, "html.parser", parse_only=FORMULAS)
    typeset = {already_set(element) for element in marked.select(".formula[data-tex]")}
    unset = {not_yet_set(element) for element in marked.select(".math.notranslate")}
    return typeset | unset


def already_set(element: Tag) -> Formula:
    """The formula that was put into a page beforehand."""
    return Formula(str(element["data-tex"]), element["data-display"] == "true")


def not_yet_set(element: Tag) -> Formula:
    r"""The formula that Sphinx left in a page as \(...\), or as \[...\] where it is a display."""
    text = element.get_text().strip()
    return Formula(text[DELIMITER:-DELIMITER].strip(), text.startswith(r"\["))


def typeset_by_mathjax(page: Page, formulas: list[Formula]) -> TypesetFormulas:
    """Set formulas in an empty page of a browser."""
    page.add_script_tag(content=f"window.MathJax = {json.dumps(SETTINGS)}")
    page.add_script_tag(path=MATHJAX)
    pairs = [astuple(formula) for formula in formulas]
    answer = page.evaluate(SCRIPT.read_text(encoding="utf-8"), pairs)
    return TypesetFormulas(answer["typeset"], answer["css"].strip())


def main() -> None:
    """Set the formulas of all pages, and write what came of it."""
    built_book.require()
    formulas: set[Formula] = set()
    for path in sorted(built_book.HTML.rglob("*.html")):
        formulas |= used(path.read_text(encoding="utf-8"))
    with chromium() as browser:
        made = typeset_by_mathjax(browser.new_page(), sorted(formulas))
    text = json.dumps(made.html, indent=0, ensure_ascii=False, sort_keys=True)
    TYPESET.write_text(f"{text}\n", encoding="utf-8")
    STYLE.write_text(f"/* Made by tools/formulas.py */\n{made.css}\n", encoding="utf-8")
    print(f"{len(formulas)} formulas in {TYPESET.relative_to(ROOT)}")


if __name__ == "__main__":
    run(main)
