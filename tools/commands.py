"""Run other programs, and say what they said when they fail."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools import ToolError

UV = (sys.executable, "-m", "uv")  # the one of our own environment
LAST_CHARACTERS = 3000  # of a failing program's output: its end says what went wrong


def output_of(
    *command: str | Path, folder: Path | None = None, variables: Mapping[str, str] | None = None
) -> str:
    """What a command prints.

    Args:
        command: The program and its arguments.
        folder: Where it runs; None stands for the present folder.
        variables: All of its environment; None stands for our own.

    Raises:
        ToolError: It could not be started, or ended with a status other than 0.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, cwd=folder, env=variables, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise ToolError(f"{words[0]} is needed here, and not installed") from None
    if done.returncode:
        end = (done.stdout + done.stderr)[-LAST_CHARACTERS:]
        raise ToolError(f"{' '.join(words)} ended with status {done.returncode}:\n{end}")
    return done.stdout
