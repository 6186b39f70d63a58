"""CIFAR-10 for any Lightning module: augmented training batches as the paper draws them, untouched images to test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import lightning.pytorch as pl
from torch import Tensor

from . import augment, images


class CIFAR10(pl.LightningDataModule):
    """Batches (float32 (B, 3, H, W) channels last, normalised; int64 (B,)) of "cifar10" or "embedded".

    `holdout` training images, by one fixed shuffle, are for validation. Order, crops and flips of an epoch depend on
    (seed, epoch) alone, so that a resumed run sees what an uninterrupted one would have seen.
    """

    def __init__(self, name: str = "cifar10", batch_size: int = 128, holdout: int = 0, seed: int = 0):
        super().__init__()
        self.name, self.batch_size, self.holdout, self.seed = name, batch_size, holdout, seed
        self.begun = 0  # epochs drawn without a trainer

    def prepare_data(self) -> None:
        images.load(self.name, "train")

    def setup(self, stage: str | None = None) -> None:
        if stage != "test":
            self.train, self.held = images.load(self.name, "train"), None
            if self.holdout:
                self.train, self.held = images.holdout(self.train, self.holdout)

    def train_dataloader(self) -> "Batches":
        return Batches(len(self.train.labels) // self.batch_size, self._augmented)

    def val_dataloader(self) -> "Batches | list":
        return self._as_they_are(self.held) if self.held else []

    def test_dataloader(self) -> "Batches":
        return self._as_they_are(images.load(self.name, "test"))

    def _augmented(self) -> Iterator[tuple[Tensor, Tensor]]:
        epoch, self.begun = (self.trainer.current_epoch if self.trainer else self.begun), self.begun + 1
        pad = self.train.pixels.shape[1] // 8  # 4 of 32 pixels, as in the paper
        plan = augment.draw_plan(len(self.train.labels), self.batch_size, pad, self.seed, epoch)
        for rows in zip(*plan, strict=True):
            yield augment.take(self.train.pixels, *rows, pad), self.train.labels[rows[0]]

    def _as_they_are(self, data: images.Images) -> "Batches":
        pairs = list(zip(*(t.split(self.batch_size) for t in data), strict=True))
        return Batches(len(pairs), lambda: ((augment.normalise(pixels), labels) for pixels, labels in pairs))


@dataclass(frozen=True)
class Batches:
    """`length` batches, begun anew by each loop over them."""

    length: int
    begin: Callable[[], Iterator[tuple[Tensor, Tensor]]]

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return self.begin()

    def __len__(self) -> int:
        return self.length
