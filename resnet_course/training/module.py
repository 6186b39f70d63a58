"""The Lightning module: networks of one recipe in training side by side, each with its own engine.

Lightning is the frame (device, checkpoints, callbacks); one Lightning step is a chunk of engine
steps.
"""

import math
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from ..data import augment
from ..data.images import Images
from ..networks.network import Network
from ..recipes import RunConfig, lr_at
from . import engine
from .build import build
from .probing import Probe, probe_images, profiles_of, rounded
from .runtime import Runtime

CHUNKS = 10  # Lightning steps an epoch: how often the progress bar moves
CURVE_DIGITS = 5
KEPT_IN_CHECKPOINTS = ("curves", "profiles", "seconds", "scalers")


class Training(pl.LightningModule):
    """Networks in training side by side, on streams of their own once captured as graphs.

    Args:
        configs: One per network; all share one recipe but for the warm-up.
        train: Images to train on.
        runtime: How it is computed, with device and precision decided.
        probe: What a study wants to know, asked before the first step, after 1, 2, 4, … epochs and
            after the last.
        weights: Of the networks from which those with a start_depth grow.

    Raises:
        ValueError: Fewer images than a batch, or a batch that the processes cannot share equally.
    """

    def __init__(
        self,
        configs: Sequence[RunConfig],
        train: Images,
        runtime: Runtime,
        probe: Probe | None = None,
        weights: Mapping[RunConfig, Path] | None = None,
    ):
        super().__init__()
        self.automatic_optimization = False
        self.configs, self.train_images, self.runtime = configs, train, runtime
        self.recipe = configs[0].recipe
        self.share = _share(self.recipe.batch_size, runtime.processes)
        if not self.steps_per_epoch:
            raise ValueError(
                f"a batch of {self.recipe.batch_size} needs as many images, got {len(train.labels)}"
            )
        weights = weights or {}
        self.nets = nn.ModuleList(build(c, weights.get(c), train) for c in configs)
        self.probe = probe
        self.curves: list[dict[str, list[float]]] = [{} for _ in configs]
        self.profiles: list[dict[str, list[float]]] = [{} for _ in configs]
        self.seconds = 0.0  # spent training, over all resumes
        self.engines: list[engine.Engine] = []
        self.scalers: list[dict[str, Any]] = []  # of their losses, as a checkpoint keeps them
        self._began = 0.0

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches of the training images."""
        return len(self.train_images.labels) // self.recipe.batch_size

    @property
    def pad(self) -> int:
        """Pixels of black around an image before it is cropped: 4 for 32, as in the paper."""
        return self.train_images.pixels.shape[1] // 8

    @property
    def networks(self) -> list[Network]:
        """The networks, as what they are."""
        return [net for net in self.nets if isinstance(net, Network)]

    @property
    def iterations_done(self) -> int:
        """Iterations of the epochs that ended."""
        return int(self.curves[0].get("iteration", [0])[-1])

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        self.nets.to(memory_format=torch.channels_last)
        data = self.train_images.to(self.device)
        crops = partial(augment.take, data.pixels, pad=self.pad)
        optimisation = engine.Optimisation(
            steps=self.steps_per_epoch,
            batch_size=self.share,
            momentum=self.recipe.momentum,
            weight_decay=self.recipe.weight_decay,
            clip=self.recipe.clip,
            precision=self.runtime.precision or "fp32",
            checkpoint_blocks=self.runtime.checkpoint_blocks,
            processes=self.runtime.processes,
        )
        self.engines = [
            engine.Engine(net, data.labels, crops, optimisation) for net in self.networks
        ]
        if self.runtime.compile_blocks:
            for one in self.engines:
                engine.compile_blocks(one.computing_net)
        return [one.optimizer for one in self.engines]

    def train_dataloader(self) -> list[int]:
        """What Lightning iterates over in the coming epoch: engine steps to take at once."""
        # Lightning asks before it has restored current_epoch.
        left = min(self.steps_per_epoch, self.recipe.iterations - self.iterations_done)
        size = math.ceil(self.steps_per_epoch / CHUNKS)
        return [min(size, left - taken) for taken in range(0, left, size)]

    def on_train_start(self) -> None:
        if self.device.type == "cpu":
            torch.set_num_threads(1)  # where Lightning starts processes, it chooses their threads
        for one, state in zip(self.engines, self.scalers, strict=False):  # none at the first start
            one.scaler.load_state_dict(state)
        if self.probe and not self.curves[0]:
            self._take_profiles(0)

    def on_train_epoch_start(self) -> None:
        for config, one in zip(self.configs, self.engines, strict=True):
            one.start_epoch(*self.plan(config, self.current_epoch))
        if self.runtime.graph and all(one.graph is None for one in self.engines):
            self._capture()
        # Of dropout; after a capture, which draws, and after a resume.
        torch.manual_seed((self.configs[0].seed << 20) + self.current_epoch)
        self._began = time.perf_counter()

    def _capture(self) -> None:
        """Capture every engine's step; where one fails, all go on step by step."""
        try:
            for one in self.engines:
                one.capture()
        except RuntimeError as error:
            for one in self.engines:
                one.release()
            reason = str(error).partition("\n")[0]
            print(f"The step cannot be captured as a graph ({reason}); training goes on without.")

    def plan(self, config: RunConfig, epoch: int) -> tuple[list[Tensor], list[float]]:
        """This process's share of the images of each step of an epoch, and the learning rates."""
        first = epoch * self.steps_per_epoch
        rows = augment.draw_plan(
            len(self.train_images.labels), self.recipe.batch_size, self.pad, config.seed, epoch
        )
        ours = slice(self.global_rank * self.share, (self.global_rank + 1) * self.share)
        lrs = [lr_at(first + step, config.recipe) for step in range(len(rows.order))]
        return [row[:, ours] for row in rows], lrs

    def training_step(self, *args: Any, **_kwargs: Any) -> None:
        chunk: int = args[0]
        for one in self.engines:
            one.advance(chunk)

    def on_train_epoch_end(self) -> None:
        iteration = min(self.iterations_done + self.steps_per_epoch, self.recipe.iterations)
        for curves, one in zip(self.curves, self.engines, strict=True):
            loss, error = one.means()
            curves.setdefault("iteration", []).append(iteration)
            curves.setdefault("train_loss", []).append(rounded(loss, CURVE_DIGITS))
            curves.setdefault("train_error", []).append(rounded(error, CURVE_DIGITS))
        self.seconds += time.perf_counter() - self._began
        epoch = self.current_epoch + 1
        is_power_of_two = epoch & (epoch - 1) == 0
        if self.probe and (is_power_of_two or iteration == self.recipe.iterations):
            self._take_profiles(iteration)

    def on_train_end(self) -> None:
        for one in self.engines:
            one.release()

    def _take_profiles(self, iteration: int) -> None:
        assert self.probe is not None
        parts = probe_images(self.recipe, self.device)
        for config, net, profiles in zip(self.configs, self.nets, self.profiles, strict=True):
            profiles.update(profiles_of(self.probe, net, config, parts, iteration))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.scalers = [one.scaler.state_dict() for one in self.engines]
        checkpoint["course"] = {name: getattr(self, name) for name in KEPT_IN_CHECKPOINTS}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        for name in KEPT_IN_CHECKPOINTS:
            setattr(self, name, checkpoint["course"][name])


def _share(batch_size: int, processes: int) -> int:
    share, rest = divmod(batch_size, processes)
    if rest:
        raise ValueError(f"{processes} processes cannot share a batch of {batch_size} equally")
    return share
