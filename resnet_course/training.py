"""From configurations to records: networks, data and engine under Lightning, with a cost estimate and resume.

Lightning is the frame (device, checkpoints, callbacks); one Lightning step is a chunk of engine steps. A module
trains one network, or several of one recipe side by side, each on its own stream of one GPU.
"""

import hashlib
import inspect
import logging
import math
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import lightning.pytorch as pl
import torch
from torch import nn
from tqdm.auto import tqdm

from . import engine, models, provenance, recipes, runs
from .data import augment, images
from .recipes import Config, Recipe

SAVE_EVERY = 30  # seconds between resumable states, at epoch ends
Measure = Callable[[Config], tuple[dict, dict]]
CHUNKS = 10  # Lightning steps an epoch: how often the progress bar moves


class Training(pl.LightningModule):
    """Networks in training side by side, each with its own engine; all configs share one recipe but for warm-up.

    `train`: the images.Images to train on; `graph`: capture each step as a CUDA graph.
    """

    def __init__(self, configs: Sequence[Config], train: images.Images, precision: str, graph: bool = False):
        super().__init__()
        self.automatic_optimization = False
        self.configs, self.train_images = configs, train
        self.precision, self.graph = precision, graph
        self.recipe = configs[0].recipe
        if not self.steps_per_epoch:
            raise ValueError(
                f"a batch of {self.recipe.batch_size} needs at least as many images, got {len(train.labels)}"
            )
        self.nets = nn.ModuleList(build(config) for config in configs)
        self.curves: list[dict[str, list[float]]] = [{} for _ in configs]
        self.seconds = 0.0  # spent training, over all resumes
        self.engines: list[engine.Engine] = []

    @property
    def steps_per_epoch(self) -> int:
        return len(self.train_images.labels) // self.recipe.batch_size

    def configure_optimizers(self):
        self.nets.to(memory_format=torch.channels_last)
        data = self.train_images.to(self.device)
        pad = data.pixels.shape[1] // 8  # 4 of 32 pixels, as in the paper

        def crops(order, down, right, flip):
            return augment.take(data.pixels, order, down, right, flip, pad)

        r = self.recipe
        self.engines = [
            engine.Engine(
                net,
                data.labels,
                crops,
                self.steps_per_epoch,
                r.batch_size,
                r.momentum,
                r.weight_decay,
                self.precision,
            )
            for net in self.nets
        ]
        return [e.optimizer for e in self.engines]

    def train_dataloader(self) -> "Chunks":
        return Chunks(self)

    def on_train_epoch_start(self) -> None:
        first = self.current_epoch * self.steps_per_epoch
        pad = self.train_images.pixels.shape[1] // 8
        for config, one in zip(self.configs, self.engines, strict=True):
            plan = augment.draw_plan(
                len(self.train_images.labels), self.recipe.batch_size, pad, config.seed, self.current_epoch
            )
            lrs = [recipes.lr_at(first + i, config.recipe) for i in range(self.steps_per_epoch)]
            one.start_epoch(plan, lrs)
            if self.graph and one.stream is None:
                one.capture()
        self._clock = time.perf_counter()

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

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["course"] = {"curves": self.curves, "seconds": self.seconds}

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.curves, self.seconds = checkpoint["course"]["curves"], checkpoint["course"]["seconds"]


class Chunks:
    """What Lightning iterates over: how many engine steps to take at once; the last epoch may be a part of one."""

    def __init__(self, module: Training):
        self.module = module

    def __iter__(self) -> Iterator[int]:
        m = self.module
        done = m.curves[0].get("iteration", [0])[-1]  # Lightning asks before it has restored current_epoch
        left = min(m.steps_per_epoch, m.recipe.iterations - done)
        size = math.ceil(m.steps_per_epoch / CHUNKS)
        while left > 0:
            yield min(size, left)
            left -= size


class SaveState(pl.callbacks.Checkpoint):
    """Keep one resumable state, whole or not at all, and end the training once `deadline` (time.monotonic) passed.

    A Checkpoint in Lightning's sense, so that it acts after the module has closed its epoch. The state on disk is at
    most SAVE_EVERY seconds of finished epochs behind.
    """

    def __init__(self, path: Path, deadline: float = math.inf):
        self.path, self.deadline = path, deadline
        self.saved, self.stopped = time.monotonic(), False

    def on_train_epoch_end(self, trainer: pl.Trainer, module: Training) -> None:
        late = time.monotonic() > self.deadline
        done = module.curves[0]["iteration"][-1] >= module.recipe.iterations
        if not done and (late or time.monotonic() - self.saved > SAVE_EVERY):
            self.save(trainer)
            self.stopped = trainer.should_stop = late

    def save(self, trainer: pl.Trainer) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            trainer.save_checkpoint(scratch)
            os.replace(scratch, self.path)
        finally:
            scratch.unlink(missing_ok=True)
        self.saved = time.monotonic()


