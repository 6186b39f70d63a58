"""From configurations to records: networks, data and engine under Lightning, with resume.

Lightning is the frame (device, checkpoints, callbacks); one Lightning step is a chunk of engine steps. A module
trains one network, or several of one recipe side by side, each on its own stream of one GPU.
"""

import hashlib
import inspect
import logging
import math
import signal
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor, nn
from tqdm.auto import tqdm

from . import engine, provenance, recipes, runs
from .data import augment, images
from .device import How, one_thread
from .examination import Examine, images_to_examine, profiles_of
from .networks import build, save_weights
from .recipes import Config

SAVE_EVERY = 30  # seconds between resumable states, at epoch ends
CHUNKS = 10  # Lightning steps an epoch: how often the progress bar moves


class Training(pl.LightningModule):
    """Networks in training side by side, each with its own engine; all configs share one recipe but for warm-up.

    `train`: the images.Images to train on; `examine`: what a study wants to know of its networks, asked before the
    first step, after 1, 2, 4, … epochs and after the last; `weights`: of the networks from which those with a
    start_depth grow.
    """

    def __init__(
        self,
        configs: Sequence[Config],
        train: images.Images,
        how: How,
        examine: Examine | None = None,
        weights: Mapping[Config, Path] = MappingProxyType({}),
    ):
        super().__init__()
        self.automatic_optimization = False
        self.configs, self.train_images = configs, train
        self.how, self.recipe = how, configs[0].recipe
        self.share, rest = divmod(self.recipe.batch_size, how.processes)
        if rest:
            raise ValueError(f"{how.processes} processes cannot share a batch of {self.recipe.batch_size} equally")
        if not self.steps_per_epoch:
            raise ValueError(f"a batch of {self.recipe.batch_size} needs as many images, got {len(train.labels)}")
        self.nets = nn.ModuleList(build(config, weights.get(config), train) for config in configs)
        self.examine = examine
        self.curves: list[dict[str, list[float]]] = [{} for _ in configs]
        self.profiles: list[dict[str, list[float]]] = [{} for _ in configs]
        self.seconds = 0.0  # spent training, over all resumes
        self.engines: list[engine.Engine] = []
        self.scalers: list[dict] = []  # of their losses, as a checkpoint keeps them

    @property
    def steps_per_epoch(self) -> int:
        return len(self.train_images.labels) // self.recipe.batch_size

    @property
    def pad(self) -> int:
        """Pixels of black around an image before it is cropped: 4 for 32, as in the paper."""
        return self.train_images.pixels.shape[1] // 8

    def configure_optimizers(self):
        self.nets.to(memory_format=torch.channels_last)
        data = self.train_images.to(self.device)
        crops = partial(augment.take, data.pixels, pad=self.pad)
        shape = self.steps_per_epoch, self.share
        decay = self.recipe.momentum, self.recipe.weight_decay
        how = self.how.precision, self.how.checkpoint_blocks, self.how.processes
        self.engines = [engine.Engine(net, data.labels, crops, *shape, *decay, *how) for net in self.nets]
        return [e.optimizer for e in self.engines]

    def train_dataloader(self) -> list[int]:
        """What Lightning iterates over in the coming epoch: how many engine steps to take at once."""
        done = self.curves[0].get("iteration", [0])[-1]  # Lightning asks before it has restored current_epoch
        left = min(self.steps_per_epoch, self.recipe.iterations - done)  # the last epoch may be a part of one
        size = math.ceil(self.steps_per_epoch / CHUNKS)
        return [min(size, left - taken) for taken in range(0, left, size)]

    def on_train_start(self) -> None:
        if self.device.type == "cpu":
            torch.set_num_threads(1)  # where Lightning starts processes, it chooses their threads
        for one, state in zip(self.engines, self.scalers, strict=False):  # none before the first checkpoint
            one.scaler.load_state_dict(state)
        if self.examine and not self.curves[0]:
            self._take_profiles(0)

    def on_train_epoch_start(self) -> None:
        torch.manual_seed((self.configs[0].seed << 20) + self.current_epoch)  # dropout, also after a resume
        for config, one in zip(self.configs, self.engines, strict=True):
            one.start_epoch(*self.plan(config, self.current_epoch))
            if self.how.graph and one.stream is None:
                one.capture()
        self._clock = time.perf_counter()

    def plan(self, config: Config, epoch: int) -> tuple[list[Tensor], list[float]]:
        """This process's share of the images of each step of an epoch, and the learning rates."""
        count, first = len(self.train_images.labels), epoch * self.steps_per_epoch
        rows = augment.draw_plan(count, self.recipe.batch_size, self.pad, config.seed, epoch)
        ours = slice(self.global_rank * self.share, (self.global_rank + 1) * self.share)
        return [row[:, ours] for row in rows], [recipes.lr_at(first + i, config.recipe) for i in range(len(rows[0]))]

    def training_step(self, chunk: int, _index: int) -> None:
        for one in self.engines:
            one.advance(chunk)

    def on_train_epoch_end(self) -> None:
        iteration = min((self.current_epoch + 1) * self.steps_per_epoch, self.recipe.iterations)
        for curves, one in zip(self.curves, self.engines, strict=True):
            loss, error = one.means()
            for name, value in (("iteration", iteration), ("train_loss", loss), ("train_error", error)):
                curves.setdefault(name, []).append(float(f"{value:.5g}") if isinstance(value, float) else value)
        self.seconds += time.perf_counter() - self._clock
        epoch = self.current_epoch + 1
        if self.examine and (epoch & (epoch - 1) == 0 or iteration == self.recipe.iterations):
            self._take_profiles(iteration)

    def _take_profiles(self, iteration: int) -> None:
        parts = images_to_examine(self.recipe, self.device)
        for config, net, profiles in zip(self.configs, self.nets, self.profiles, strict=True):
            profiles |= profiles_of(self.examine, net, config, parts, iteration)

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        self.scalers = [one.scaler.state_dict() for one in self.engines]
        checkpoint["course"] = {name: getattr(self, name) for name in ("curves", "profiles", "seconds", "scalers")}

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        for name, value in checkpoint["course"].items():
            setattr(self, name, value)


