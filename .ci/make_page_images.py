"""Make the pictures of the page on which networks run again, from CIFAR-10: python .ci/make_page_images.py"""

from pathlib import Path

import numpy as np
from PIL import Image

from resnet_course.data import images

TARGET = Path(__file__).parents[1] / "book" / "assets" / "playground" / "images.webp"
PER_CLASS = 2


def mosaic() -> np.ndarray:
    """The first two test images of each class as (64, 320, 3): a column a class, so that image i has class i % 10."""
    pixels, labels = images.load("cifar10", "test")
    chosen = np.stack([np.flatnonzero(labels.numpy() == c)[:PER_CLASS] for c in range(10)], axis=1)  # (2, 10)
    return pixels.numpy()[chosen].swapaxes(1, 2).reshape(PER_CLASS * 32, 10 * 32, 3)


if __name__ == "__main__":
    Image.fromarray(mosaic()).save(TARGET, lossless=True, quality=100, method=6)
