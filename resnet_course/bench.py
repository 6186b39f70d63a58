"""How fast, against what: the same net, batch and machine in one run, beside the loop most people write.

Rates are images per second of training at one batch size; every contestant takes its turns in the same run, and
the median of its turns counts. Ratios travel between machines, absolute rates do not.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import nn

from . import engine, models, networks, provenance, recipes, training
from .data import augment, images
from .device import pick_precision

Steps = Callable[[int], float | None]  # takes n steps; gives the seconds if it keeps a clock of its own


def contestants(config: recipes.Config, device: str) -> dict[str, Callable[[], Steps]]:
    """Ways to train one network, by name; calling one makes it ready and returns what takes n steps and waits."""
    ways = {
        "users' loop": lambda: users_loop(config, device),
        "bare loop": lambda: bare_loop(config, device),
        "ours, eager": lambda: ours(config, device),
        "ours, under Lightning": lambda: under_lightning(config, device),
    }
    if device == "cuda":
        ways["ours, one graph a step"] = lambda: ours(config, device, graph=True)
        ways["ours, graph and compiled blocks"] = lambda: ours(config, device, graph=True, compiled=True)
    return ways


def random_images(config: recipes.Config, count: int = 4096) -> images.Images:
    """Images nobody took: speed does not depend on what is in them."""
    size = 32 if config.recipe.data == "cifar10" else 16
    return images.Images(torch.randint(256, (count, size, size, 3)).byte(), torch.randint(10, (count,)))


def users_loop(config: recipes.Config, device: str) -> Steps:
    """The loop users have today: DataLoader workers, torchvision transforms image by image, eager float32."""
    import os

    from torchvision.transforms import v2

    data = random_images(config)
    size = data.pixels.shape[1]
    transform = v2.Compose(
        [
            v2.ToPILImage(),
            v2.RandomCrop(size, padding=size // 8),
            v2.RandomHorizontalFlip(),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([m / 255 for m in augment.MEAN], [s / 255 for s in augment.STD]),
        ]
    )
    loader = torch.utils.data.DataLoader(
        PerImage(data, transform),
        config.recipe.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=min(8, os.cpu_count() or 1),
        pin_memory=device == "cuda",
        persistent_workers=True,
    )
    net = networks.build(config).to(device)
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
    batches = forever(loader)

    def steps(count: int) -> None:
        for _ in range(count):
            pixels, labels = next(batches)
            pixels, labels = pixels.to(device, non_blocking=True), labels.to(device, non_blocking=True)
            loss = nn.functional.cross_entropy(net(pixels), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()  # as loops do that show a running loss

    return steps


class PerImage(torch.utils.data.Dataset):
    """One transformed image at a time, as torchvision's CIFAR10 gives them."""

    def __init__(self, data: images.Images, transform):
        self.data, self.transform = data, transform

    def __len__(self) -> int:
        return len(self.data.labels)

    def __getitem__(self, index: int):
        return self.transform(self.data.pixels[index].permute(2, 0, 1)), self.data.labels[index]


def forever(loader) -> Iterator:
    while True:
        yield from loader


def bare_loop(config: recipes.Config, device: str) -> Steps:
    """The shortest honest loop: our data on the device, our network, eager float32, nothing around it."""
    data = random_images(config).to(device)
    pad = data.pixels.shape[1] // 8
    plan = augment.draw_plan(len(data.labels), config.recipe.batch_size, pad, 0, 0)
    plan = [row.to(device) for row in plan]
    net = networks.build(config).to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4, fused=True)

    def steps(count: int) -> None:
        for i in range(count):
            rows = [row[i % len(row)] for row in plan]
            loss = nn.functional.cross_entropy(net(augment.take(data.pixels, *rows, pad)), data.labels[rows[0]])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        wait(device)

    return steps


