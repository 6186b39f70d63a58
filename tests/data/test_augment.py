"""Crops, flips and their plan are the paper's, proven against torchvision."""

import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from resnet_course.data import augment, images
from resnet_course.data.augment import draw_plan, take

PAD = 4  # of 32 pixels


@pytest.fixture
def three() -> torch.Tensor:
    return torch.randint(256, (3, 32, 32, 3), generator=torch.Generator().manual_seed(0)).byte()


def by_torchvision(pixels: torch.Tensor, down: int, right: int, flip: int) -> torch.Tensor:
    """One image the usual way: normalise, pad with zeros, crop, flip."""
    x = (pixels - torch.tensor(augment.MEAN)) / torch.tensor(augment.STD)
    x = tv.crop(tv.pad(x.permute(2, 0, 1), [PAD], fill=0), down, right, 32, 32)
    return tv.horizontal_flip(x) if flip else x


def test_every_crop_and_flip_equals_torchvisions_bit_for_bit(three):
    order, down, right, flip = torch.cartesian_prod(
        torch.arange(3), torch.arange(9), torch.arange(9), torch.arange(2)
    ).T
    ours = take(three, order, down, right, flip, PAD)
    theirs = torch.stack(
        [
            by_torchvision(three[n], *rest)
            for n, *rest in zip(*map(torch.Tensor.tolist, (order, down, right, flip)), strict=True)
        ]
    )
    assert len(ours) == 3 * 81 * 2
    assert torch.equal(ours, theirs)


def test_the_central_crop_without_flip_only_normalises(three):
    everything, centre, none = (
        torch.arange(3),
        torch.full((3,), PAD),
        torch.zeros(3, dtype=torch.int64),
    )
    assert torch.equal(take(three, everything, centre, centre, none, PAD), augment.normalise(three))


def test_images_are_taken_in_the_order_asked_for(three):
    order, still = torch.tensor([2, 0, 2]), torch.full((3,), PAD)
    out = take(three, order, still, still, torch.zeros(3, dtype=torch.int64), PAD)
    assert torch.equal(out, augment.normalise(three[order]))


def test_padding_is_zero_after_normalisation_that_is_the_mean_colour(three):
    corner = take(
        three, torch.tensor([0]), torch.tensor([0]), torch.tensor([0]), torch.tensor([0]), PAD
    )
    assert not corner[:, :, :PAD].any()
    assert not corner[:, :, :, :PAD].any()


def test_batches_are_float32_and_channels_last(three):
    row = [torch.zeros(3, dtype=torch.int64)] * 4
    out = take(three, *row, PAD)
    assert out.dtype == torch.float32
    assert out.is_contiguous(memory_format=torch.channels_last)


def test_the_embedded_images_are_centred_and_scaled_by_the_constants():
    pixels = augment.normalise(images.load("embedded", "train").pixels)
    torch.testing.assert_close(pixels.mean((0, 2, 3)), torch.zeros(3), atol=0.02, rtol=0)
    torch.testing.assert_close(
        pixels.std((0, 2, 3)), torch.full((3,), 0.93), atol=0.05, rtol=0
    )  # 2x2 means vary less


def test_every_image_is_seen_at_most_once_an_epoch():
    order = draw_plan(1000, 128, PAD, seed=0, epoch=0).order
    assert order.shape == (7, 128)
    assert len(order.unique()) == 7 * 128


def test_every_image_is_seen_exactly_once_when_batches_divide_them():
    order = draw_plan(1024, 128, PAD, seed=0, epoch=0).order
    assert torch.equal(order.flatten().sort().values, torch.arange(1024))


def test_other_images_sit_out_in_other_epochs():
    seen = torch.cat(
        [draw_plan(1000, 128, PAD, seed=0, epoch=epoch).order.flatten() for epoch in range(10)]
    )
    assert len(seen.unique()) == 1000


def test_a_plan_depends_on_seed_and_epoch_alone():
    first = draw_plan(500, 50, PAD, seed=1, epoch=2)
    torch.rand(7)
    assert all(
        torch.equal(a, b)
        for a, b in zip(first, draw_plan(500, 50, PAD, seed=1, epoch=2), strict=True)
    )


def test_drawing_a_plan_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    draw_plan(500, 50, PAD, seed=1, epoch=2)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("seed", "epoch"), [(1, 3), (2, 2)])
def test_another_seed_or_epoch_is_another_plan(seed, epoch):
    first, other = (
        draw_plan(500, 50, PAD, seed=1, epoch=2),
        draw_plan(500, 50, PAD, seed=seed, epoch=epoch),
    )
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_crops_and_flips_are_uniform():
    plan = draw_plan(162_000, 1000, PAD, seed=0, epoch=0)
    cell = (plan.down * 9 + plan.right) * 2 + plan.flip
    counts = torch.bincount(cell.flatten(), minlength=162).double()
    chi_square = ((counts - 1000) ** 2 / 1000).sum().item()
    assert len(counts) == 162
    assert (
        90 < chi_square < 250
    )  # 161 degrees of freedom: 161 ± 18; beyond these about once in a million


def test_too_few_images_for_one_batch_are_refused():
    with pytest.raises(ValueError, match="a batch of 128 needs at least as many images, got 100"):
        draw_plan(100, 128, PAD, seed=0, epoch=0)
