"""Crop, flip and normalise a whole batch on the device it lives on, following a plan drawn beforehand.

The plan of an epoch is drawn on the CPU from (seed, epoch) alone, so a run sees the same images, crops and flips
on every device, and a resumed run sees what an uninterrupted one would have seen.
"""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

MEAN = (125.3069, 122.9504, 113.8654)  # of the 50,000 training images, in units of 0…255
STD = (62.9932, 62.0887, 66.7049)
_constant = cache(torch.tensor)  # a CUDA graph must find the constants on the device, not copy them there


class Plan(NamedTuple):
    """One epoch: for each step, which images, and how each is cropped and flipped. All int64, (steps, batch)."""

    order: Tensor
    down: Tensor  # row of the crop within the padded image, 0 … 2 * pad
    right: Tensor
    flip: Tensor  # 0 or 1


def draw_plan(images: int, batch_size: int, pad: int, seed: int, epoch: int) -> Plan:
    """Shuffle `images` into full batches and draw one crop and one flip for each (He 2015, Sec. 4.2).

    What is left over by the last full batch sits this epoch out. Raises ValueError for fewer images than one batch.
    """
    if images < batch_size:
        raise ValueError(f"a batch of {batch_size} needs at least as many images, got {images}")
    generator = torch.Generator().manual_seed((seed << 20) + epoch)
    shape = (images // batch_size, batch_size)
    order = torch.randperm(images, generator=generator)[: shape[0] * batch_size].view(shape)
    down, right = torch.randint(2 * pad + 1, (2, *shape), generator=generator)
    return Plan(order, down, right, torch.randint(2, shape, generator=generator))


def normalise(images: Tensor, mean: tuple = MEAN, std: tuple = STD) -> Tensor:
    """uint8 (N, H, W, 3) -> float32 (N, 3, H, W), zero mean and unit variance per channel, channels last."""
    mean, std = (_constant(values, device=images.device) for values in (mean, std))
    return ((images - mean) / std).permute(0, 3, 1, 2)


def take(images: Tensor, order: Tensor, down: Tensor, right: Tensor, flip: Tensor, pad: int) -> Tensor:
    """Images `order`, each zero-padded by `pad`, cropped at (down, right) to its old size, mirrored where flip is 1.

    images: uint8 (N, H, W, 3); the others int64 (B,). Returns float32 (B, 3, H, W), normalised; the padding is 0
    after normalisation, that is, the mean colour, as in the paper.
    """
    height, width = images.shape[1:3]
    rows = torch.arange(height, device=images.device) + (down - pad)[:, None]  # (B, H)
    columns = torch.arange(width, device=images.device)
    columns = torch.where(flip[:, None] == 1, width - 1 - columns, columns) + (right - pad)[:, None]  # (B, W)
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    crops = images[order[:, None, None], rows[:, :, None], columns[:, None, :]]  # (B, H, W, 3)
    return normalise(crops) * inside[:, None]
