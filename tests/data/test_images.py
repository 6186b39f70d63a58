"""The embedded subset is real CIFAR-10, whole and balanced; a split is fixed, disjoint and complete."""

import hashlib

import numpy as np
import pytest
import torch

from resnet_course.data import augment, images, sources


@pytest.fixture(scope="module")
def official():
    """Folder of the real files, where this machine has them."""
    try:
        folder = sources.find()
    except sources.DataError as error:
        pytest.skip(f"RESNET_COURSE_DATA: {error}")
    return folder or pytest.skip(
        "no CIFAR-10 on this machine; `resnet-course data fetch` brings it"
    )


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the embedded files that a test may damage."""
    for path in images.EMBEDDED.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(images, "EMBEDDED", tmp_path)
    images._embedded.cache_clear()
    yield tmp_path
    images._embedded.cache_clear()


@pytest.mark.parametrize(("split", "count"), [("train", 8_000), ("test", 2_000)])
def test_the_embedded_subset_has_as_many_images_of_each_class(split, count):
    data = images.load("embedded", split)
    assert data.pixels.shape == (count, 16, 16, 3)
    assert data.pixels.dtype == torch.uint8
    assert torch.bincount(data.labels).tolist() == [count // 10] * 10


def test_any_hundred_images_in_a_row_are_balanced():
    labels = images.load("embedded", "train").labels
    assert torch.bincount(labels[1_230:1_330]).tolist() == [10] * 10


def test_the_embedded_subset_takes_at_most_6_mb():
    assert sum(path.stat().st_size for path in images.EMBEDDED.iterdir()) <= 6e6


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_embedded_subset_is_the_area_average_of_the_first_real_images_of_each_class(
    official, split
):
    pixels, labels = sources.load(official, split)
    ours = images.load("embedded", split)
    for name in range(10):
        real = pixels[labels == name][: images.PER_CLASS[split]].astype(np.float64)
        averaged = real.reshape(-1, 3, 16, 2, 16, 2).mean((3, 5)).transpose(0, 2, 3, 1)
        assert np.abs(ours.pixels[ours.labels == name].numpy() - averaged).max() <= 0.5


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_embedded_files_have_their_checksum(split):
    columns = images.MOSAIC_COLUMNS
    pixels = images.load("embedded", split).pixels.numpy()
    mosaic = pixels.reshape(-1, columns, 16, 16, 3).swapaxes(1, 2)
    assert hashlib.sha256(mosaic.tobytes()).hexdigest() == images.EMBEDDED_SHA256[split]


def test_the_constants_are_mean_and_deviation_of_the_real_training_images(official):
    pixels, _ = sources.load(official, "train")
    counts = np.stack([np.bincount(pixels[:, c].ravel(), minlength=256) for c in range(3)])
    share, levels = counts / counts.sum(1, keepdims=True), np.arange(256)
    mean = share @ levels
    assert mean == pytest.approx(augment.MEAN, abs=1e-4)
    assert np.sqrt(share @ levels**2 - mean**2) == pytest.approx(augment.STD, abs=1e-4)


def test_a_damaged_embedded_file_says_to_reinstall(copy):
    file = copy / "cifar10-16x16-test.webp"
    other = copy / "cifar10-16x16-train.webp"
    file.write_bytes(other.read_bytes())
    with pytest.raises(
        sources.DataError, match="the embedded test images are damaged; reinstall resnet-course"
    ):
        images.load("embedded", "test")


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_an_embedded_file_cut_short_says_to_reinstall(copy, share):
    file = copy / "cifar10-16x16-test.webp"
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    with pytest.raises(
        sources.DataError, match="the embedded test images are damaged; reinstall resnet-course"
    ):
        images.load("embedded", "test")


def test_a_missing_embedded_file_says_to_reinstall(copy):
    (copy / "cifar10-16x16-test.webp").unlink()
    with pytest.raises(
        sources.DataError, match="the embedded test images are damaged; reinstall resnet-course"
    ):
        images.load("embedded", "test")


@pytest.mark.parametrize(("name", "split"), [("mnist", "train"), ("embedded", "validation")])
def test_unknown_data_is_refused_with_what_there_is(name, split):
    with pytest.raises(
        ValueError,
        match=f"one of cifar10, embedded and split train or test, got '{name}', '{split}'",
    ):
        images.load(name, split)


def test_a_holdout_is_disjoint_and_complete():
    numbered = images.Images(torch.arange(100), torch.arange(100))
    kept, held = images.holdout(numbered, 30)
    assert len(held.labels) == 30
    assert torch.equal(torch.cat([kept.labels, held.labels]).sort().values, torch.arange(100))


def test_a_holdout_is_always_the_same():
    numbered = images.Images(torch.arange(50_000), torch.arange(50_000))
    torch.manual_seed(5)
    _, held = images.holdout(numbered, 5_000)
    assert hashlib.sha256(held.labels.numpy().tobytes()).hexdigest()[:16] == "f2300dbb1ea311ef"


def test_a_holdout_keeps_images_with_their_labels():
    numbered = images.Images(torch.arange(100), torch.arange(100))
    assert all(torch.equal(part.pixels, part.labels) for part in images.holdout(numbered, 30))


@pytest.mark.parametrize("held", [-1, 0, 100, 101])
def test_a_holdout_that_leaves_nothing_is_refused(held):
    numbered = images.Images(torch.arange(100), torch.arange(100))
    with pytest.raises(ValueError, match=f"can hold out 1 to 99 images, got {held}"):
        images.holdout(numbered, held)


def test_the_fingerprint_of_the_embedded_subset_is_that_of_its_training_images():
    assert images.checksum("embedded") == f"sha256:{images.EMBEDDED_SHA256['train'][:16]}"


def test_the_fingerprint_of_cifar10_is_the_one_that_the_records_of_full_runs_carry():
    assert images.checksum("cifar10") == "md5:5fca883f308a4e098a01d5e5abd410bf"
