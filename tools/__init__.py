"""Programs that make, check and publish the course; each is run as `python -m tools.NAME`."""

from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]


class ToolError(Exception):
    """A program cannot do what it was asked to; the words of the error say what to do about it."""


def run(main: Callable[[], None]) -> None:
    """Run a program's main function; a ToolError ends it with one sentence and exit status 1."""
    try:
        main()
    except ToolError as error:
        raise SystemExit(str(error)) from None
