"""What a run will cost, before it runs: seconds from timed steps, bytes counted or measured."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from ..data.images import Images
from ..recipes import Recipe, RunConfig
from . import engine, memory
from .build import build
from .module import Training
from .probing import CustomRun, Probe, probe_images, profiles_of
from .runtime import Runtime, one_thread, resolve

TIMED_STEPS = 4
DEEP = 300  # layers, from which on a CPU times an eighth of the batch
COUNTED_IMAGES = 8


@dataclass(frozen=True)
class Hooks:
    """What a study does with networks: train them, probe them, or measure for itself."""

    trains: bool = True
    probe: Probe | None = None
    run_custom: CustomRun | None = None


def seconds_of_runs(
    configs: Sequence[RunConfig], runtime: Runtime, hooks: Hooks
) -> dict[RunConfig, float]:
    """Seconds that each run will take alone on this machine, from a few steps at each depth.

    On a CPU processor time is measured, so that other work on the machine does not count.
    """
    runtime = resolve(runtime)
    per_step: dict[int, float] = {}
    to_probe: dict[int, float] = {}
    for config in configs:
        if config.depth in per_step:
            continue
        per_step[config.depth] = _per_step(config, runtime, hooks)
        to_probe[config.depth] = (
            seconds_to_probe(config, hooks.probe, runtime.device, hooks.trains)
            if hooks.probe
            else 0.0
        )
    return {
        config: config.recipe.iterations * per_step[config.depth] + to_probe[config.depth]
        for config in configs
    }


def _per_step(config: RunConfig, runtime: Runtime, hooks: Hooks) -> float:
    if hooks.run_custom:
        return seconds_per_custom_step(config, hooks.run_custom)
    return seconds_per_step(config, runtime) if hooks.trains else 0.0


def seconds_to_probe(
    config: RunConfig, probe: Probe, device: str, trains: bool, part: int = 8
) -> float:
    """Time of all probes of one network, from one on every so many images at random weights."""
    clock = _clock(device)
    with one_thread(device), torch.random.fork_rng():
        images = {}
        for split, (pixels, labels) in probe_images(config.recipe, device).items():
            images[split] = (pixels[::part], labels[::part])
        net = build(replace(config, start_depth=0)).to(device)
        begin = clock()
        profiles_of(probe, net, config, images, config.recipe.iterations)
        seconds = clock() - begin
    examples = config.recipe.iterations * config.recipe.batch_size
    epochs = examples / (part * len(images["train"][1]))
    times = 2 + (math.ceil(math.log2(max(1, epochs))) if trains else 0)
    return part * times * seconds


def seconds_per_custom_step(config: RunConfig, run_custom: CustomRun) -> float:
    """Mean time of an iteration of what a study measures for itself, from a few of them."""
    short = replace(config, recipe=replace(config.recipe, iterations=TIMED_STEPS))
    begin = time.process_time()
    with one_thread("cpu"), torch.random.fork_rng(devices=[]):
        run_custom(short)
    return (time.process_time() - begin) / TIMED_STEPS


def seconds_per_step(config: RunConfig, runtime: Runtime, steps: int = TIMED_STEPS) -> float:
    """Mean time of one training step on random images, after warm-up, as the runtime has it.

    On a CPU, networks of several hundred layers are timed with an eighth of the batch.
    """
    runtime = resolve(runtime)
    share = 8 if runtime.device == "cpu" and config.depth > DEEP else 1
    clock = _clock(runtime.device)
    with one_thread(runtime.device), torch.random.fork_rng(devices=[]):
        batch_size = max(1, config.recipe.batch_size // share)
        one = engine_for_trial(config, runtime, batch_size, steps)
        if runtime.graph:
            one.capture()
        one.advance(1)
        one.means()
        one.cursor.zero_()
        begin = clock()
        one.advance(steps)
        one.means()
        seconds = (clock() - begin) / steps
        one.release()
    return share * seconds


def _clock(device: str) -> Callable[[], float]:
    return time.process_time if device == "cpu" else time.perf_counter


def fastest_precision(config: RunConfig, device: str) -> str:
    """The fastest of what computes a network on a device, by a few timed steps of each."""
    candidates = ["fp32", "bf16"] if device == "cpu" else ["bf16", "fp16"]
    seconds = {}
    for precision in candidates:
        runtime = Runtime(device, precision)
        seconds[precision] = seconds_per_step(config, runtime)
    return min(seconds, key=lambda precision: seconds[precision])


def bytes_to_train(config: RunConfig, runtime: Runtime) -> int:
    """Memory that training takes: the peak of a step on a GPU, counted on a CPU.

    Counted, with a few images for the whole batch, are weights, gradients, momentum, what the
    forward pass keeps for the backward pass, and with checkpointing one segment computed again.
    """
    runtime = resolve(runtime)
    if runtime.device == "cuda":
        one = engine_for_trial(config, runtime, config.recipe.batch_size, steps=1)
        torch.cuda.reset_peak_memory_stats()
        one.advance(2)
        return torch.cuda.max_memory_allocated()
    count = min(COUNTED_IMAGES, config.recipe.batch_size)
    with torch.random.fork_rng(devices=[]):
        one = engine_for_trial(config, replace(runtime, precision="fp32"), count, steps=1)
        with memory.kept_for_backward() as kept:
            one.advance(1)
        per_image = kept() // count
        if runtime.checkpoint_blocks:
            per_image += _bytes_of_a_segment(one, runtime.checkpoint_blocks) // count
    weights = 4 * sum(parameter.numel() for parameter in one.net.parameters())
    return 3 * weights + config.recipe.batch_size * per_image


def _bytes_of_a_segment(one: engine.Engine, blocks: int) -> int:
    """What the largest segment, that of the first stage, keeps while it is computed again."""
    stage = one.net.stages[0]
    assert isinstance(stage, nn.Sequential)
    segment = stage[:blocks]
    with memory.kept_for_backward() as kept:
        segment(one.net.stem(one.crops(*one.plan[:, 0])))
    return kept()


def engine_for_trial(
    config: RunConfig, runtime: Runtime, batch_size: int, steps: int
) -> engine.Engine:
    """An engine before a few steps over random images: speed does not depend on them."""
    recipe = replace(config.recipe, batch_size=batch_size)
    trial = replace(config, recipe=recipe, start_depth=0)
    data = random_images(recipe, batch_size * max(steps, 3))
    module = Training([trial], data, runtime).to(runtime.device)
    module.configure_optimizers()
    module.engines[0].start_epoch(*module.plan(trial, 0))
    return module.engines[0]


def random_images(recipe: Recipe, count: int) -> Images:
    """Images nobody took, of the size of a recipe's."""
    size = 32 if recipe.data == "cifar10" else 16
    pixels = torch.randint(256, (count, size, size, 3)).byte()
    return Images(pixels, torch.randint(10, (count,)))
