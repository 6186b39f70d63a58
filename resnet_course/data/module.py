"""CIFAR-10 for any Lightning module: augmented training batches as the paper draws them, untouched images to test."""

from collections.abc import Callable, Iterator

import lightning.pytorch as pl

from . import augment, images


class CIFAR10(pl.LightningDataModule):
    """Normalised batches, float32 (B, 3, H, W) channels last and int64 (B,), of "cifar10" or "embedded".

    Order, crops and flips of an epoch depend on (seed, epoch) alone, so that a resumed run goes on as it would have.
    """

    def __init__(self, name: str = "cifar10", batch_size: int = 128, holdout: int = 0, seed: int = 0):
        super().__init__()
        self.name, self.batch_size, self.holdout, self.seed = name, batch_size, holdout, seed
        self.begun = 0  # epochs drawn without a trainer

    def prepare_data(self) -> None:
        images.load(self.name, "train")

    def setup(self, stage: str | None = None) -> None:
        if stage != "test":
            whole = images.load(self.name, "train")
            self.train, self.held = images.holdout(whole, self.holdout) if self.holdout else (whole, None)

    def train_dataloader(self) -> "Batches":
        return Batches(len(self.train.labels) // self.batch_size, self._augmented)

    def val_dataloader(self) -> "Batches | list":
        return self._as_they_are(self.held) if self.held else []

    def test_dataloader(self) -> "Batches":
        return self._as_they_are(images.load(self.name, "test"))

    def _augmented(self) -> Iterator:
        epoch, self.begun = (self.trainer.current_epoch if self.trainer else self.begun), self.begun + 1
        pad = self.train.pixels.shape[1] // 8  # 4 of 32 pixels, as in the paper
        plan = augment.draw_plan(len(self.train.labels), self.batch_size, pad, self.seed, epoch)
        for rows in zip(*plan, strict=True):
            yield augment.take(self.train.pixels, *rows, pad), self.train.labels[rows[0]]

    def _as_they_are(self, data: images.Images) -> "Batches":
        pairs = list(zip(*(t.split(self.batch_size) for t in data), strict=True))
        return Batches(len(pairs), lambda: ((augment.normalise(pixels), labels) for pixels, labels in pairs))


class Batches:
    """`length` batches, begun anew by each loop over them."""

    def __init__(self, length: int, begin: Callable[[], Iterator]):
        self.length, self.begin = length, begin

    def __iter__(self) -> Iterator:
        return self.begin()

    def __len__(self) -> int:
        return self.length
