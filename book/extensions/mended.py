"""Sphinx extension: every written page is made lighter and more accessible than the theme makes it.

Icons are drawn in the page in place of a script of 1.5 MB that draws them in the browser; scripts wait for the page,
and those a page has no use for are left out; pictures say their size and wait until they come into sight; numbers
stay on one line with what belongs to them; names and roles that the theme gets wrong are put right.

Each function takes a page's HTML and returns it mended; mending twice changes nothing.
"""

import base64
import hashlib
import html
import os
import re
import struct
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import formulas
import pydata_sphinx_theme
import styles
import typesetting
from sphinx.errors import ExtensionError

FONT_AWESOME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static/scripts/fontawesome.js"
ICON = re.compile(r'<(i|span) class="([^"]*\bfa[sbr]? ?[^"]*\bfa-[^"]*)"([^>]*)></\1>')
DRAWING = re.compile(r'src="data:image/svg\+xml,([^"]{1000,})"')
IMAGE = re.compile(r"<img\b[^>]*>")
# A space between a number and its unit, its deviation, or the name of what it counts; not where spaces are code.
TOGETHER = re.compile(
    r"<(script|style|pre|code|textarea)\b.*?</\1>|(?<=[\d>]) (?=%(?!\w))|(?<=\d) (?=± \d)|(?<=±) (?=\d)"
    r"|(?<=\bSec\.) (?=\d)|(?<=\bTable) (?=\d)|(?<=\bFigure) (?=\d)",
    re.S,
)
SCRIPT = re.compile(
    r'[ \t]*<script (?=[^>]*\bsrc=)([^>]*)></script>\n?|[ \t]*<link (?=[^>]*rel="stylesheet")([^>]*)/>\n?'
)

# A file of the theme, and what a page must hold to have a use for it.
USES = {
    "scripts/fontawesome.js": r"(?!)",
    "sphinx-thebe": r"(?!)",
    "togglebutton": r'class="[^"]*(?:\btoggle\b|\bdropdown admonition|admonition dropdown)',
    "sphinx-design": r'class="[^"]*\bsd-',
    "design-tabs": r'class="[^"]*\bsd-tab',
    "copybutton": r"<pre\b",
    "clipboard": r"<pre\b",
    "mystnb": r'class="[^"]*\bcell\b',
    "vendor/embed.js": r"application/vnd\.jupyter\.widget-view",
    "mathjax/tex-chtml": r'class="math ',
    "formulas.css": r'class="formula"',
    "course-charts": r"data-chart=",
}
# The theme's colours before the first paint, though the script that keeps them comes later.
FIRST_COLOURS = (
    "const page = document.documentElement.dataset, dark = matchMedia('(prefers-color-scheme: dark)').matches;"
    "try { page.mode = localStorage.getItem('mode') || 'auto'; } catch { page.mode = 'auto'; }"
    "page.theme = page.mode === 'auto' ? (dark ? 'dark' : 'light') : page.mode;"
)
# What the theme writes, and what a screen reader needs in its place.
FAULTS = {
    r"document\.documentElement\.dataset\.mode = .*?\n.*?dataset\.theme = [^\n]*": FIRST_COLOURS,
    r'<html lang="en"(?! data-theme)': '<html lang="en" data-theme="light"',  # where scripts are off
    r'(<div id="pst-primary-sidebar" class="[^"]*")>': r'\1 role="region" aria-label="The book">',
    r'(<button class="btn search-button-field[^>]*?) aria-label="Search"': r"\1",
    r'<summary aria-label="Toggle hidden content">': "<summary>",
    r' role="doc-biblioentry"': "",
    r'<div role="list" class="citation-list">': '<div class="citation-list">',
    r'<div id="ethical-ad-placement".*?</div>': "",
    r'(<meta name="viewport"[^>]*>)(.*?)<meta name="viewport"[^>]*>(.*?)<meta name="viewport"[^>]*>': r"\1\2\3",
    r'(<a class="headerlink" href="[^"]*" )title="([^"]*)"': r'\1aria-label="\2"',
}


@cache
def outline(name: str, brand: bool) -> tuple[str, str, str]:
    """Width, height and path of an icon of Font Awesome (CC BY 4.0), as the theme's script has them."""
    found = re.findall(rf'["{{,]"?{name}"?:\[(\d+),(\d+),\[[^\]]*\],"\w+","([^"]+)"', FONT_AWESOME.read_text())
    if not found:
        raise ExtensionError(f"the theme asks for an icon named {name} that Font Awesome does not have")
    return found[0 if brand else -1]  # brands come first in the script, then regular outlines, then solid ones


