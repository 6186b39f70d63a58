"""Where, when and with what a run was made, so that it can be traced to code and made again."""

import ast
import hashlib
import os
import platform
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
# What decides the numbers of a run, beside what a study measures for itself.
DECIDING = ("recipes.py", "networks", "data", "probes", "training")


@dataclass(frozen=True)
class Clock:
    """When something began: the date, and the readings of two clocks in seconds."""

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)


def source_address(study_files: Sequence[Path] = ()) -> str:
    """Address of the code that decides a run's numbers, from its content; needs no git.

    Comments, docstrings and layout do not count. `study_files`: code of a study that measures.
    """
    digest = hashlib.sha256()
    for path in (*_deciding_files(), *sorted(study_files)):
        digest.update(_canonical(path.read_text()).encode())
    return f"sha256:{digest.hexdigest()[:16]}"


def _deciding_files() -> Iterator[Path]:
    for name in DECIDING:
        path = PACKAGE / name
        yield from sorted(path.glob("*.py")) if path.is_dir() else [path]


@cache
def _canonical(source: str) -> str:
    """A module's syntax tree as text, the same for every Python that can run it."""
    return _shown(ast.parse(source))


def _shown(node: object) -> str:
    if isinstance(node, list):
        return "[" + " ".join(_shown(item) for item in node if not _is_docstring(item)) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    parts = []
    for name, value in ast.iter_fields(node):
        if value not in (None, []) and name not in ("kind", "type_comment"):
            parts.append(f"{name}={_shown(value)}")
    return f"({type(node).__name__} {' '.join(parts)})"


def _is_docstring(node: object) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


@cache
def commit() -> str | None:
    """The commit whose code this package is; None outside git and for changed code."""
    status = _git("status", "--porcelain", "--untracked-files=all", "--", ".")
    if status is None or _changes_code(status):
        return None
    return _git("rev-parse", "HEAD")


def _changes_code(status: str) -> bool:
    return any(line.endswith(".py") for line in status.splitlines())


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(PACKAGE), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def libraries() -> dict[str, str]:
    """Versions of what computes."""
    import lightning
    import torch
    import torchvision

    versions = {"python": platform.python_version()}
    for library in (torch, torchvision, lightning):
        versions[library.__name__] = library.__version__
    return versions


def hardware(device: str) -> str:
    """The GPU's name, or the processor model and its number of cores."""
    if device == "cuda":
        import torch

        return torch.cuda.get_device_name()
    return cpu_name()


@cache
def cpu_name() -> str:
    """Processor model and number of cores."""
    model = platform.processor() or platform.machine()
    with suppress(OSError):  # where this is not Linux the platform's own word will do
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, {os.cpu_count()} cores"
