"""The PDF that Chromium writes: where its places are, and what must be put right in it."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pikepdf import Dictionary, Name, ObjectStreamMode, Pdf, String


@dataclass(frozen=True)
class Position:
    """Where something is in a PDF: its page, counted from 1, and its height above the page's end.

    Attributes:
        page: Counted from 1.
        height: In points.
    """

    page: int
    height: float


def positions(content: bytes) -> dict[str, Position]:
    """The position of each named place of a PDF."""
    with Pdf.open(io.BytesIO(content)) as pdf:
        numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
        places: Any = pdf.Root.get(Name.Dests, Dictionary())
        located = {}
        for name, place in places.items():
            page, _, _, height, _ = place  # the page, /XYZ, left, top, zoom
            located[name.removeprefix("/")] = Position(numbers[page.objgen], float(height))
        return located


def finished(content: bytes, headings: Sequence[str], author: str) -> bytes:
    """The PDF with its author's name, and an outline that has every heading as it is.

    Chromium gives its own name where the author's belongs. Into the outline it writes a heading at
    the top of a page twice, and one of two lines without the space between them.

    Args:
        content: The PDF as Chromium wrote it.
        headings: The headings of the document, as they are read.
        author: Who made the book.
    """
    by_letters = {letters(heading): heading for heading in headings}
    target = io.BytesIO()
    with Pdf.open(io.BytesIO(content)) as pdf:
        for item in outline(pdf):
            item.Title = String(repaired(str(item.Title), by_letters))
        del pdf.docinfo[Name.Creator]
        pdf.docinfo[Name.Author] = String(author)
        pdf.save(target, object_stream_mode=ObjectStreamMode.generate)
    return target.getvalue()


def outline(pdf: Pdf) -> Iterator[Any]:
    """The entries of a PDF's outline, as dictionaries of pikepdf, in no order."""
    waiting: list[Any] = [pdf.Root.Outlines.First] if Name.Outlines in pdf.Root else []
    while waiting:
        item = waiting.pop()
        yield item
        waiting += [item[key] for key in (Name.Next, Name.First) if key in item]


def repaired(title: str, by_letters: dict[str, str]) -> str:
    """A title of the outline as the document has it.

    Args:
        title: As Chromium wrote it, perhaps without spaces, perhaps twice.
        by_letters: The headings of the document, by their letters.
    """
    written = letters(title)
    half = written[: len(written) // 2]
    if written == half + half and half in by_letters:
        return by_letters[half]
    return by_letters.get(written, title)


def letters(text: str) -> str:
    """A text without its spaces."""
    return "".join(text.split())


def page_count(content: bytes) -> int:
    """How many pages a PDF has."""
    with Pdf.open(io.BytesIO(content)) as pdf:
        return len(pdf.pages)
