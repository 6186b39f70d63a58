"""From configurations to records: data, networks and engines under Lightning, with resume."""

import hashlib
import logging
import math
import signal
import time
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

import lightning.pytorch as pl
import torch

from ..data import augment, images
from ..networks.weights import save_weights
from ..recipes import RunConfig
from ..records.provenance import Clock, source_address
from ..records.recording import Conditions, Outcome, record_run
from ..records.schema import Record
from ..records.store import path_of, weights_path
from . import engine
from .callbacks import Progress, SaveState, is_rank_zero
from .module import Training
from .probing import Probe, rounded, source_of
from .runtime import Runtime, one_thread, own_defaults, resolve

FINAL_DIGITS = 6
TERMINATED = 128 + signal.SIGTERM  # exit status by convention


@dataclass(frozen=True)
class FitOptions:
    """What a run does beside training.

    Args:
        root: Folder of records.
        keep_weights: Keep the trained weights beside the record.
        max_seconds: Stop after so many, resumable.
        progress: Show a bar.
        command: Command line, for the record.
    """

    root: Path
    keep_weights: bool = False
    max_seconds: float = math.inf
    progress: bool = True
    command: str = ""


@dataclass(frozen=True)
class Started:
    """What a run needs before its first step; made once, by `start`."""

    configs: Sequence[RunConfig]
    study: str
    module: Training
    trainer: pl.Trainer
    state: SaveState
    conditions: Conditions
    clock: Clock = field(default_factory=Clock)


def fit(
    configs: Sequence[RunConfig],
    study: str,
    runtime: Runtime,
    options: FitOptions,
    probe: Probe | None = None,
    weights: Mapping[RunConfig, Path] | None = None,
) -> list[Record]:
    """Train networks of one recipe side by side, and keep a record of each.

    An interrupted run resumes from its last saved state when called again, and its partial record
    tells how far it came. On a CPU one thread is used, so that results do not depend on the number
    of cores; of several devices each normalises by its own part of the batch.

    Args:
        configs: Which networks.
        study: To which study the records belong.
        runtime: How it is computed.
        options: What else to do.
        probe: What the study wants to know of the networks while they train.
        weights: Files of the networks from which those with a start_depth grow.

    Returns:
        The records, in order; [] when `options.max_seconds` passed first.

    Raises:
        ValueError: Configurations of different recipes, a batch that cannot be shared equally, and
            what runtime.resolve and images.load raise.
    """
    if len({replace(config.recipe, warmup_steps=0) for config in configs}) != 1:
        raise ValueError("networks trained side by side must share one recipe")
    runtime = resolve(runtime)
    if runtime.precision == "auto":
        raise ValueError("precision 'auto' is decided before a run; see cost.fastest_precision")
    with (
        quiet_lightning(),
        one_thread(runtime.device),
        own_defaults(),
        torch.random.fork_rng(),
    ):
        run = start(configs, study, runtime, options, probe, weights)
        try:
            train(run)
        except (KeyboardInterrupt, SystemExit):
            _keep_partial(run, options.root)
            raise
        if run.state.stopped:
            _keep_partial(run, options.root)
            return []
        finals = evaluate(run.module, runtime.device)
    records = _keep_whole(run, finals, options)
    run.state.path.unlink(missing_ok=True)
    run.trainer.strategy.barrier()  # no process goes on before the records are there to be read
    return records


def start(
    configs: Sequence[RunConfig],
    study: str,
    runtime: Runtime,
    options: FitOptions,
    probe: Probe | None,
    weights: Mapping[RunConfig, Path] | None,
) -> Started:
    """Networks on their device, and what trains and watches them."""
    recipe = configs[0].recipe
    data = images.training(recipe.data, recipe.holdout, recipe.train_images)
    module = Training(configs, data, runtime, probe, weights)
    study_files = [source_of(probe)] if probe else []
    path = state_path(options.root, study, configs, runtime, study_files)
    state = SaveState(path, time.monotonic() + options.max_seconds)
    callbacks: list[pl.Callback] = [state]
    if options.progress and is_rank_zero():
        label = configs[0].name if len(configs) == 1 else f"{len(configs)} networks"
        callbacks.append(Progress(label))
    conditions = Conditions(
        data=images.checksum(recipe.data),
        device=runtime.device,
        precision=runtime.precision or "fp32",
        cuda_graph=runtime.graph,
        checkpoint_blocks=runtime.checkpoint_blocks,
        side_by_side=len(configs),
        processes=runtime.processes,
        command=options.command,
        study_files=study_files,
    )
    return Started(configs, study, module, trainer_for(module, callbacks), state, conditions)


def train(run: Started) -> None:
    """Train to the end of the recipe, from the saved state where there is one."""
    _remove_other_states(run.state.path)
    with ctrl_c_for_the_caller(), exit_on_sigterm():
        run.trainer.fit(run.module, ckpt_path=readable_state(run.state.path), weights_only=True)


