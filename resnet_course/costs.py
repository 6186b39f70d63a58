"""What training will cost, before it runs: seconds from a few timed steps, bytes counted or measured on one."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import torch

from . import engine
from .data import images
from .device import How, one_thread, pick_device
from .examination import Examine, Measure, images_to_examine, profiles_of
from .networks import build
from .recipes import Config, Recipe
from .training import Training


def estimate(
    configs: Sequence[Config], device: str = "auto", measure=None, examine=None, trains: bool = True
) -> dict:
    """Seconds each configuration will take, alone on this machine, from a few timed steps at each depth.

    `measure` is what a study does in place of training, timed over a few of its own iterations; `examine`, what it
    wants to know of networks, is timed on a part of its images. `trains`: whether networks are trained as well.
    """
    device = pick_device(device)
    one_a_depth = {c.depth: c for c in configs}.values()
    step = {c.depth: seconds_per_step(c, device, measure) if trains else 0.0 for c in one_a_depth}
    look = {c.depth: _seconds_to_examine(c, examine, device, trains) if examine else 0.0 for c in one_a_depth}
    return {c: c.recipe.iterations * step[c.depth] + look[c.depth] for c in configs}


def _seconds_to_examine(config: Config, examine: Examine, device: str, trains: bool, part: int = 8) -> float:
    """Time of all examinations of one network, from one on every so many images at random weights."""
    with one_thread(device), torch.random.fork_rng():
        parts = images_to_examine(config.recipe, device)
        parts = {split: (x[::part], y[::part]) for split, (x, y) in parts.items()}
        net = build(replace(config, start_depth=0)).to(device)
        begin = time.perf_counter()
        profiles_of(examine, net, config, parts, config.recipe.iterations)
        epochs = config.recipe.iterations * config.recipe.batch_size / (part * len(parts["train"][1]))
        times = 2 + (math.ceil(math.log2(max(1, epochs))) if trains else 0)
        return part * times * (time.perf_counter() - begin)


def seconds_per_step(config: Config, device: str, measure: Measure | None = None, steps: int = 4) -> float:
    """Mean time of one training step of a configuration on random images, after warm-up.

    On a CPU, networks of several hundred layers are timed with an eighth of the batch.
    """
    if measure:
        begin = time.perf_counter()
        with one_thread("cpu"), torch.random.fork_rng(devices=[]):
            measure(replace(config, recipe=replace(config.recipe, iterations=steps)))
        return (time.perf_counter() - begin) / steps
    share = 8 if device == "cpu" and config.depth > 300 else 1
    with one_thread(device), torch.random.fork_rng(devices=[]):
        one = engine_for_trial(config, How(device), config.recipe.batch_size // share, steps)
        one.advance(1)
        one.means()
        one.cursor.zero_()
        begin = time.perf_counter()
        one.advance(steps)
        one.means()
        return share * (time.perf_counter() - begin) / steps


def bytes_to_train(config: Config, device: str, checkpoint_blocks: int = 0) -> int:
    """Memory that training takes: the peak of a step on a GPU; on a CPU counted with 8 images, for the whole batch.

    Counted are weights, gradients, momentum, what the forward pass keeps for the backward pass, and with
    checkpointing one segment that is computed again.
    """
    how = How(device, checkpoint_blocks=checkpoint_blocks)
    count = config.recipe.batch_size if device == "cuda" else min(8, config.recipe.batch_size)
    with torch.random.fork_rng(devices=[]):
        one = engine_for_trial(config, how, count, steps=1)
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
            one.advance(2)
            return torch.cuda.max_memory_allocated()
        with engine.kept_for_backward() as kept:
            one.advance(1)
        segment = one.net.stages[0][:checkpoint_blocks]  # the largest that is computed again
        with engine.kept_for_backward() as again:
            segment(one.net.stem(one.crops(*one.plan[:, 0])))
    an_image = (kept() + (again() if checkpoint_blocks else 0)) // count
    return 3 * 4 * sum(p.numel() for p in one.net.parameters()) + config.recipe.batch_size * an_image


def engine_for_trial(config: Config, how: How, batch_size: int, steps: int) -> engine.Engine:
    """The engine of a configuration before a few steps over images nobody took: speed does not depend on them."""
    recipe = replace(config.recipe, batch_size=batch_size)
    trial = replace(config, recipe=recipe, start_depth=0)
    module = Training([trial], random_images(recipe, batch_size * max(steps, 3)), how).to(how.device)
    module.configure_optimizers()
    module.engines[0].start_epoch(*module.plan(trial, 0))
    return module.engines[0]


def random_images(recipe: Recipe, count: int) -> images.Images:
    """Images nobody took, of the size of a recipe's."""
    size = 32 if recipe.data == "cifar10" else 16
    return images.Images(torch.randint(256, (count, size, size, 3)).byte(), torch.randint(10, (count,)))
