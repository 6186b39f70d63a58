"""A part of the book as one notebook of slides, and that as a page with all it needs beside it."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode

from tools import ROOT
from tools.slides import cells

BOOK = ROOT / "book"
ASSETS = ("vendor/reveal", "vendor/mathjax", "vendor/embed.js", "course.js")
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def notebook(caption: str, paths: Sequence[Path]) -> NotebookNode:
    """All slides of a part, one chapter after the other."""
    chapters = [stored(path) for path in paths]
    slides = [title_slide(caption, chapters)]
    state: dict[str, Any] = {}
    for chapter in chapters:
        for cell in chapter.cells:
            slides += cells.from_cell(cell)
        state |= chapter.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    made = nbformat.v4.new_notebook(cells=slides)
    widgets = {WIDGET_STATE: {"state": state, "version_major": 2, "version_minor": 0}}
    made.metadata = {"title": caption, "widgets": widgets}
    return made


def stored(path: Path) -> NotebookNode:
    """A notebook as it is stored."""
    read: Any = nbformat.read(path, as_version=4)  # nbformat declares no type, and returns this
    return read


def title_slide(caption: str, chapters: Sequence[NotebookNode]) -> NotebookNode:
    """The first slide of a lecture: what its part is called, and the titles of the chapters."""
    titles = [chapter.cells[0].source.splitlines()[0].lstrip("# ") for chapter in chapters]
    contents = "\n".join(f"{number}. {title}" for number, title in enumerate(titles, 1))
    return cells.slide(f"# {caption}\n\n{contents}", "slide", "title")


def write(caption: str, paths: Sequence[Path], out: Path) -> Path:
    """Write the lecture of a part into a folder, and beside it what its page needs.

    Args:
        caption: The part's.
        paths: Its notebooks.
        out: The folder, made where it is missing.

    Returns:
        The page.
    """
    copy_assets(out)
    exporter = SlidesExporter(template_name="slides", extra_template_basedirs=[str(BOOK)])
    exporter.exclude_input_prompt = True
    exporter.exclude_output_prompt = True
    html, _ = exporter.from_notebook_node(notebook(caption, paths))
    page = out / file_name(caption)
    page.write_text(html, encoding="utf-8")
    return page


def file_name(caption: str) -> str:
    """What the page of a part is called: its caption in small letters and hyphens."""
    return re.sub(r"[^a-z]+", "-", caption.lower()).strip("-") + ".html"


def copy_assets(out: Path) -> None:
    """Copy what the page of a lecture needs into a folder, so that it asks for nothing outside."""
    assets = BOOK / "assets"
    for name in ASSETS:
        source = assets / name
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
    for source in (BOOK / "slides").glob("slides.*"):
        shutil.copy(source, out)
    for source in (assets / "vendor").glob("*.woff2"):
        shutil.copy(source, out / "vendor")
