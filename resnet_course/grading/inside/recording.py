"""What a cell shows while it runs: printed text and errors, in the form in which notebooks keep it."""

import io
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

Output = dict[str, Any]
MOST_MESSAGE = 1_000  # characters of an exception's message
OWN_CELL = "<cell "  # how the labels of a student's cells begin


class Printed(io.TextIOBase):
    """A place to print to that keeps no more than it may."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._parts: list[str] = []

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        kept = text[: self._left]
        self._left -= len(kept)
        self._parts.append(kept)
        return len(text)

    def text(self) -> str:
        """What was printed, as far as it was kept."""
        return "".join(self._parts)


@contextmanager
def printed(most: int) -> Iterator[Printed]:
    """Keeps what is printed, on either stream, up to `most` characters."""
    place = Printed(most)
    with redirect_stdout(place), redirect_stderr(place):
        yield place


def stream(text: str) -> Output:
    """The output of a cell that printed `text`."""
    return {"output_type": "stream", "name": "stdout", "text": text}


def error(name: str, message: str, lines: tuple[str, ...] = ()) -> Output:
    """The output of a cell that failed."""
    last = f"{name}: {message}" if message else name
    return {
        "output_type": "error",
        "ename": name,
        "evalue": message,
        "traceback": [*lines, last],
    }


def failure(fault: BaseException) -> Output:
    """The output of a cell that raised: what, and in which lines of the student's own cells."""
    try:
        message = str(fault)[:MOST_MESSAGE]
    except Exception:  # an exception of the student's own kind may fail to speak
        message = ""
    return error(type(fault).__name__, message, own_lines(fault))


def own_lines(fault: BaseException) -> tuple[str, ...]:
    """The lines of the student's cells that an exception passed through, outermost first."""
    if isinstance(fault, SyntaxError) and fault.lineno:
        return (f"line {fault.lineno}: {(fault.text or '').strip()}",)
    steps = traceback.extract_tb(fault.__traceback__)
    own = [step for step in steps if step.filename.startswith(OWN_CELL)]
    return tuple(f"line {step.lineno}: {step.line}" for step in own)