def trainer_for(module: Training, callbacks: Sequence[pl.Callback]) -> pl.Trainer:
    """A Lightning trainer for a module's whole recipe, which prints and saves nothing by itself."""
    runtime = module.runtime
    return pl.Trainer(
        accelerator="gpu" if runtime.device == "cuda" else "cpu",
        devices=runtime.devices,
        num_nodes=runtime.nodes,
        strategy=runtime.strategy,
        max_epochs=math.ceil(module.recipe.iterations / module.steps_per_epoch),
        callbacks=[*callbacks],
        logger=False,
        enable_checkpointing=any(isinstance(c, pl.callbacks.Checkpoint) for c in callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
    )


def _keep_whole(
    run: Started, finals: Sequence[Mapping[str, float]], options: FitOptions
) -> list[Record]:
    """Records of all networks; the first of several processes alone writes them and the weights."""
    conditions = replace(run.conditions, training_seconds=run.module.seconds)
    is_writer = run.trainer.is_global_zero
    records = []
    for config, net, curves, final, profiles in zip(
        run.configs,
        run.module.nets,
        run.module.curves,
        finals,
        run.module.profiles,
        strict=True,
    ):
        if options.keep_weights and is_writer:
            save_weights(net, weights_path(options.root, run.study, config), config)
        outcome = Outcome(curves, final, profiles)
        root = options.root if is_writer else None
        records.append(record_run(run.study, config, outcome, conditions, run.clock, root))
    return records


def _keep_partial(run: Started, root: Path) -> None:
    """Partial records of a run that was stopped after at least one epoch."""
    if not run.module.curves[0] or not run.trainer.is_global_zero:
        return
    conditions = replace(run.conditions, training_seconds=run.module.seconds)
    for config, curves, profiles in zip(
        run.configs, run.module.curves, run.module.profiles, strict=True
    ):
        outcome = Outcome(curves, {}, profiles, stopped_at=run.module.iterations_done)
        record_run(run.study, config, outcome, conditions, run.clock, root)


def evaluate(module: Training, device: str) -> list[dict[str, float]]:
    """Loss and error of each network on its training images, not augmented, and on others.

    The others are those held out, or the test images where none were.
    """
    recipe, parts = module.recipe, {"train": module.train_images}
    if recipe.holdout:
        _, parts["val"] = images.holdout(images.load(recipe.data, "train"), recipe.holdout)
    else:
        parts["test"] = images.load(recipe.data, "test")
    finals: list[dict[str, float]] = [{} for _ in module.nets.to(device)]
    for part, data in parts.items():
        on_device = data.to(device)
        for net, final in zip(module.nets, finals, strict=True):
            loss, error = engine.evaluate(
                net, on_device.pixels, on_device.labels, augment.normalise
            )
            final[f"{part}_loss"] = rounded(loss, FINAL_DIGITS)
            final[f"{part}_error"] = rounded(error, FINAL_DIGITS)
    return finals


def state_path(
    root: Path,
    study: str,
    configs: Sequence[RunConfig],
    runtime: Runtime,
    study_files: Sequence[Path],
) -> Path:
    """Hidden file of the state of a group of runs, which says what it is of.

    Any change of configuration, of code, or of the runtime that changes numbers starts afresh.
    """
    numbers = (runtime.precision, runtime.processes, runtime.device)
    group = hashlib.sha256(repr([config.name for config in configs]).encode()).hexdigest()[:8]
    content = repr((configs, numbers, source_address(study_files)))
    version = hashlib.sha256(content.encode()).hexdigest()[:8]
    folder = path_of(root, study, configs[0]).parent
    return folder / f".{configs[0].name}.{group}.{version}.ckpt"


def _remove_other_states(path: Path) -> None:
    """Say and remove states of the same runs that today's code or settings cannot go on from."""
    group = path.name.rsplit(".", 2)[0]
    for other in path.parent.glob(f"{group}.*.ckpt"):
        if other != path:
            print(f"The state {other.name} is of other code or settings; training starts afresh.")
            other.unlink(missing_ok=True)


def readable_state(path: Path) -> Path | None:
    """`path` if a saved state lies there whole, else None, saying so where it is damaged."""
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        whole = "course" in state and "state_dict" in state
    except Exception:  # whatever a damaged file makes of the reader
        whole = False
    if not whole:
        print(f"The saved state {path} is damaged; training starts afresh.")
        path.unlink(missing_ok=True)
        return None
    return path


@contextmanager
def ctrl_c_for_the_caller() -> Generator[None]:
    """Lightning answers Ctrl-C by leaving Python, deaf to any more; raise KeyboardInterrupt."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as end:
        if not isinstance(end.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from None


@contextmanager
def exit_on_sigterm() -> Generator[None]:
    """Answer SIGTERM at once by SystemExit(143); Lightning would only take note of it.

    Signals reach the main thread only; elsewhere the process is left as it is.
    """

    def leave(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    try:
        before = signal.signal(signal.SIGTERM, leave)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def quiet_lightning() -> Generator[None]:
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
