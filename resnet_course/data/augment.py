"""Crop, flip and normalise a whole batch on its device, following a plan drawn beforehand.

The plan of an epoch is drawn on the CPU from (seed, epoch) alone, so a run sees the same images,
crops and flips on every device, and a resumed run sees what an uninterrupted one would have seen.
"""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

Triple = tuple[float, float, float]
MEAN: Triple = (125.3069, 122.9504, 113.8654)  # of the 50,000 training images, in units of 0…255
STD: Triple = (62.9932, 62.0887, 66.7049)
# A CUDA graph must find the constants on the device, not copy them there.
_constant = cache(torch.tensor)


class Plan(NamedTuple):
    """One epoch: which images at each step, cropped and flipped how. All int64, (steps, batch)."""

    order: Tensor
    down: Tensor  # row of the crop within the padded image, 0 … 2 * pad
    right: Tensor
    flip: Tensor  # 0 or 1


def draw_plan(images: int, batch_size: int, pad: int, seed: int, epoch: int) -> Plan:
    """Shuffle images into full batches and draw one crop and one flip for each.

    What is left over by the last full batch sits this epoch out.

    Args:
        images: How many there are.
        batch_size: Of a step.
        pad: Pixels of black around an image before it is cropped.
        seed: Of the run.
        epoch: Counted from 0.

    Raises:
        ValueError: Fewer images than one batch.

    Source: He 2015, Sec. 4.2.
    """
    if images < batch_size:
        raise ValueError(f"a batch of {batch_size} needs at least as many images, got {images}")
    generator = torch.Generator().manual_seed((seed << 20) + epoch)
    shape = (images // batch_size, batch_size)
    order = torch.randperm(images, generator=generator)[: shape[0] * batch_size].view(shape)
    down, right = torch.randint(2 * pad + 1, (2, *shape), generator=generator)
    return Plan(order, down, right, torch.randint(2, shape, generator=generator))


def normalise(images: Tensor, mean: Triple = MEAN, std: Triple = STD) -> Tensor:
    """uint8 (N, H, W, 3) -> float32 (N, 3, H, W), channels last in memory.

    Each channel minus `mean`, divided by `std`, both in units of 0…255.
    """
    centre = _constant(mean, device=images.device)
    scale = _constant(std, device=images.device)
    return ((images - centre) / scale).permute(0, 3, 1, 2)


def take(
    images: Tensor, order: Tensor, down: Tensor, right: Tensor, flip: Tensor, pad: int
) -> Tensor:
    """Some images, each zero-padded, cropped to its old size, and mirrored or not.

    Args:
        images: uint8 (N, H, W, 3).
        order: Which of them; int64 (B,), as are the next three.
        down: Row of the crop within the padded image.
        right: Its column.
        flip: 1 where the image is mirrored.
        pad: Pixels of padding on each side.

    Returns:
        float32 (B, 3, H, W), normalised; the padding is 0 after normalisation, that is, the mean
        colour, as in the paper.
    """
    height, width = images.shape[1:3]
    rows = torch.arange(height, device=images.device) + (down - pad)[:, None]  # (B, H)
    columns = torch.arange(width, device=images.device)
    columns = torch.where(flip[:, None] == 1, width - 1 - columns, columns)
    columns = columns + (right - pad)[:, None]  # (B, W)
    row_inside = (rows >= 0) & (rows < height)
    column_inside = (columns >= 0) & (columns < width)
    inside = row_inside[:, :, None] & column_inside[:, None, :]  # (B, H, W)
    rows = rows.clamp(0, height - 1)[:, :, None]
    columns = columns.clamp(0, width - 1)[:, None, :]
    crops = images[order[:, None, None], rows, columns]  # (B, H, W, 3)
    return normalise(crops) * inside[:, None]
