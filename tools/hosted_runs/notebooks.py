"""Execute notebooks in another environment, and the set-up cell twice."""

import json
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tools import ToolError
from tools.hosted_runs.places import Environment

Cell = dict[str, Any]  # as nbformat stores it
KERNEL = "--ExecutePreprocessor.kernel_name=python3"
TIME_LIMIT = "--ExecutePreprocessor.timeout=600"
LAST_CHARACTERS = 3000


@dataclass(frozen=True)
class Execution:
    """How a notebook ran: for how long, and what went wrong ("" where nothing did)."""

    seconds: float
    error: str


@dataclass(frozen=True)
class SetUp:
    """Seconds that the set-up cell takes on a new machine, and when it runs again."""

    first: float
    again: float


def execute(notebook: Path, environment: Environment, more: dict[str, str]) -> Execution:
    """Run a notebook in place.

    Args:
        notebook: The file; its outputs are stored in it.
        environment: Where it runs.
        more: Variables besides the environment's.
    """
    convert = (environment.python, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace")
    command = [*convert, notebook, KERNEL, TIME_LIMIT]
    variables = environment.variables | more
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=notebook.parent, env=variables, capture_output=True, text=True, check=False
    )
    error = done.stderr[-LAST_CHARACTERS:] if done.returncode else ""
    return Execution(time.monotonic() - started, error)


def set_up_twice(chapter: Path, environment: Environment, more: dict[str, str]) -> SetUp:
    """Run a chapter's set-up cell in a new notebook, and run it again.

    Raises:
        ToolError: It failed, or replaced a package that was there before.
    """
    notebook = chapter.with_name("set-up.ipynb")
    notebook.write_text(json.dumps(set_up_only(json.loads(chapter.read_text(encoding="utf-8")))))
    before = environment.packages()
    ran = execute(notebook, environment, more)
    if ran.error:
        raise ToolError(f"the set-up cell fails:\n{ran.error}")
    after = environment.packages()
    if replaced := [line for line in before if line not in after]:
        raise ToolError(f"the set-up cell replaced {', '.join(replaced)}")
    first, again = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return SetUp(seconds(first), seconds(again))


def set_up_only(notebook: dict[str, Any]) -> dict[str, Any]:
    """A notebook with nothing but the set-up cell of the one given, twice."""
    cells: list[Cell] = notebook["cells"]
    set_up = next(cell for cell in cells if "setup" in cell["metadata"].get("tags", []))
    twice = [set_up | {"id": name, "outputs": []} for name in ("first", "again")]
    return notebook | {"cells": twice}


def seconds(cell: Cell) -> float:
    """How long a cell of an executed notebook took."""
    times = cell["metadata"]["execution"]
    started = datetime.fromisoformat(times["iopub.execute_input"])
    ended = datetime.fromisoformat(times["shell.execute_reply"])
    return (ended - started).total_seconds()