class Progress(pl.Callback):
    """One bar for the whole run, in the terminal or the notebook: iterations, time left, training error."""

    def __init__(self, label: str):
        self.label = label

    def on_train_start(self, trainer: pl.Trainer, module: Training) -> None:
        done = module.current_epoch * module.steps_per_epoch
        self.bar = tqdm(
            total=module.recipe.iterations, initial=done, desc=self.label, unit="it", leave=False, mininterval=0.5
        )

    def on_train_batch_end(self, trainer, module, outputs, chunk: int, index: int) -> None:
        self.bar.update(chunk)

    def on_train_epoch_start(self, trainer: pl.Trainer, module: Training) -> None:
        if errors := [curves["train_error"][-1] for curves in module.curves if curves]:
            self.bar.set_postfix_str(f"training error {min(errors):.1f} %")

    def teardown(self, trainer: pl.Trainer, module: Training, stage: str) -> None:
        if hasattr(self, "bar"):
            self.bar.close()


def trainer_for(module: Training, device: str, callbacks: list[pl.Callback]) -> pl.Trainer:
    """A Lightning trainer for a module's whole recipe, which prints and saves nothing by itself."""
    return pl.Trainer(
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=1,
        max_epochs=math.ceil(module.recipe.iterations / module.steps_per_epoch),
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=any(isinstance(c, pl.callbacks.Checkpoint) for c in callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
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


def build(config: Config) -> models.Network:
    """The network of a configuration, initial weights drawn from its seed; the global generator is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return models.cifar(config.depth, config.net, config.shortcut, config.recipe.width)


def training_images(recipe: Recipe) -> images.Images:
    """The images a recipe trains on."""
    everything = images.load(recipe.data, "train")
    if recipe.holdout:
        everything, _ = images.holdout(everything, recipe.holdout)
    return images.Images(*(t[: recipe.train_images] for t in everything))


def fit(
    configs: Sequence[Config],
    study: str,
    root: Path | None = None,
    device: str = "auto",
    graph: bool = False,
    keep_weights: bool = False,
    max_seconds: float = math.inf,
    progress: bool = True,
    command: str = "",
) -> list[runs.Record]:
    """Train `configs` (one recipe, side by side), write a record of each below `root`, and return the records.

    An interrupted run resumes from its last saved state when called again. device "auto" takes a GPU if there is
    one; on the CPU one thread is used, so that results do not depend on the number of cores. Returns [] when
    `max_seconds` passed first. Raises ValueError for configs of different recipes, and what images.load raises.
    """
    configs = [replace(c, recipe=recipes.for_depth(c.recipe, c.depth)) for c in configs]
    if len({replace(c.recipe, warm_up=0) for c in configs}) != 1:
        raise ValueError("networks trained side by side must share one recipe")
    root = root or runs.home()
    recipe = configs[0].recipe
    device = pick_device(device)
    started = datetime.now(UTC)
    with quiet_lightning(), one_thread(device):
        module = Training(configs, training_images(recipe), pick_precision(device), graph)
        path = root / study / recipe.tier / f".{_fingerprint(configs)}.ckpt"
        state = SaveState(path, time.monotonic() + max_seconds)
        trainer = trainer_for(module, device, [state, *([Progress(_label(configs))] if progress else [])])
        with ctrl_c_for_the_caller():
            trainer.fit(module, ckpt_path=readable_state(state.path), weights_only=True)
        if state.stopped:
            return []
        finals = evaluate(module, device)
    made = provenance.of_run(recipe, device, module.precision, graph, len(configs), started, module.seconds, command)
    records = [
        runs.Record(study, asdict(config), curves, final, made)
        for config, curves, final in zip(configs, module.curves, finals, strict=True)
    ]
    for record, config, net in zip(records, configs, module.nets, strict=True):
        path = runs.path_of(root, study, recipe.tier, config.name)
        if keep_weights:
            save_weights(net, path.with_suffix(".safetensors"))
        runs.write(record, path)
    state.path.unlink(missing_ok=True)
    return records


def evaluate(module: Training, device: str) -> list[dict[str, float]]:
    """Loss and error of each network on its training images, not augmented, and on what was kept from it.

    That is the images held out, for a recipe that chooses by them, and otherwise, once, the test images.
    """
    recipe = module.recipe
    if recipe.holdout:
        _, unseen = images.holdout(images.load(recipe.data, "train"), recipe.holdout)
    else:
        unseen = images.load(recipe.data, "test")
    parts = {"train": module.train_images.to(device), ("val" if recipe.holdout else "test"): unseen.to(device)}
    finals = []
    for net in module.nets.to(device):
        final = {}
        for part, data in parts.items():
            loss, error = engine.evaluate(net, *data, augment.normalise)
            final |= {f"{part}_loss": float(f"{loss:.6g}"), f"{part}_error": float(f"{error:.6g}")}
        finals.append(final)
    return finals


def save_weights(net: nn.Module, path: Path) -> None:
    """Write a network's weights as float16 safetensors, whole or not at all."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    weights = {k: v.half().contiguous().cpu() for k, v in net.state_dict().items() if v.is_floating_point()}
    try:
        save_file(weights, scratch)
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def record_measure(config: Config, study: str, measure: Measure, root: Path, command: str = "") -> runs.Record:
    """Record what a study measures by itself: `measure(config)` returns (curves, final)."""
    started, begin = datetime.now(UTC), time.perf_counter()
    with one_thread("cpu"), torch.random.fork_rng(devices=[]):
        curves, final = measure(config)
    seconds = time.perf_counter() - begin
    made = provenance.of_run(
        config.recipe, "cpu", "fp32", False, 1, started, seconds, command, Path(inspect.getfile(measure))
    )
    record = runs.Record(study, asdict(config), curves, final, made)
    runs.write(record, runs.path_of(root, study, config.recipe.tier, config.name))
    return record


def estimate(configs: Sequence[Config], device: str = "auto", measure: Measure | None = None) -> dict[Config, float]:
    """Seconds each configuration will train for, alone on this machine, from a few timed steps on random images.

    Time is linear in depth, so only the shallowest and the deepest network are timed; `measure` is what a study
    does in place of training, timed over a few of its own iterations.
    """
    device = pick_device(device)
    by_depth = sorted(configs, key=lambda c: c.depth)
    ends = {c.depth: seconds_per_step(c, device, measure) for c in (by_depth[0], by_depth[-1])}
    (low, fast), (high, slow) = min(ends.items()), max(ends.items())
    slope = (slow - fast) / (high - low) if high > low else 0.0
    return {c: c.recipe.iterations * (fast + slope * (c.depth - low)) for c in configs}


def seconds_per_step(config: Config, device: str, measure: Measure | None = None, steps: int = 4) -> float:
    """Mean time of one training step of a configuration on random images, after warm-up."""
    recipe = config.recipe
    if measure:
        begin = time.perf_counter()
        with one_thread("cpu"), torch.random.fork_rng(devices=[]):
            measure(replace(config, recipe=replace(recipe, iterations=steps)))
        return (time.perf_counter() - begin) / steps
    size = 32 if recipe.data == "cifar10" else 16
    count = recipe.batch_size * max(steps, 3)
    with one_thread(device), torch.random.fork_rng(devices=[]):
        random = images.Images(torch.randint(256, (count, size, size, 3)).byte(), torch.randint(10, (count,)))
        module = Training([config], random, pick_precision(device)).to(device)
        module.configure_optimizers()
        (one,) = module.engines
        plan = augment.draw_plan(count, recipe.batch_size, size // 8, 0, 0)
        one.start_epoch(plan, [recipe.lr] * len(plan.order))
        one.advance(1)
        one.means()
        one.cursor.zero_()
        begin = time.perf_counter()
        one.advance(steps)
        one.means()
        return (time.perf_counter() - begin) / steps


def pick_device(device: str) -> str:
    """ "cuda" or "cpu"; "auto" takes a GPU if there is one. Raises ValueError when a GPU is asked for in vain."""
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device must be auto, cpu or cuda, got {device!r}")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda' was asked for, but PyTorch sees no GPU here; use 'cpu' or 'auto'")
    return ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device


def pick_precision(device: str) -> str:
    """ "bf16" on GPUs that compute in it, else "fp32"."""
    native = device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return "bf16" if native else "fp32"


@contextmanager
def one_thread(device: str) -> Iterator[None]:
    """One CPU thread, and the caller's number of threads back afterwards; does nothing on a GPU."""
    threads = torch.get_num_threads()
    if device == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


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
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning.*")
        try:
            yield
        finally:
            logger.setLevel(level)


def _label(configs: Sequence[Config]) -> str:
    return configs[0].name if len(configs) == 1 else f"{len(configs)} networks"


def _fingerprint(configs: Sequence[Config]) -> str:
    """Name of the state of a group of runs: any change of configuration or code starts afresh."""
    return hashlib.sha256((repr(configs) + provenance.code_version()).encode()).hexdigest()[:16]