def ours(config: recipes.Config, device: str, graph: bool = False, compiled: bool = False) -> Steps:
    """A step through this course's engine, as `resnet-course run` takes it."""
    data = random_images(config)
    module = training.Training([config], data, pick_precision(device)).to(device)
    module.configure_optimizers()
    (one,) = module.engines
    plan = augment.draw_plan(len(data.labels), config.recipe.batch_size, data.pixels.shape[1] // 8, 0, 0)

    def start() -> None:
        one.start_epoch(plan, [0.1] * len(plan.order))

    start()
    if compiled:
        engine.compile_blocks(one.twin)
    if graph:
        one.capture()
    left = len(plan.order)

    def steps(count: int) -> None:
        nonlocal left
        while count:
            if not left:
                start()
                left = len(plan.order)
            now = min(count, left)
            one.advance(now)
            count, left = count - now, left - now
        one.means()

    return steps


def under_lightning(config: recipes.Config, device: str) -> Steps:
    """Our module in Lightning's training loop, by the module's own clock: epochs only, without setting up."""
    data = random_images(config)

    def steps(count: int) -> float:
        longer = replace(config, recipe=replace(config.recipe, iterations=count))
        with training.quiet_lightning():
            module = training.Training([longer], data, pick_precision(device))
            training.trainer_for(module, device, callbacks=[]).fit(module)
        return module.seconds

    return steps


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def measure(config: recipes.Config, device: str, turns: int = 5, seconds: float = 1.0, only=None) -> list[dict]:
    """Rows of {variant, images_per_second, ratio to the users' loop, ready_seconds, peak_bytes} for one network.

    Each variant takes `turns` turns of about `seconds`, round robin, after one uncounted turn.
    """
    rows, ready = [], {}
    for name, prepare in contestants(config, device).items():
        if only and name not in only:
            continue
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
        begin = time.perf_counter()
        steps = prepare()
        steps(1)
        wait(device)
        row = {"variant": name, "ready_seconds": round(time.perf_counter() - begin, 2)}
        if device == "cuda":
            row["peak_bytes"] = torch.cuda.max_memory_allocated() - before
        count = max(1, round(3 * seconds / timed(steps, 3)))
        ready[name] = (steps, count, [])
        rows.append(row)
    for _ in range(turns):
        for steps, count, rates in ready.values():
            rates.append(count * config.recipe.batch_size / timed(steps, count))
    for row in rows:
        rates = ready[row["variant"]][2]
        row["images_per_second"] = round(statistics.median(rates), 1)
        row["spread"] = round((max(rates) - min(rates)) / statistics.median(rates), 3)
    base = rows[0]["images_per_second"]
    return [
        {"net": config.net, "depth": config.depth, **row, "ratio": round(row["images_per_second"] / base, 2)}
        for row in rows
    ]


def timed(steps: Steps, count: int) -> float:
    """Seconds that `count` steps take."""
    begin = time.perf_counter()
    own_clock = steps(count)
    return own_clock or time.perf_counter() - begin


def ceilings(device: str) -> dict[str, float]:
    """This machine at its best: copying (bytes read and written a second) and matrix products (FLOP/s)."""
    size, dtype = (8192, torch.bfloat16) if device == "cuda" else (1024, torch.float32)
    a, b = torch.randn(2, size, size, device=device).to(dtype)
    source = torch.empty(2**30 if device == "cuda" else 2**26, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    product = _best(lambda: a @ b, device)
    copying = _best(lambda: target.copy_(source), device)
    return {"flop_per_second": 2 * size**3 / product, "bytes_per_second": 2 * source.numel() / copying}


def _best(act: Callable[[], object], device: str, repeats: int = 30) -> float:
    times = []
    for _ in range(repeats + 2):
        wait(device)
        begin = time.perf_counter()
        act()
        wait(device)
        times.append(time.perf_counter() - begin)
    return min(times[2:])  # a ceiling is what the machine can do when nothing disturbs it


def arithmetic_floor(config: recipes.Config, flop_per_second: float) -> float:
    """Images/s if only the arithmetic counted: forward and backward are three passes of 2 FLOP a multiply-add.

    Counted are all multiply-adds of the convolutions; a library that leaves out the zeros of the padding can pass it.
    """
    with torch.device("meta"):
        net = models.cifar(config.depth, config.net, config.shortcut, config.recipe.width)
    size = 32 if config.recipe.data == "cifar10" else 16
    return flop_per_second / (6 * models.cost(net, size).multiply_adds)


def bench(depths: list[int], tier: str, device: str, seconds: float = 1.0) -> dict:
    """Measure all variants at each depth, print the table, and return everything as one JSON-able dict."""
    limits = ceilings(device)
    rows = []
    for depth in depths:
        config = recipes.Config("residual", depth, 0, recipes.for_tier(tier))
        floor = arithmetic_floor(config, limits["flop_per_second"])
        rows += [{**row, "arithmetic_ceiling": round(floor)} for row in measure(config, device, seconds=seconds)]
        for row in rows[-len(contestants(config, device)) :]:
            print(
                f"{row['net']}-{row['depth']:<5} {row['variant']:<32} {row['images_per_second']:>10,.0f} images/s "
                f"{row['ratio']:>6.2f}x   ready in {row['ready_seconds']:.1f} s   "
                f"arithmetic ceiling {row['arithmetic_ceiling']:,}",
                flush=True,
            )
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": torch.cuda.get_device_name() if device == "cuda" else provenance.cpu_name(),
        "torch": torch.__version__,
        "code": provenance.code_version(),
        "tier": tier,
        "batch_size": config.recipe.batch_size,
        "threads": torch.get_num_threads(),
        "ceilings": limits,
        "rows": rows,
    }


def append(result: dict, folder: Path) -> Path:
    """Keep a result beside earlier ones, named by device and time."""
    folder.mkdir(parents=True, exist_ok=True)
    hardware = "".join(c if c.isalnum() else "-" for c in result["hardware"].lower())
    path = folder / f"{hardware}-{result['made'][:19].replace(':', '')}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    return path
