"""What a stored notebook says of itself, read as data and never run."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from book.sphinxext.project import ROOT

CHAPTERS = ROOT / "notebooks"
CELL_BEGINS = "iopub.status.busy"  # Jupyter's own clocks
CELL_ENDS = "shell.execute_reply"

Json = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One cell: "markdown" or "code", its source text and its metadata."""

    kind: str
    source: str
    metadata: Json


@dataclass(frozen=True)
class StoredRun:
    """A stored run of a notebook: seconds from its first cell to its last, and the day."""

    seconds: float
    day: str


class Notebook:
    """A notebook file, read when it is first asked for something."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def data(self) -> Json:
        """The file's JSON."""
        data: Json = json.loads(self.path.read_text(encoding="utf-8"))
        return data

    @cached_property
    def cells(self) -> list[Cell]:
        """The cells in their order."""
        return [
            Cell(cell["cell_type"], "".join(cell["source"]), cell["metadata"])
            for cell in self.data["cells"]
        ]

    @property
    def python(self) -> str:
        """The version of Python that ran it."""
        return str(self.data["metadata"]["language_info"]["version"])

    @property
    def prose(self) -> str:
        """All its text."""
        return "\n\n".join(cell.source for cell in self.cells if cell.kind == "markdown")

    @property
    def code(self) -> str:
        """All its code."""
        return "\n".join(cell.source for cell in self.cells if cell.kind == "code")

    def stored_run(self) -> StoredRun | None:
        """How long the stored run took and when it was; None where the cells do not say."""
        starts = list(self._moments(CELL_BEGINS))
        ends = list(self._moments(CELL_ENDS))
        if not starts or not ends:
            return None
        return StoredRun((max(ends) - min(starts)).total_seconds(), f"{max(ends):%Y-%m-%d}")

    def _moments(self, clock: str) -> Iterator[datetime]:
        for cell in self.cells:
            moment = cell.metadata.get("execution", {}).get(clock)
            if moment:
                yield datetime.fromisoformat(moment)


def chapters(folder: Path = CHAPTERS) -> list[Notebook]:
    """The notebooks of the chapters, in their order."""
    return [Notebook(path) for path in sorted(folder.glob("[0-9]*.ipynb"))]
