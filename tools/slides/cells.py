"""What a chapter's cell becomes in a lecture: slides, speaker's notes, or nothing."""

import re
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

Output = dict[str, Any]  # as nbformat stores it
LEFT_OUT_SECTIONS = ("Exercises", "References")
LEFT_OUT_TAGS = {"setup", "remove-cell"}
HIDDEN_CODE_TAGS = {"hide-input", "remove-input"}
LONG = 9  # lines of code from which the type gets smaller
WORDS = 150  # of a section's prose on its slide, as long as whole paragraphs fit
WIDGET = "application/vnd.jupyter.widget-view+json"
DETAILS = re.compile(r"<details>.*?</details>", re.DOTALL)
HEADING = re.compile(r"^(?=#{1,3} )", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """Blocks of a section: those on its slide, and those in the notes to it."""

    shown: tuple[str, ...]
    notes: tuple[str, ...]


def from_cell(cell: NotebookNode) -> list[NotebookNode]:
    """The slides and notes of a chapter's cell."""
    kind = cell.metadata.get("slideshow", {}).get("slide_type")
    if kind == "skip":
        return []
    if cell.cell_type == "markdown":
        return [slide(cell.source, kind)] if kind else from_prose(cell.source)
    return from_code(cell, kind)


def slide(source: str, kind: str, css_class: str = "") -> NotebookNode:
    """A Markdown cell that is a slide of a kind that reveal.js knows, or notes."""
    text = f'<div class="{css_class}">\n\n{source}\n\n</div>' if css_class else source
    cell = nbformat.v4.new_markdown_cell(text)
    cell.metadata["slideshow"] = {"slide_type": kind}
    return cell


def from_prose(source: str) -> list[NotebookNode]:
    """The slides and notes of the sections of a Markdown cell."""
    made: list[NotebookNode] = []
    for section in HEADING.split(DETAILS.sub("", source)):
        made += from_section(section)
    return made


def from_section(section: str) -> list[NotebookNode]:
    """The slide of one section, and the notes to it."""
    blocks = [block for block in re.split(r"\n\s*\n", section.strip()) if block]
    if not blocks or blocks[0].lstrip("# ").startswith(LEFT_OUT_SECTIONS):
        return []
    if blocks[0].startswith("# "):
        return [slide("\n\n".join(blocks), "slide", "title")]
    parts = divided(blocks)
    made = []
    if parts.shown:
        made.append(slide("\n\n".join(parts.shown), "subslide"))
    if parts.notes:
        made.append(slide("\n\n".join(parts.notes), "notes"))
    return made


def divided(blocks: list[str]) -> Section:
    """Blocks of a section for its slide and for the notes.

    Formulas and tables are always shown. Under a heading, prose is shown as long as it is short,
    and its first paragraph in any case; without a heading, none is.
    """
    shown: list[str] = []
    notes: list[str] = []
    has_heading = blocks[0].startswith("#")
    words = 0
    for number, block in enumerate(blocks):
        is_drawn = block.startswith(("$$", "|"))
        if not is_drawn:
            words += len(block.split())
        is_first = number < 2  # the heading, and the paragraph under it
        is_shown = is_drawn or (has_heading and (is_first or words <= WORDS))
        (shown if is_shown else notes).append(block)
    return Section(tuple(shown), tuple(notes))


def from_code(cell: NotebookNode, kind: str | None) -> list[NotebookNode]:
    """The slide of a code cell, if it is one.

    Args:
        cell: The cell, with its stored outputs.
        kind: What its metadata says that it is.
    """
    outputs = [output for output in cell.outputs if is_worth_showing(output)]
    tags = set(cell.metadata.get("tags", []))
    if tags & LEFT_OUT_TAGS or not (outputs or kind):
        return []
    html = "".join(output.get("data", {}).get("text/html", "") for output in outputs)
    is_prediction = "<fieldset" in html
    made = nbformat.v4.new_code_cell(cell.source, outputs=outputs)
    made.metadata = {
        "slideshow": {"slide_type": kind or ("-" if is_prediction else "subslide")},
        "transient": {"remove_source": bool(tags & HIDDEN_CODE_TAGS) or "<figure" in html},
        "tags": ["long"] if cell.source.count("\n") >= LONG else [],
    }
    return [made]


def is_worth_showing(output: Output) -> bool:
    """Whether an output says something: no warning, no progress bar that has done its work."""
    if output["output_type"] == "stream":
        return output["name"] == "stdout"
    data = output["data"]
    return WIDGET not in data or data["text/plain"].startswith("VBox(")
