"""Make the embedded 16x16 subset of CIFAR-10 again from the official binary files.

python -m tools.embedded_data FOLDER
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from resnet_course.data import images, sources
from tools import run

Pixels = NDArray[np.uint8]
CLASS_COUNT = 10
SIDE = 16


def make(folder: Path, out: Path = images.EMBEDDED) -> dict[str, str]:
    """Write the two mosaics of the subset.

    Args:
        folder: Where the official binary files are.
        out: Where the mosaics go.

    Returns:
        The sha256 of each split's pixels.

    Raises:
        DataError: A file is missing, or is not the official one.
    """
    sources.verify(folder)
    checksums = {}
    for split, per_class in images.PER_CLASS.items():
        pixels, labels = sources.load(folder, split)
        chosen = halved(pixels[first_of_each_class(labels, per_class)])
        picture = mosaic(chosen)
        target = out / f"cifar10-16x16-{split}.webp"
        Image.fromarray(picture).save(target, lossless=True, quality=100, method=6)
        checksums[split] = hashlib.sha256(picture.tobytes()).hexdigest()
    return checksums


def first_of_each_class(labels: NDArray[np.int64], per_class: int) -> NDArray[np.int64]:
    """Indices of the first images of each class, ordered so that position i has class i % 10."""
    columns = [np.flatnonzero(labels == one)[:per_class] for one in range(CLASS_COUNT)]
    return np.stack(columns, axis=1).ravel()


def halved(pixels: Pixels) -> Pixels:
    """Images (N, 3, 32, 32) as (N, 16, 16, 3): each 2x2 square averaged, halves rounded up."""
    squares = pixels.reshape(-1, 3, SIDE, 2, SIDE, 2).astype(np.uint16)
    averaged = (squares.sum(axis=(3, 5)) + 2) // 4
    return averaged.astype(np.uint8).transpose(0, 2, 3, 1)


def mosaic(small: Pixels) -> Pixels:
    """Images (N, 16, 16, 3) side by side in one picture, a hundred in a row."""
    columns = images.MOSAIC_COLUMNS
    rows = small.reshape(-1, columns, SIDE, SIDE, 3).swapaxes(1, 2)
    return rows.reshape(-1, columns * SIDE, 3)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the mosaics in their place in the package, and print their checksums."""
    parser = argparse.ArgumentParser(description="Make the embedded images again.")
    parser.add_argument("folder", type=Path, help="where the official binary files of CIFAR-10 are")
    for split, checksum in make(parser.parse_args(arguments).folder).items():
        print(split, checksum)


if __name__ == "__main__":
    run(main)
