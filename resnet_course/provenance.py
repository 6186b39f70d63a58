"""Where, when and with what a run was made: the part of a record that lets others compare and repeat it."""

import hashlib
import os
import platform
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path

import torch

from .data import images
from .recipes import Recipe


def of_run(recipe: Recipe, device: str, started: datetime, seconds: float, also: Path | None = None, **how) -> dict:
    """Where, when and with what a run was made; times in seconds, images/s of this run with others beside it.

    `how` goes in as it is: precision, cuda_graph, side_by_side (runs that shared the machine), command.
    """
    import lightning
    import torchvision

    libraries = {library.__name__: library.__version__ for library in (torch, torchvision, lightning)}
    return {
        "code": code_version(also),
        "data": images.checksum(recipe.data) if recipe.data in images.NAMES else "drawn from the seed",
        "libraries": {"python": platform.python_version(), **libraries},
        "hardware": torch.cuda.get_device_name() if device == "cuda" else cpu_name(),
        "threads": 1 if device == "cpu" else None,
        "started": started.isoformat(timespec="seconds"),
        "wall_seconds": round(seconds, 2),
        "images_per_second": round(recipe.iterations * recipe.batch_size / max(seconds, 1e-9), 1),
        **how,
    }


@cache
def code_version(also: Path | None = None) -> str:
    """Fingerprint of the sources that decide a run's result, `also` a study's that measures itself; needs no git."""
    here = Path(__file__).parent
    names = "blocks variants models recipes engine networks probes examination training data/augment data/images"
    paths = [here / f"{name}.py" for name in names.split()] + ([also] if also else [])
    return "sha256:" + hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


@cache
def cpu_name() -> str:
    """Processor model and number of cores."""
    model = platform.processor() or platform.machine()
    with suppress(OSError):  # where this is not Linux the platform's own word will do
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores"
