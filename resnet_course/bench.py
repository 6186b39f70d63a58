"""How fast, against what: the same net, batch and machine in one run, beside the loop most people write.

Rates are images per second of training at one batch size; every contestant takes its turns in the same run, and
the median of its turns counts. Ratios travel between machines, absolute rates do not.
"""

import json
import os
import statistics
import timeit
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain, cycle, islice, repeat
from pathlib import Path

import torch
from torch import nn
from torchvision.datasets import CIFAR10
from torchvision.transforms import v2

from . import costs, engine, models, networks, provenance, recipes, training
from .data import augment
from .device import How, pick_device

IMAGES = 4096  # that a contestant trains on
Steps = Callable[[int], float | None]  # takes n steps; gives the seconds if it keeps a clock of its own


def contestants(config: recipes.Config, device: str) -> dict[str, Callable[[], Steps]]:
    """Ways to train one network, by name; calling one makes it ready and returns what takes n steps and waits."""
    ways = {"users' loop": users_loop, "bare loop": bare_loop}
    ways |= {"ours, eager": ours, "ours, under Lightning": under_lightning}
    if device == "cuda":
        ways["ours, one graph a step"] = partial(ours, graph=True)
        ways["ours, graph and compiled blocks"] = partial(ours, graph=True, compiled=True)
    return {name: partial(way, config, device) for name, way in ways.items()}