class SaveState(pl.callbacks.Checkpoint):
    """Keep one resumable state, whole or not at all, and end the training once `deadline` (time.monotonic) passed.

    A Checkpoint in Lightning's sense acts after the module has closed its epoch. Of several processes the first one
    writes; they save together, and stop together as soon as one is late.
    """

    def __init__(self, path: Path, deadline: float = math.inf):
        self.path, self.deadline = path, deadline
        self.saved, self.stopped = time.monotonic(), False

    def on_train_epoch_end(self, trainer: pl.Trainer, module: Training) -> None:
        late = time.monotonic() > self.deadline
        due = late or time.monotonic() - self.saved > SAVE_EVERY
        late, due = (trainer.strategy.reduce_boolean_decision(one, all=False) for one in (late, due))
        if due and module.curves[0]["iteration"][-1] < module.recipe.iterations:
            self.save(trainer)
            self.stopped = trainer.should_stop = late

    def save(self, trainer: pl.Trainer) -> None:
        with runs.whole(self.path) if trainer.is_global_zero else nullcontext(self.path) as scratch:
            trainer.save_checkpoint(scratch)
        self.saved = time.monotonic()


class Progress(pl.Callback):
    """One bar for the whole run, in the terminal or the notebook: iterations, time left, training error."""

    def __init__(self, label: str):
        self.label = label

    def on_train_start(self, trainer: pl.Trainer, module: Training) -> None:
        done = module.current_epoch * module.steps_per_epoch
        look = {"desc": self.label, "unit": "it", "leave": False, "mininterval": 0.5}
        self.bar = tqdm(total=module.recipe.iterations, initial=done, **look)

    def on_train_batch_end(self, trainer, module, outputs, chunk: int, index: int) -> None:
        self.bar.update(chunk)

    def on_train_epoch_start(self, trainer: pl.Trainer, module: Training) -> None:
        if errors := [curves["train_error"][-1] for curves in module.curves if curves]:
            self.bar.set_postfix_str(f"training error {min(errors):.1f} %")

    def teardown(self, trainer: pl.Trainer, module: Training, stage: str) -> None:
        if hasattr(self, "bar"):
            self.bar.close()


def leads() -> bool:
    """Whether this process speaks and writes for all those that train together; true of one alone."""
    return rank_zero_only.rank == 0


