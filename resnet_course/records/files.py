"""Files written whole or not at all, and files from outside read within bounds."""

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@contextmanager
def atomic_write(path: Path) -> Generator[Path]:
    """A scratch file beside `path` that takes its place when the `with` ends well.

    Readers see the old file or the new one, never half. The scratch file vanishes when the `with`
    ends badly; one that a killed process left behind is removed by the next writer of `path`.
    Raises OSError, the old file untouched, where the folder cannot be written or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    scratch = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        yield scratch
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def remove_leftovers(path: Path) -> None:
    """Remove scratch files of `path` whose writers no longer live."""
    prefix = f".{path.name}."
    for leftover in path.parent.iterdir():
        pid = leftover.name.removeprefix(prefix).partition("-")[0]
        if leftover.name.startswith(prefix) and pid.isdecimal() and not _lives(int(pid)):
            with suppress(OSError):
                leftover.unlink()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # somebody else's process, or no number of a process: leave it alone
    return True


def read_bounded(path: Path, limit: int) -> bytes:
    """Content of a regular file of at most `limit` bytes.

    Raises FileNotFoundError where there is none, ValueError where it is a folder, a pipe or a
    device (which would block the reader), or too large.
    """
    status = path.stat()
    if not path.is_file():
        raise ValueError("it is not a regular file")
    if status.st_size > limit:
        size = f"{status.st_size:,} bytes"
        raise ValueError(f"it has {size}, more than the {limit:,} that one may have")
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"it has grown beyond the {limit:,} bytes that one may have")
    return content


def printable(text: object, limit: int = 80) -> str:
    """Text from outside, safe to print on a terminal: no control characters, of bounded length."""
    letters = [letter if letter.isprintable() else REPLACEMENT for letter in str(text)]
    shown = "".join(letters)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
