"""Make a lecture of each part of the book from its chapters' cells: python .ci/slides.py [PART …] into _build/slides.

Nothing is executed and nothing written twice; the cells are the chapters' own, as they are stored. A heading begins
a slide and brings the first words of its section, with its formulas and tables; the other prose becomes the speaker's
notes (key S). A code cell that shows something is a slide; its code is left out where the book hides it and where it
only draws. Cells without output are left out, and set-up, claims, exercises and references. Where a chapter wants it
otherwise, a cell's metadata says so as in any notebook: {"slideshow": {"slide_type": …}} with "slide", "subslide",
"fragment", "-", "notes" or "skip".
"""

import re
import shutil
import sys
from pathlib import Path

import nbformat
import yaml
from nbconvert import SlidesExporter

ROOT = Path(__file__).parents[1]
OUT = ROOT / "_build" / "slides"
ASSETS = ("vendor/reveal", "vendor/mathjax", "vendor/embed.js", "course.js")
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
LEFT_OUT = ("Exercises", "References")
LONG = 9  # lines of code from which the type gets smaller
WORDS = 150  # of a section's prose on its slide, as long as whole paragraphs fit


def parts() -> dict[str, list[Path]]:
    """Captions of the book's parts that have chapters, and their notebooks."""
    listed = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    files = {part["caption"]: [ROOT / f"{entry['file']}.ipynb" for entry in part["chapters"]] for part in listed}
    chapters = {caption: [path for path in paths if path.exists()] for caption, paths in files.items()}
    return {caption: paths for caption, paths in chapters.items() if paths}


def slide(source: str, kind: str, classes: str = "") -> dict:
    """A Markdown cell that is a slide of that kind, or notes."""
    cell = nbformat.v4.new_markdown_cell(f'<div class="{classes}">\n\n{source}\n\n</div>' if classes else source)
    cell.metadata["slideshow"] = {"slide_type": kind}
    return cell


def from_markdown(source: str, kind: str | None) -> list[dict]:
    """Slides and notes of one Markdown cell; `kind` is what its metadata says."""
    if kind:
        return [slide(source, kind)]
    made = []
    for section in re.split(r"^(?=#{1,3} )", re.sub(r"<details>.*?</details>", "", source, flags=re.S), flags=re.M):
        blocks = [block for block in re.split(r"\n\s*\n", section.strip()) if block]
        if not blocks or blocks[0].lstrip("# ").startswith(LEFT_OUT):
            continue
        if blocks[0].startswith("# "):
            made.append(slide("\n\n".join(blocks), "slide", "title"))
            continue
        shown, rest = shown_and_told(blocks)
        made += [slide("\n\n".join(shown), "subslide")] if shown else []
        made += [slide("\n\n".join(rest), "notes")] if rest else []
    return made


def shown_and_told(blocks: list[str]) -> tuple[list[str], list[str]]:
    """Blocks of a section for its slide and for the notes; one without a heading shows formulas and tables only."""
    shown, rest, words = [], [], 0 if blocks[0].startswith("#") else WORDS
    for number, block in enumerate(blocks):
        words += 0 if block.startswith(("$$", "|")) else len(block.split())
        fits = words <= WORDS or block.startswith(("$$", "|")) or (number < 2 and blocks[0].startswith("#"))
        (shown if fits else rest).append(block)
    return shown, rest


def shows(output: dict) -> bool:
    """Whether an output says something in a lecture: no warnings, no progress bars that have done their work."""
    if output["output_type"] == "stream":
        return output["name"] == "stdout"
    return VIEW not in output["data"] or output["data"]["text/plain"].startswith("VBox(")


def from_code(cell: dict) -> list[dict]:
    """The slide of a code cell, if it is one."""
    tags, kind = cell.metadata.get("tags", []), cell.metadata.get("slideshow", {}).get("slide_type")
    cell.outputs = [output for output in cell.outputs if shows(output)]
    if {"setup", "remove-cell"} & set(tags) or not (cell.outputs or kind):
        return []
    page = "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)
    prediction = "<fieldset" in page
    hidden = bool({"hide-input", "remove-input"} & set(tags)) or "<figure" in page
    cell.metadata = {
        "slideshow": {"slide_type": kind or ("-" if prediction else "subslide")},
        "transient": {"remove_source": hidden},
        "tags": ["long"] if cell.source.count("\n") >= LONG else [],
    }
    return [cell]


def lecture(caption: str, paths: list[Path]) -> nbformat.NotebookNode:
    """One notebook of all slides of a part."""
    chapters = [nbformat.read(path, 4) for path in paths]
    titles = [chapter.cells[0].source.splitlines()[0].lstrip("# ") for chapter in chapters]
    contents = "\n".join(f"{number}. {title}" for number, title in enumerate(titles, 1))
    cells = [slide(f"# {caption}\n\n{contents}", "slide", "title")]
    state = {}
    for chapter in chapters:
        for cell in chapter.cells:
            kind = cell.metadata.get("slideshow", {}).get("slide_type")
            if kind != "skip":
                cells += from_markdown(cell.source, kind) if cell.cell_type == "markdown" else from_code(cell)
        state |= chapter.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    whole = nbformat.v4.new_notebook(cells=cells)
    whole.metadata = {"title": caption, "widgets": {STATE: {"state": state, "version_major": 2, "version_minor": 0}}}
    return whole


def build(caption: str, paths: list[Path], out: Path = OUT) -> Path:
    """Write the lecture of a part, and beside it what it needs; returns its page."""
    out.mkdir(parents=True, exist_ok=True)
    for name in ASSETS:
        source, target = ROOT / "book" / "assets" / name, out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target, dirs_exist_ok=True) if source.is_dir() else shutil.copy(source, target)
    for source in (ROOT / "book" / "slides").glob("slides.*"):
        shutil.copy(source, out)
    for source in (ROOT / "book" / "assets" / "vendor").glob("*.woff2"):
        shutil.copy(source, out / "vendor")
    exporter = SlidesExporter(template_name="slides", extra_template_basedirs=[str(ROOT / "book")])
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    html, _ = exporter.from_notebook_node(lecture(caption, paths))
    page = out / f"{re.sub(r'[^a-z]+', '-', caption.lower()).strip('-')}.html"
    page.write_text(html, encoding="utf-8")
    return page


def main(wanted: list[str]) -> None:
    every = parts()
    if unknown := set(wanted) - set(every):
        raise SystemExit(f"no part is called {', '.join(unknown)}; there are: {'; '.join(every)}")
    pages = {caption: build(caption, paths) for caption, paths in every.items() if not wanted or caption in wanted}
    links = "".join(f'<li><a href="{page.name}">{caption}</a></li>' for caption, page in pages.items())
    head = '<meta charset="utf-8"><title>Lectures</title><link rel="stylesheet" href="slides.css">'
    body = f'<body class="reveal" style="margin: 2em"><h1>Lectures</h1><ol>{links}</ol></body>'
    (OUT / "index.html").write_text(f'<!DOCTYPE html><html lang="en"><head>{head}</head>{body}</html>\n')
    print(f"The lectures: {OUT / 'index.html'}")


if __name__ == "__main__":
    main(sys.argv[1:])
