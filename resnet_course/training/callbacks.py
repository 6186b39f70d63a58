"""What accompanies training: a resumable state on disk, and a progress bar."""

import math
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.utilities import rank_zero_only
from tqdm.auto import tqdm

from ..records.files import atomic_write
from .module import Training

SAVE_EVERY = 30  # seconds between resumable states, at epoch ends


class SaveState(pl.callbacks.Checkpoint):
    """Keep one resumable state, whole or not at all, and end the training in time.

    A Checkpoint in Lightning's sense acts after the module has closed its epoch. Of several
    processes the first one writes; they save together, and stop together as soon as one is late.

    Args:
        path: File of the state.
        deadline: Reading of time.monotonic after which to save and stop.
    """

    def __init__(self, path: Path, deadline: float = math.inf):
        self.path, self.deadline = path, deadline
        self.saved, self.stopped, self.failed = time.monotonic(), False, False

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        module = _ours(pl_module)
        late = time.monotonic() > self.deadline
        due = late or time.monotonic() - self.saved > SAVE_EVERY
        late = trainer.strategy.reduce_boolean_decision(late, all=False)
        due = trainer.strategy.reduce_boolean_decision(due, all=False)
        if due and module.iterations_done < module.recipe.iterations:
            self.save(trainer)
            self.stopped = trainer.should_stop = late

    def save(self, trainer: pl.Trainer) -> None:
        """Write the state; where there is no room for it, say so once and train on without."""
        self.saved = time.monotonic()
        writing = atomic_write(self.path) if trainer.is_global_zero else nullcontext(self.path)
        try:
            with writing as scratch:
                trainer.save_checkpoint(scratch)
        except (OSError, RuntimeError) as error:  # PyTorch's writer raises RuntimeError
            if not self.failed:
                print(f"The state of this run cannot be kept ({error}); it trains on without.")
            self.failed = True


class Progress(pl.Callback):
    """One bar for the whole run, in the terminal or the notebook: iterations, time left, error."""

    def __init__(self, label: str):
        self.label = label
        self.bar: tqdm[Any] | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        module = _ours(pl_module)
        self.bar = tqdm(
            total=module.recipe.iterations,
            initial=module.iterations_done,
            desc=self.label,
            unit="it",
            leave=False,
            mininterval=0.5,
        )

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: int,
        batch_idx: int,
    ) -> None:
        if self.bar is not None:
            self.bar.update(batch)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        curves = _ours(pl_module).curves
        errors = [one["train_error"][-1] for one in curves if one]
        if errors and self.bar is not None:
            self.bar.set_postfix_str(f"training error {min(errors):.1f} %")

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        if self.bar is not None:
            self.bar.close()


def _ours(module: pl.LightningModule) -> Training:
    assert isinstance(module, Training)
    return module


def is_rank_zero() -> bool:
    """Whether this process prints and writes for all those that train together."""
    return int(getattr(rank_zero_only, "rank", 0)) == 0
