"""What a study wants to know beyond training curves: of a network drawn or trained, or by its own measurement."""

import hashlib
import inspect
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from . import engine, networks, probes, provenance, runs
from .data import augment, images
from .device import one_thread
from .recipes import Config, Recipe

EXAMINED = {"train": 8_000, "test": 2_000}  # images a network is examined on, the first of each split
Images = dict[str, tuple[Tensor, Tensor]]  # split -> float (N, 3, H, W), normalised, and labels (N,)
Examine = Callable[[nn.Module, Config, Images, int], dict[str, float | list[float]]]
Measure = Callable[[Config], tuple[dict, dict]]
# As most published weights expect it: with the mean and the deviation of ImageNet, here in units of 0…255.
normalise_as_torchvision = partial(augment.normalise, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))


def images_to_examine(recipe: Recipe, device="cpu") -> Images:
    """The images a study examines networks of a recipe on: the first of the training and of the test images."""
    normalise = normalise_as_torchvision if recipe.tier == "published" else augment.normalise
    train = images.training(recipe.data, recipe.holdout, recipe.train_images)
    parts = {"train": train.to(device), "test": images.load(recipe.data, "test").to(device)}
    return {
        split: (normalise(data.pixels[: EXAMINED[split]]), data.labels[: EXAMINED[split]])
        for split, data in parts.items()
    }


def profiles_of(examine: Examine, net: nn.Module, config: Config, parts: Images, iteration: int) -> dict:
    """What a study wants to know of a network after `iteration` steps, to five digits; the network stays as it is."""
    with probes.untouched(net), torch.no_grad():
        found = examine(net.eval(), config, parts, iteration)
    lists = {name: value if isinstance(value, list) else [value] for name, value in found.items()}
    return {f"{name}@{iteration}": [float(f"{v:.5g}") for v in values] for name, values in lists.items()}


def record_examination(
    config: Config, study: str, examine: Examine, weights: Path, root: Path, **told
) -> runs.Record:
    """Record what a study wants to know of a trained network, whose `weights` are given, and of its untrained self.

    `final` has the test error (percent) on the images examined; `told` goes to the record as it is, as the command.
    Raises ValueError for weights of another network.
    """

    def look() -> tuple[dict, dict, dict]:
        parts = images_to_examine(config.recipe)
        net = networks.build(config)
        profiles = profiles_of(examine, net, config, parts, 0)
        networks.load_weights(net, weights)
        profiles |= profiles_of(examine, net, config, parts, config.recipe.iterations)
        _, error = engine.evaluate(net, *parts["test"], normalise=lambda batch: batch)
        return {}, {"test_error": float(f"{error:.6g}")}, profiles

    checksum = "sha256:" + hashlib.sha256(weights.read_bytes()).hexdigest()[:16]
    told |= {"weights": checksum, "images_per_second": None}  # nothing was trained here
    return _record(config, study, look, Path(inspect.getfile(examine)), root, told)


def record_measure(config: Config, study: str, measure: Measure, root: Path, **told) -> runs.Record:
    """Record what a study measures by itself: `measure(config)` returns (curves, final)."""
    return _record(config, study, lambda: (*measure(config), {}), Path(inspect.getfile(measure)), root, told)


def _record(config: Config, study: str, act: Callable, source: Path, root: Path, told: dict) -> runs.Record:
    started, begin = datetime.now(UTC), time.perf_counter()
    with one_thread("cpu"), torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        curves, final, profiles = act()
    seconds, how = time.perf_counter() - begin, {"precision": "fp32", "cuda_graph": False, "side_by_side": 1}
    made = provenance.of_run(config.recipe, "cpu", started, seconds, source, **how) | {"command": "", **told}
    record = runs.Record(study, asdict(config), curves, final, made, profiles)
    runs.write(record, runs.path_of(root, study, config.recipe.tier, config.name))
    return record