def trainer_for(module: Training, callbacks: Sequence[pl.Callback]) -> pl.Trainer:
    """A Lightning trainer for a module's whole recipe, which prints and saves nothing by itself."""
    how = module.how
    return pl.Trainer(
        accelerator="gpu" if how.device == "cuda" else "cpu",
        devices=how.devices,
        num_nodes=how.nodes,
        strategy=how.strategy,
        max_epochs=math.ceil(module.recipe.iterations / module.steps_per_epoch),
        callbacks=[*callbacks],
        logger=False,
        enable_checkpointing=any(isinstance(c, pl.callbacks.Checkpoint) for c in callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
    )


def readable_state(path: Path) -> Path | None:
    """`path` if a saved state lies there whole, else None, saying so where it is damaged."""
    if not path.exists():
        return None
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes of the reader
        print(f"The saved state {path} cannot be read ({type(error).__name__}); training starts afresh.")
        return None
    return path


def fit(
    configs: Sequence[Config],
    study: str,
    root: Path | None = None,
    keep_weights: bool = False,
    max_seconds: float = math.inf,
    progress: bool = True,
    command: str = "",
    examine: Examine | None = None,
    weights: Mapping[Config, Path] = MappingProxyType({}),
    **how,
) -> list[runs.Record]:
    """Train `configs` (one recipe, side by side), write a record of each below `root`, and return the records.

    An interrupted run resumes from its last saved state when called again. `how` goes to device.How. On the CPU one
    thread is used, so that results do not depend on the number of cores; of several devices each normalises by its
    own part of the batch. Returns [] when `max_seconds` passed first. Raises ValueError for configs of different
    recipes, a batch that cannot be shared equally, and what device.How and images.load raise.
    """
    how = How(**how)
    weights = {_with_warm_up(c): path for c, path in weights.items()}
    configs = [_with_warm_up(c) for c in configs]
    if len({replace(c.recipe, warm_up=0) for c in configs}) != 1:
        raise ValueError("networks trained side by side must share one recipe")
    root = root or runs.home()
    recipe, started = configs[0].recipe, datetime.now(UTC)
    also = Path(inspect.getfile(examine)) if examine else None
    with quiet_lightning(), one_thread(how.device), torch.random.fork_rng():
        train = images.training(recipe.data, recipe.holdout, recipe.train_images)
        module = Training(configs, train, how, examine, weights)
        path = root / study / recipe.tier / f".{_fingerprint(configs, also)}.ckpt"
        state = SaveState(path, time.monotonic() + max_seconds)
        label = configs[0].name if len(configs) == 1 else f"{len(configs)} networks"
        bars = [Progress(label)] if progress and leads() else []
        trainer = trainer_for(module, [state, *bars])
        with ctrl_c_for_the_caller():
            trainer.fit(module, ckpt_path=readable_state(state.path), weights_only=True)
        if state.stopped:
            return []
        finals = evaluate(module, how.device)
    told = {"precision": how.precision, "cuda_graph": how.graph, "checkpoint_blocks": how.checkpoint_blocks}
    told |= {"side_by_side": len(configs), "processes": how.processes, "command": command}
    made = provenance.of_run(recipe, how.device, started, module.seconds, also, **told)
    records = [
        runs.Record(study, asdict(config), curves, final, made, profiles)
        for config, curves, final, profiles in zip(configs, module.curves, finals, module.profiles, strict=True)
    ]
    for record, config, net in zip(records, configs, module.nets, strict=True) if trainer.is_global_zero else ():
        path = runs.path_of(root, study, recipe.tier, config.name)
        if keep_weights:
            save_weights(net, path.with_suffix(".safetensors"))
        runs.write(record, path)
    state.path.unlink(missing_ok=True)
    trainer.strategy.barrier()  # no process goes on before the records are there for it to read
    return records


def evaluate(module: Training, device: str) -> list[dict[str, float]]:
    """Loss and error of each network on its training images, not augmented, and those held out or the test's."""
    recipe, parts = module.recipe, {"train": module.train_images}
    if recipe.holdout:
        _, parts["val"] = images.holdout(images.load(recipe.data, "train"), recipe.holdout)
    else:
        parts["test"] = images.load(recipe.data, "test")
    finals = [{} for _ in module.nets.to(device)]
    for part, data in parts.items():
        for net, final in zip(module.nets, finals, strict=True):
            loss, error = engine.evaluate(net, *data.to(device), augment.normalise)
            final |= {f"{part}_loss": float(f"{loss:.6g}"), f"{part}_error": float(f"{error:.6g}")}
    return finals


@contextmanager
def ctrl_c_for_the_caller() -> Iterator[None]:
    """Lightning answers Ctrl-C by leaving Python, deaf to any further one; give the caller KeyboardInterrupt."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as end:
        if not isinstance(end.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from None


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Keep Lightning's advice and adverts out of notebooks; errors still come through."""
    loggers = [logging.getLogger(f"lightning.{part}") for part in ("pytorch", "fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning.*")
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _with_warm_up(config: Config) -> Config:
    return replace(config, recipe=recipes.for_depth(config.recipe, config.depth))


def _fingerprint(configs: Sequence[Config], also: Path | None) -> str:
    """Name of the state of a group of runs: any change of configuration or code starts afresh."""
    return hashlib.sha256((repr(configs) + provenance.code_version(also)).encode()).hexdigest()[:16]
