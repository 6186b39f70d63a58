"""Where, when and with what a run was made: the part of a record that lets others compare and repeat it."""

import hashlib
import os
import platform
from datetime import datetime
from functools import cache
from pathlib import Path

import torch

from .data import images
from .recipes import Recipe


def of_run(
    recipe: Recipe,
    device: str,
    precision: str,
    graph: bool,
    side_by_side: int,
    started: datetime,
    seconds: float,
    command: str,
    also: Path | None = None,
) -> dict:
    """Where, when and with what a run was made. Times in seconds; images/s is of one run, others beside it."""
    import lightning
    import torchvision

    return {
        "code": code_version(also),
        "data": images.checksum(recipe.data) if recipe.data in images.NAMES else "drawn from the seed",
        "libraries": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "lightning": lightning.__version__,
        },
        "hardware": torch.cuda.get_device_name() if device == "cuda" else cpu_name(),
        "precision": precision,
        "cuda_graph": graph,
        "threads": 1 if device == "cpu" else None,
        "side_by_side": side_by_side,
        "started": started.isoformat(timespec="seconds"),
        "wall_seconds": round(seconds, 2),
        "images_per_second": round(recipe.iterations * recipe.batch_size / max(seconds, 1e-9), 1),
        "command": command,
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
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass  # not Linux: the platform's own word will do
    return f"{model}, {os.cpu_count()} cores"