def users_loop(config: recipes.Config, device: str) -> Steps:
    """The loop users have today: DataLoader workers, torchvision transforms image by image, eager float32."""
    data = costs.random_images(config.recipe, IMAGES)
    size = data.pixels.shape[1]
    to_tensor = [v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.25] * 3)]
    dataset = CIFAR10.__new__(CIFAR10)  # torchvision's, without its files
    dataset.data, dataset.targets, dataset.target_transform = data.pixels.numpy(), data.labels.tolist(), None
    dataset.transform = v2.Compose([v2.RandomCrop(size, padding=size // 8), v2.RandomHorizontalFlip(), *to_tensor])
    workers = {"num_workers": min(8, os.cpu_count() or 1), "persistent_workers": True, "pin_memory": device == "cuda"}
    loader = torch.utils.data.DataLoader(dataset, config.recipe.batch_size, shuffle=True, drop_last=True, **workers)
    return sgd(networks.build(config).to(device), chain.from_iterable(repeat(loader)), device, show_loss=True)


def bare_loop(config: recipes.Config, device: str) -> Steps:
    """The shortest honest loop: our data on the device, our network, eager float32, nothing around it."""
    data = costs.random_images(config.recipe, IMAGES).to(device)
    pad = data.pixels.shape[1] // 8
    plan = augment.draw_plan(len(data.labels), config.recipe.batch_size, pad, 0, 0)
    steps = cycle(zip(*(row.to(device) for row in plan), strict=True))
    batches = ((augment.take(data.pixels, *rows, pad), data.labels[rows[0]]) for rows in steps)
    net = networks.build(config).to(device, memory_format=torch.channels_last)
    return sgd(net, batches, device, fused=True)


def sgd(net: nn.Module, batches: Iterator, device: str, show_loss: bool = False, fused: bool | None = None) -> Steps:
    """Steps over `batches` of (images, labels); a loop that shows a running loss waits for it at each of them."""
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4, fused=fused)

    def steps(count: int) -> None:
        for pixels, labels in islice(batches, count):
            pixels, labels = pixels.to(device, non_blocking=True), labels.to(device, non_blocking=True)
            loss = nn.functional.cross_entropy(net(pixels), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if show_loss:
                loss.item()
        wait(device)

    return steps


def ours(config: recipes.Config, device: str, graph: bool = False, compiled: bool = False) -> Steps:
    """A step through this course's engine, as `resnet-course run` takes it."""
    batch_size = config.recipe.batch_size
    one = costs.engine_for_trial(config, How(device), batch_size, IMAGES // batch_size)
    if compiled:
        engine.compile_blocks(one.twin)
    if graph:
        one.capture()

    epoch = one.plan.clone(), one.lrs.tolist()

    def steps(count: int) -> None:
        for done in range(0, count, len(one.lrs)):
            one.start_epoch(*epoch)
            one.advance(min(count - done, len(one.lrs)))
            one.means()  # waits for the device

    return steps


def under_lightning(config: recipes.Config, device: str) -> Steps:
    """Our module in Lightning's training loop, by the module's own clock: epochs only, without setting up."""
    data = costs.random_images(config.recipe, IMAGES)

    def steps(count: int) -> float:
        longer = replace(config, recipe=replace(config.recipe, iterations=count))
        with training.quiet_lightning():
            module = training.Training([longer], data, How(device))
            training.trainer_for(module, callbacks=[]).fit(module)
        return module.seconds

    return steps


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def measure(config: recipes.Config, device: str, turns: int = 5, seconds: float = 1.0, only=None) -> list[dict]:
    """Rows of {variant, images_per_second, ratio to the users' loop, ready_seconds, peak_bytes} for one network."""
    rows, ready, ways = [], {}, contestants(config, device)
    for name in only or ways:
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
        begin = timeit.default_timer()
        ready[name] = ways[name]()
        ready[name](1)
        ready_seconds = round(timeit.default_timer() - begin, 2)
        rows.append({"net": config.net, "depth": config.depth, "variant": name, "ready_seconds": ready_seconds})
        if device == "cuda":
            rows[-1]["peak_bytes"] = torch.cuda.max_memory_allocated() - before
    for row, times in zip(rows, take_turns(ready, turns, seconds).values(), strict=True):
        rates = [config.recipe.batch_size / step for step in times]
        row["images_per_second"] = round(statistics.median(rates), 1)
        row["spread"] = round((max(rates) - min(rates)) / statistics.median(rates), 3)
        row["ratio"] = round(row["images_per_second"] / rows[0]["images_per_second"], 2)
    return rows


def take_turns(ready: dict[str, Steps], turns: int, seconds: float) -> dict[str, list[float]]:
    """Seconds a step in each of `turns` turns of about `seconds`, round robin, after one uncounted turn."""
    counts = {name: max(1, round(3 * seconds / timed(steps, 3))) for name, steps in ready.items()}
    taken = {name: [] for name in ready}
    for name, steps in turns * list(ready.items()):
        taken[name].append(timed(steps, counts[name]) / counts[name])
    return taken


def timed(steps: Steps, count: int) -> float:
    """Seconds that `count` steps take."""
    begin = timeit.default_timer()
    return steps(count) or timeit.default_timer() - begin


def addition(depth: int, tier: str, device: str, turns: int = 25, seconds: float = 0.2) -> dict:
    """What the shortcut's addition costs, residual over plain: time of a bare step, bytes kept for the way back.

    The networks take turns and medians count. Raises ValueError for a depth that no network has.
    """
    ready, kept = {}, {}
    for net in ("plain", "residual"):
        ready[net] = bare_loop(recipes.Config(net, depth, 0, recipes.for_tier(tier)), device)
        kept[net] = kept_bytes(ready[net])
    step = {net: statistics.median(times) for net, times in take_turns(ready, turns, seconds).items()}
    time_ratio, kept_ratio = (round(of["residual"] / of["plain"], 3) for of in (step, kept))
    return {"depth": depth, "time_ratio": time_ratio, "kept_ratio": kept_ratio, "seconds": step, "kept_bytes": kept}


def kept_bytes(steps: Steps) -> int:
    """Bytes that the forward pass of a step keeps for the backward pass, parameters apart, each storage once."""
    with engine.kept_for_backward() as count:
        steps(1)
    return count()


def ceilings(device: str) -> dict[str, float]:
    """This machine at its best: copying (bytes read and written a second) and matrix products (FLOP/s)."""
    size, dtype = (8192, torch.bfloat16) if device == "cuda" else (1024, torch.float32)
    a, b = torch.randn(2, size, size, device=device).to(dtype)
    source, target = torch.empty(2, 2**30 if device == "cuda" else 2**26, dtype=torch.uint8, device=device)

    def quickest(act: Callable[[], object]) -> float:  # what the machine can do when nothing disturbs it
        return min(timeit.repeat(lambda: (act(), wait(device)), number=1, repeat=32))

    product, copying = quickest(lambda: a @ b), quickest(lambda: target.copy_(source))
    return {"flop_per_second": 2 * size**3 / product, "bytes_per_second": 2 * source.numel() / copying}


def arithmetic_floor(config: recipes.Config, flop_per_second: float) -> float:
    """Images/s if only arithmetic counted: forward and backward are 3 x 2 FLOP a multiply-add, padding's too."""
    with torch.device("meta"):
        net = models.cifar(config.depth, config.net, config.shortcut, config.recipe.width)
    return flop_per_second / (6 * models.cost(net, 32 if config.recipe.data == "cifar10" else 16).multiply_adds)


def bench(depths: list[int], tier: str, device: str, seconds: float = 1.0) -> dict:
    """Measure all variants at each depth, print the table, and return everything as one JSON-able dict."""
    device = pick_device(device)
    limits, rows, additions = ceilings(device), [], []
    say = partial(print, flush=True)
    for depth in depths:
        config = recipes.Config("residual", depth, 0, recipes.for_tier(tier))
        ceiling = round(arithmetic_floor(config, limits["flop_per_second"]))
        for row in measure(config, device, seconds=seconds):
            rows.append({**row, "arithmetic_ceiling": ceiling})
            say(
                f"{row['net']}-{depth:<5} {row['variant']:<32} {row['images_per_second']:>10,.0f} images/s "
                f"{row['ratio']:>6.2f}x   ready in {row['ready_seconds']:.1f} s   arithmetic ceiling {ceiling:,}"
            )
        additions.append(cost := addition(depth, tier, device, seconds=seconds / 5))
        say(
            f"residual-{depth:<5} {'addition, against plain':<32} {cost['time_ratio']:>10.2f}x the time of a step, "
            f"{cost['kept_ratio']:.2f}x the bytes kept for the backward pass"
        )
    hardware = torch.cuda.get_device_name() if device == "cuda" else provenance.cpu_name()
    made = {"made": datetime.now(UTC).isoformat(timespec="seconds"), "hardware": hardware, "torch": torch.__version__}
    how = {"tier": tier, "batch_size": config.recipe.batch_size, "threads": torch.get_num_threads()}
    return {**made, "code": provenance.code_version(), **how, "ceilings": limits, "rows": rows, "addition": additions}


def append(result: dict, folder: Path) -> Path:
    """Keep a result beside earlier ones, named by device and time."""
    folder.mkdir(parents=True, exist_ok=True)
    hardware = "".join(c if c.isalnum() else "-" for c in result["hardware"].lower())
    path = folder / f"{hardware}-{result['made'][:19].replace(':', '')}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    return path
