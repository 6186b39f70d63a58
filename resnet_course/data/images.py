"""CIFAR-10 in memory: the full 32x32 set, or the 16x16 subset that is part of this package.

The subset is real CIFAR-10 (Krizhevsky 2009): the first 800 training and 200 test images of each
class, each 2x2 square of pixels averaged and rounded, stored as one lossless mosaic per split;
image i has class i % 10. `python -m tools.embedded_data FOLDER` makes it again from the official
files.
"""

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from . import sources

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
NAMES = ("cifar10", "embedded")
EMBEDDED = Path(__file__).with_name("embedded")
EMBEDDED_SHA256 = {
    "train": "fe98fef9a59410c089ae3855bb59338155a1ca4786bb54889951a2dcadf44eee",
    "test": "756d5b65e4a1166b1178a7511dc3116f17f6f3b4d09bd7f21eddcce17e7512e2",
}
PER_CLASS = {"train": 800, "test": 200}
MOSAIC_COLUMNS = 100


class Images(NamedTuple):
    """pixels: uint8 (N, H, W, 3); labels: int64 (N,)."""

    pixels: Tensor
    labels: Tensor

    def to(self, device: str | torch.device) -> "Images":
        """The same on a device."""
        return Images(self.pixels.to(device), self.labels.to(device))


def load(name: str, split: str) -> Images:
    """The "train" or "test" images of "cifar10" (fetched if need be) or "embedded" (always there).

    Raises:
        ValueError: Unknown name or split.
        sources.DataError: The data cannot be had whole.
    """
    if name not in NAMES or split not in PER_CLASS:
        raise ValueError(
            f"data must be one of {', '.join(NAMES)} and split train or test, "
            f"got {name!r}, {split!r}"
        )
    if name == "embedded":
        return _embedded(split)
    pixels, labels = sources.load(sources.fetch(), split)
    channels_last = torch.from_numpy(pixels).permute(0, 2, 3, 1).contiguous()
    return Images(channels_last, torch.from_numpy(labels))


def checksum(name: str) -> str:
    """Fingerprint of a data set, for a run's record.

    Of CIFAR-10, whose files are verified at every load, it is the md5 of their md5s.
    """
    if name == "embedded":
        return f"sha256:{EMBEDDED_SHA256['train'][:16]}"
    sums = "".join(sources.MD5.values())
    return "md5:" + hashlib.md5(sums.encode(), usedforsecurity=False).hexdigest()


def holdout(images: Images, held: int) -> tuple[Images, Images]:
    """All but `held` images, and those, by a fixed shuffle (the paper's 45k/5k).

    Raises ValueError when a part is empty.
    """
    if not 0 < held < len(images.labels):
        raise ValueError(f"can hold out 1 to {len(images.labels) - 1} images, got {held}")
    order = torch.randperm(len(images.labels), generator=torch.Generator().manual_seed(0))
    return _some(images, order[held:].sort().values), _some(images, order[:held].sort().values)


def _some(images: Images, rows: Tensor) -> Images:
    return Images(images.pixels[rows], images.labels[rows])


def training(name: str, holdout_size: int = 0, count: int | None = None) -> Images:
    """The images a recipe trains on: all but those held out, and of them the first `count`.

    Raises as `load` does.
    """
    kept = load(name, "train")
    if holdout_size:
        kept, _ = holdout(kept, holdout_size)
    return Images(kept.pixels[:count], kept.labels[:count])


@cache
def _embedded(split: str) -> Images:
    with suppress(OSError):
        mosaic = np.asarray(Image.open(EMBEDDED / f"cifar10-16x16-{split}.webp").convert("RGB"))
        if hashlib.sha256(mosaic.tobytes()).hexdigest() == EMBEDDED_SHA256[split]:
            rows = mosaic.reshape(-1, 16, MOSAIC_COLUMNS, 16, 3).swapaxes(1, 2)
            pixels = rows.reshape(-1, 16, 16, 3)
            return Images(torch.from_numpy(pixels.copy()), torch.arange(len(pixels)) % 10)
    raise sources.DataError(f"the embedded {split} images are damaged; reinstall resnet-course")
