"""Whatever was handed in, read as a notebook: cells with a kind, a text and perhaps a name.

Nothing about a student's file is believed. What cannot be used is passed over, and what comes out can be
written, compared and shown without further care.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_BYTES = 50 << 20
MOST_CELLS = 2_000
MOST_CHARACTERS = 200_000  # in a cell
KINDS = ("code", "markdown", "raw")


class Unreadable(ValueError):
    """A file that is no notebook; the message says why, for its author."""


@dataclass(frozen=True)
class Cell:
    """A submitted cell. `names` are those it may claim: nbgrader's and its id, none of them believed."""

    kind: str
    source: str
    names: tuple[str, ...] = ()


def clean(text: str) -> str:
    """The text without what no file can hold: half characters (lone surrogates) and zero bytes."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


def read(path: Path) -> tuple[Cell, ...]:
    """The cells of a notebook. Raises Unreadable with the reason where there are none to be had."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Unreadable(f"it is larger than {MOST_BYTES >> 20} MiB")
        data = path.read_bytes()
    except OSError as fault:
        raise Unreadable(f"it cannot be opened: {fault.strerror}") from None
    return parse(data)


def parse(data: bytes) -> tuple[Cell, ...]:
    """The cells in a notebook's bytes. Raises Unreadable."""
    try:
        raw = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("it is no text, so it is no notebook") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply to be a notebook") from None
    except ValueError as fault:
        raise Unreadable(f"it is no notebook, or a part of one: {clean(str(fault))}") from None
    cells = raw.get("cells") if isinstance(raw, dict) else None
    if isinstance(raw, dict) and isinstance(raw.get("worksheets"), list):
        raise Unreadable("it is in a format from before 2014; open it in Jupyter and save it")
    if not isinstance(cells, list):
        raise Unreadable("it is no notebook: it has no list of cells")
    read_cells = (_cell(cell) for cell in cells[:MOST_CELLS])
    return tuple(cell for cell in read_cells if cell is not None)


def _cell(raw: Any) -> Cell | None:
    if not isinstance(raw, dict) or raw.get("cell_type") not in KINDS:
        return None
    source = raw.get("source")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        return None
    return Cell(raw["cell_type"], clean(source[:MOST_CHARACTERS]), _names(raw))


def _names(raw: dict[str, Any]) -> tuple[str, ...]:
    metadata = raw.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    claimed = (marks.get("grade_id") if isinstance(marks, dict) else None, raw.get("id"))
    return tuple(dict.fromkeys(clean(name) for name in claimed if isinstance(name, str) and name))
