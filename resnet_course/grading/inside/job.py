"""What the host asks of a sandbox: one submission's cells, and how to treat them.

The course's own cells come compiled, so that no text of a hidden test is ever in the sandbox.
"""

import base64
import marshal
from dataclasses import asdict, dataclass
from types import CodeType
from typing import Any

from ..limits import Limits


@dataclass(frozen=True)
class Cell:
    """A cell to run before any test: a student's, as text, or the course's own, compiled.

    Attributes:
        label: what tracebacks call it.
        source: the text of a student's cell.
        code: the course's own cell, packed; "" for a student's.
    """

    label: str
    source: str = ""
    code: str = ""


@dataclass(frozen=True)
class Job:
    """One submission.

    Attributes:
        setup: the assignment's set-up cells, packed.
        cells: the cells to run, in the student's order.
        stubs: each task's answer as it was handed out.
        fenced: whether code that reaches outside is kept away from the tests.
        mapped: KiB that the process has mapped after its imports; the host measures it.
    """

    setup: tuple[str, ...]
    cells: tuple[Cell, ...]
    stubs: dict[str, str]
    fenced: bool
    limits: Limits
    mapped: int = 0

    def packed(self) -> dict[str, Any]:
        """The job as a message."""
        return asdict(self)


def unpacked(message: dict[str, Any]) -> Job:
    """The job in a message."""
    cells = tuple(Cell(**cell) for cell in message["cells"])
    return Job(
        setup=tuple(message["setup"]),
        cells=cells,
        stubs=message["stubs"],
        fenced=message["fenced"],
        limits=Limits(**message["limits"]),
        mapped=message["mapped"],
    )


@dataclass(frozen=True)
class Item:
    """A check or a test: compiled, with a word that only its own process learns.

    Attributes:
        name: the name of the cell.
        code: the cell, packed.
        nonce: the word that the outcome must bear.
    """

    name: str
    code: str
    nonce: str

    def packed(self) -> dict[str, Any]:
        """The item as a message."""
        return asdict(self)


def pack(code: CodeType) -> str:
    """Compiled code as text."""
    return base64.b64encode(marshal.dumps(code)).decode()


def unpack(text: str) -> CodeType:
    """The code that `pack` packed."""
    code: CodeType = marshal.loads(base64.b64decode(text))
    return code