def draw_icons(page: str) -> str:
    def drawn(match: re.Match) -> str:
        tag, names, more = match[1], match[2].split(), match[3]
        style = {name for name in names if re.fullmatch(r"fa[sbr]?|fa-(?:solid|brands|regular|lg|fw)", name)}
        (icon,) = [name.removeprefix("fa-") for name in names if name.startswith("fa-") and name not in style]
        width, height, path = outline(icon, brand=bool(style & {"fab", "fa-brands"}))
        rest = [name for name in names if name not in style and name != f"fa-{icon}"]
        picture = (
            f'<svg viewBox="0 0 {width} {height}" aria-hidden="true"><path fill="currentColor" d="{path}"/></svg>'
        )
        return f'<{tag} class="{" ".join(["icon", *rest])}"{more}>{picture}</{tag}>'

    return ICON.sub(drawn, page)


def leave_out_unused(page: str) -> str:
    """Scripts and styles a page has no use for are left out; the rest wait until the page is there."""
    body = page[page.find("<body") :]

    def needed(match: re.Match) -> str:
        name = re.search(r'(?:src|href)="([^"]*)"', match[0])[1]
        for part, mark in USES.items():
            if part in name and not re.search(mark, body):
                return ""
        waits = match[1] is None or re.search(r"\b(?:defer|async)\b", match[1]) or "documentation_options" in name
        return match[0] if waits else match[0].replace("<script ", "<script defer ", 1)

    return SCRIPT.sub(needed, page)


def size_of(source: str, folder: Path) -> tuple[float, float] | None:
    """Width and height of an SVG or PNG, in a data address or a file; None for others."""
    if source.startswith("data:image/svg+xml,"):
        data = unquote(source[:2_000]).encode()
    elif source.startswith("data:image/png;base64,"):
        data = base64.b64decode(source.split(",", 1)[1][:64])
    elif ":" not in source and (path := folder / unquote(source.split("?")[0])).is_file():
        data = path.read_bytes()[:2_000]
    else:
        return None
    if data.startswith(b"\x89PNG"):
        return struct.unpack(">II", data[16:24])
    box = re.search(rb'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', data)
    return (float(box[1]), float(box[2])) if box else None


def say_sizes(page: str, folder: Path) -> str:
    """Pictures with their width and height: the browser keeps their place before they are there."""

    def sized(match: re.Match) -> str:
        source, width = re.search(r'src="([^"]*)"', match[0]), re.search(r'\bwidth="(\d+)"', match[0])
        if ' height="' in match[0] or not source or not (size := size_of(html.unescape(source[1]), folder)):
            return match[0]
        wide = float(width[1]) if width else size[0]
        new = f'{"" if width else f""" width="{wide:.0f}" """.rstrip()} height="{wide * size[1] / size[0]:.0f}"'
        return re.sub(r"\s*/?>$", f"{new}>", match[0])

    return IMAGE.sub(sized, page)


def own_files(page: str, folder: Path, root: Path) -> str:
    """Drawings of more than a few bytes become files of their own, fetched when they come into sight."""

    def moved(match: re.Match) -> str:
        data = unquote(html.unescape(match[1]))
        path = root / "_images" / f"{hashlib.sha256(data.encode()).hexdigest()[:16]}.svg"
        path.parent.mkdir(exist_ok=True)
        path.write_text(data, encoding="utf-8")
        return f'src="{os.path.relpath(path, folder)}" loading="lazy" decoding="async"'

    return DRAWING.sub(moved, page)


def keep_together(page: str) -> str:
    """No line ends between 57.7 and %, between a mean and its deviation, or between Table and 6."""
    return TOGETHER.sub(lambda match: match[0] if match[1] else "&nbsp;", page)


def right_faults(page: str) -> str:
    for wrong, right in FAULTS.items():
        page = re.sub(wrong, right, page, flags=re.S)
    return page


def mend(page: str, folder: Path, root: Path) -> str:
    """`page`, which lies in `folder` of the book at `root`, mended in all these ways."""
    page = keep_together(leave_out_unused(right_faults(draw_icons(formulas.set_formulas(page)))))
    return own_files(say_sizes(typesetting.typeset(page), folder), folder, root)


def mend_all(app, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        root = Path(app.outdir)
        remove(root / "_static" / "scripts" / "fontawesome.js")
        remove(root / "_static" / "vendor" / "fontawesome")
        paths = [path for path in root.rglob("*.html") if "_static" not in path.parts]
        pages = {path: mend(path.read_text(encoding="utf-8"), path.parent, root) for path in paths}
        for path, page in styles.join(root, pages).items():
            path.write_text(page, encoding="utf-8")


def remove(path: Path) -> None:
    """Delete a file or a folder that no page asks for."""
    if path.is_dir():
        for child in path.iterdir():
            remove(child)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def setup(app) -> dict:
    app.connect("build-finished", mend_all, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
