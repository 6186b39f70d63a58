"""What a study asks of a network beyond its curves, while it trains or afterwards."""

import hashlib
import inspect
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor, nn

from ..data import augment, images
from ..networks.weights import load_weights
from ..probes.hooks import preserve_state
from ..recipes import Recipe, RunConfig
from ..records.provenance import Clock
from ..records.recording import Conditions, Outcome, record_run
from ..records.schema import Record
from . import engine
from .build import build
from .runtime import one_thread, own_defaults

PROBED = {"train": 8_000, "test": 2_000}  # images a network is probed on, the first of each split
# split -> float (N, 3, H, W), normalised, and labels (N,)
ProbeImages: TypeAlias = Mapping[str, tuple[Tensor, Tensor]]
Measured: TypeAlias = Mapping[str, float | Sequence[float]]
# From network in eval mode, its run, images and the iteration to quantities by name.
Probe: TypeAlias = Callable[[nn.Module, RunConfig, ProbeImages, int], Measured]
# From a configuration to what it measures in place of training.
CustomRun: TypeAlias = Callable[[RunConfig], Outcome]
DIGITS = 5  # of a profile's values

# As most published weights expect it: with ImageNet's mean and deviation, in units of 0…255.
normalise_as_torchvision = partial(
    augment.normalise, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)
)


def probe_images(recipe: Recipe, device: str | torch.device = "cpu") -> ProbeImages:
    """The images that networks of a recipe are probed on: the first of each split, normalised.

    Images for weights published by others are normalised as theirs were.
    """
    is_published = recipe.tier == "published"
    normalise = normalise_as_torchvision if is_published else augment.normalise
    train = images.training(recipe.data, recipe.holdout, recipe.train_images)
    splits = {"train": train, "test": images.load(recipe.data, "test")}
    parts = {}
    for split, data in splits.items():
        pixels = data.pixels[: PROBED[split]].to(device)
        parts[split] = (normalise(pixels), data.labels[: PROBED[split]].to(device))
    return parts


def profiles_of(
    probe: Probe, net: nn.Module, config: RunConfig, parts: ProbeImages, iteration: int
) -> dict[str, list[float]]:
    """What a probe says of a network after `iteration` steps, to five digits.

    The network's buffers and modes are put back.
    """
    with preserve_state(net), torch.no_grad():
        measured = probe(net.eval(), config, parts, iteration)
    profiles = {}
    for name, value in measured.items():
        values = value if isinstance(value, Sequence) else [value]
        profiles[f"{name}@{iteration}"] = [rounded(v, DIGITS) for v in values]
    return profiles


def rounded(value: float, digits: int) -> float:
    """A number to so many significant digits."""
    return float(f"{value:.{digits}g}")


def record_probe(
    config: RunConfig,
    study: str,
    probe: Probe,
    weights: Path,
    root: Path,
    *,
    command: str = "",
    weights_from: str | None = None,
) -> Record:
    """Probe a trained network and its untrained self, and keep the record.

    Args:
        config: The network.
        study: That asks.
        probe: What it asks.
        weights: File of the trained network.
        root: Folder of records.
        command: Command line.
        weights_from: Who trained it, if not we.

    Returns:
        The record; `final` has the test error (percent) on the images probed.

    Raises:
        ValueError: Weights of another network, or none.
    """
    clock = Clock()
    with _own_random_state(config.seed):
        parts = probe_images(config.recipe)
        net = build(config)
        profiles = profiles_of(probe, net, config, parts, 0)
        load_weights(net, weights)
        profiles |= profiles_of(probe, net, config, parts, config.recipe.iterations)
        pixels, labels = parts["test"]
        _, error = engine.evaluate(net, pixels, labels, normalise=lambda batch: batch)
    outcome = Outcome(final={"test_error": rounded(error, 6)}, profiles=profiles)
    conditions = Conditions(
        data=images.checksum(config.recipe.data),
        command=command,
        weights=file_checksum(weights),
        weights_from=weights_from,
        study_files=[source_of(probe)],
    )
    return record_run(study, config, outcome, conditions, clock, root)


def record_custom(
    config: RunConfig, study: str, run_custom: CustomRun, root: Path, command: str = ""
) -> Record:
    """Let a study measure for itself, and keep the record."""
    clock = Clock()
    with _own_random_state(config.seed):
        outcome = run_custom(config)
    data = config.recipe.data
    conditions = Conditions(
        data=images.checksum(data) if data in images.NAMES else "drawn from the seed",
        command=command,
        study_files=[source_of(run_custom)],
    )
    return record_run(study, config, outcome, conditions, clock, root)


@contextmanager
def _own_random_state(seed: int) -> Generator[None]:
    """One thread, PyTorch's defaults and a seed inside the `with`, the caller's afterwards."""
    with one_thread("cpu"), own_defaults(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def source_of(function: Callable[..., object]) -> Path:
    """The file that a study's hook is written in."""
    return Path(inspect.getfile(function))


def file_checksum(path: Path) -> str:
    """Fingerprint of a file."""
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()[:16]
