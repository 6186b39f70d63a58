"""Pictures that are made from CIFAR-10 are those in the repository."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet_course.data import images, sources
from tools import embedded_data, page_images


@pytest.fixture(scope="module")
def official() -> Path:
    """Folder of the real files, where this machine has them."""
    try:
        folder = sources.find()
    except sources.DataError as error:
        pytest.skip(f"RESNET_COURSE_DATA: {error}")
    return folder or pytest.skip(
        "no CIFAR-10 on this machine; `resnet-course data fetch` brings it"
    )


@dataclass(frozen=True)
class Made:
    """The embedded images made again: where they are, and their checksums."""

    folder: Path
    checksums: dict[str, str]


@pytest.fixture(scope="module")
def made(official: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("embedded")
    return Made(folder, embedded_data.make(official, folder))


def pixels_of(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_a_square_of_pixels_becomes_its_mean_and_a_half_is_rounded_up():
    pixels = np.zeros((1, 3, 32, 32), np.uint8)
    pixels[0, 0, 0, :2] = (5, 5)  # the first square: 5 + 5 + 0 + 0 = 10 quarters
    assert embedded_data.halved(pixels)[0, 0, 0].tolist() == [3, 0, 0]


def test_the_first_images_of_each_class_are_taken_in_the_order_of_the_classes():
    labels = np.array([1, *range(10), *range(10)])
    chosen = embedded_data.first_of_each_class(labels, per_class=2)
    assert labels[chosen].tolist() == [*range(10), *range(10)]
    assert chosen[1] == 0


def test_a_mosaic_has_a_hundred_images_in_a_row():
    small = np.arange(200, dtype=np.uint8)[:, None, None, None] * np.ones((1, 16, 16, 3), np.uint8)
    picture = embedded_data.mosaic(small)
    assert picture.shape == (2 * 16, 100 * 16, 3)
    assert picture[::16, ::16, 0].ravel().tolist() == list(range(200))


def test_the_embedded_images_can_be_made_again(made):
    assert made.checksums == images.EMBEDDED_SHA256


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_mosaics_made_again_are_those_of_the_package(made, split):
    name = f"cifar10-16x16-{split}.webp"
    assert np.array_equal(pixels_of(made.folder / name), pixels_of(images.EMBEDDED / name))


def test_the_pictures_of_the_playground_can_be_made_again(official):
    assert np.array_equal(page_images.mosaic(), pixels_of(page_images.TARGET))
