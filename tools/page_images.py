"""Make the pictures of the page on which networks run again, from CIFAR-10's test images.

python -m tools.page_images
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from resnet_course.data import images
from tools import ROOT, run

TARGET = ROOT / "book" / "assets" / "playground" / "images.webp"
PER_CLASS = 2
CLASS_COUNT = 10
SIDE = 32


def mosaic() -> NDArray[np.uint8]:
    """The first two test images of each class as (64, 320, 3), a column a class.

    Counted row by row, image i has class i % 10.
    """
    pixels, labels = images.load("cifar10", "test")
    kinds = labels.numpy()
    columns = [np.flatnonzero(kinds == one)[:PER_CLASS] for one in range(CLASS_COUNT)]
    chosen = pixels.numpy()[np.stack(columns, axis=1)]  # (2, 10, 32, 32, 3)
    return chosen.swapaxes(1, 2).reshape(PER_CLASS * SIDE, CLASS_COUNT * SIDE, 3)


def main() -> None:
    """Write the picture in its place among the book's assets."""
    Image.fromarray(mosaic()).save(TARGET, lossless=True, quality=100, method=6)
    print(TARGET)


if __name__ == "__main__":
    run(main)
