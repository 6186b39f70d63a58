"""Icons drawn in the page, in place of a script of 1.5 MB that draws them in the browser."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pydata_sphinx_theme
from bs4 import BeautifulSoup, Tag
from sphinx.errors import ExtensionError

from book.sphinxext.html.tree import classes

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
FONT_AWESOME = THEME / "scripts" / "fontawesome.js"
FAMILIES = {"fa", "fas", "far", "fab", "fa-solid", "fa-regular", "fa-brands"}
BRANDS = {"fab", "fa-brands"}
SIZES = {"fa-lg", "fa-fw"}


@dataclass(frozen=True)
class Outline:
    """The path of an icon and the box that it is drawn in."""

    width: str
    height: str
    path: str


@cache
def outline(name: str, brand: bool) -> Outline:
    """An icon of Font Awesome (CC BY 4.0), as the theme's script has it.

    Raises:
        ExtensionError: there is no icon of that name.
    """
    entry = rf'["{{,]"?{name}"?:\[(\d+),(\d+),\[[^\]]*\],"\w+","([^"]+)"'
    drawn = re.findall(entry, FONT_AWESOME.read_text(encoding="utf-8"))
    if not drawn:
        raise ExtensionError(
            f"the theme asks for an icon named {name} that Font Awesome does not have"
        )
    # The script has brands first, then regular outlines, then solid ones.
    return Outline(*(drawn[0] if brand else drawn[-1]))


def icons(page: BeautifulSoup) -> Iterator[Tag]:
    """The empty elements that stand for an icon."""
    for element in page.find_all(["i", "span"]):
        names = set(classes(element))
        if names & FAMILIES and not element.contents:
            yield element


def draw_icons(page: BeautifulSoup) -> None:
    """Put the drawing of every icon into its place."""
    for element in list(icons(page)):
        names = classes(element)
        (icon,) = [one for one in names if one.startswith("fa-") and one not in FAMILIES | SIZES]
        drawn = outline(icon.removeprefix("fa-"), brand=bool(BRANDS & set(names)))
        own = [one for one in names if one not in {icon, *FAMILIES, *SIZES}]
        element["class"] = " ".join(["icon", *own])
        element.append(picture(page, drawn))


def picture(page: BeautifulSoup, drawn: Outline) -> Tag:
    """An outline as SVG, in the colour of the text around it."""
    box = f"0 0 {drawn.width} {drawn.height}"
    drawing = page.new_tag("svg", attrs={"viewBox": box, "aria-hidden": "true"})
    drawing.append(page.new_tag("path", attrs={"fill": "currentColor", "d": drawn.path}))
    return drawing
