"""How fast, against what: the same net, batch and machine in one run, beside plainer loops.

Rates are images per second of training at one batch size; every contestant takes its turns in the
same run, and the median of its turns counts. Ratios travel between machines, absolute rates do not.
"""

import json
import os
import statistics
import timeit
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain, cycle, islice, repeat
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torchvision.datasets import CIFAR10
from torchvision.transforms import v2

from .data import augment
from .networks.models import cifar
from .probes.counting import cost as count
from .recipes import RunConfig, for_tier
from .records.files import atomic_write
from .records.provenance import hardware, source_address
from .training import cost, fit
from .training.build import build
from .training.memory import kept_for_backward
from .training.module import Training
from .training.runtime import Runtime, resolve

IMAGES = 4096  # that a contestant trains on
TURNS = 5
# Takes n steps and waits; gives the seconds if it keeps a clock of its own.
Steps: TypeAlias = Callable[[int], float | None]
Batches: TypeAlias = Iterator[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Row:
    """One contestant at one depth. `ratio` is to the first contestant that ran."""

    network: str
    contestant: str
    images_per_second: float
    spread: float  # (largest - smallest) / median over the turns
    ratio: float
    ready_seconds: float
    peak_bytes: int | None = None  # on a GPU
    arithmetic_ceiling: int | None = None  # images/s if only arithmetic counted


@dataclass(frozen=True)
class Failure:
    """A contestant that could not run, and why."""

    network: str
    contestant: str
    reason: str


@dataclass(frozen=True)
class AdditionCost:
    """What the addition of a residual network costs against its plain twin."""

    depth: int
    time_ratio: float
    kept_ratio: float
    time_ratio_spread: float


@dataclass(frozen=True)
class Result:
    """What a bench measured, and on what."""

    made: str
    hardware: str
    torch: str
    source: str
    tier: str
    batch_size: int
    threads: int
    precision: str
    ceilings: dict[str, float]
    rows: Sequence[Row] = ()
    failures: Sequence[Failure] = ()
    additions: Sequence[AdditionCost] = ()


def contestants(config: RunConfig, runtime: Runtime) -> dict[str, Callable[[], Steps]]:
    """Ways to train one network, by name; calling one makes it ready."""
    ways: dict[str, Callable[[], Steps]] = {
        "users' loop": partial(users_loop, config, runtime.device),
        "bare loop": partial(bare_loop, config, runtime.device),
        "ours, eager": partial(ours, config, runtime),
        "ours, under Lightning": partial(under_lightning, config, runtime),
    }
    if runtime.device == "cuda":
        graph = replace(runtime, graph=True)
        ways["ours, one graph per step"] = partial(ours, config, graph)
        ways["ours, graph under Lightning"] = partial(under_lightning, config, graph)
        compiled = replace(graph, compile_blocks=True)
        ways["ours, graph and compiled blocks"] = partial(ours, config, compiled)
        ways["ours, graph in fp16"] = partial(ours, config, replace(graph, precision="fp16"))
    return ways


def users_loop(config: RunConfig, device: str) -> Steps:
    """The loop users have today: DataLoader workers, torchvision transforms, eager float32."""
    data = cost.random_images(config.recipe, IMAGES)
    size = data.pixels.shape[1]
    dataset = CIFAR10.__new__(CIFAR10)  # torchvision's, without its files
    dataset.data, dataset.targets = data.pixels.numpy(), data.labels.tolist()
    dataset.target_transform = None
    dataset.transform = v2.Compose(
        [
            v2.RandomCrop(size, padding=size // 8),
            v2.RandomHorizontalFlip(),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5] * 3, [0.25] * 3),
        ]
    )
    loader = torch.utils.data.DataLoader(
        dataset,
        config.recipe.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=min(8, os.cpu_count() or 1),
        persistent_workers=True,
        pin_memory=device == "cuda",
    )
    batches = chain.from_iterable(repeat(loader))
    return sgd(build(config).to(device), batches, device, show_loss=True)


def bare_loop(config: RunConfig, device: str) -> Steps:
    """The shortest honest loop: our data and network, eager float32, nothing around it."""
    data = cost.random_images(config.recipe, IMAGES).to(device)
    pad = data.pixels.shape[1] // 8
    plan = augment.draw_plan(len(data.labels), config.recipe.batch_size, pad, 0, 0)
    steps = cycle(zip(*(row.to(device) for row in plan), strict=True))
    batches = (
        (augment.take(data.pixels, order, down, right, flip, pad), data.labels[order])
        for order, down, right, flip in steps
    )
    net = build(config).to(memory_format=torch.channels_last)
    return sgd(net.to(device), batches, device, fused=True)


def sgd(
    net: nn.Module,
    batches: Batches,
    device: str,
    show_loss: bool = False,
    fused: bool | None = None,
) -> Steps:
    """Steps over batches; a loop that shows a running loss waits for it at each of them."""
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4, fused=fused)

    def steps(number: int) -> None:
        for batch, answers in islice(batches, number):
            images = batch.to(device, non_blocking=True)
            labels = answers.to(device, non_blocking=True)
            loss = nn.functional.cross_entropy(net(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if show_loss:
                loss.item()
        wait(device)

    return steps


def ours(config: RunConfig, runtime: Runtime) -> Steps:
    """A step through this course's engine, as `resnet-course run` takes it."""
    batch_size = config.recipe.batch_size
    one = cost.engine_for_trial(config, runtime, batch_size, IMAGES // batch_size)
    if runtime.graph:
        one.capture()
    plan, lrs = list(one.plan.clone()), one.lrs.tolist()

    def steps(number: int) -> None:
        for done in range(0, number, len(lrs)):
            one.start_epoch(plan, lrs)
            one.advance(min(number - done, len(lrs)))
            one.means()  # waits for the device

    return steps


def under_lightning(config: RunConfig, runtime: Runtime) -> Steps:
    """Our module in Lightning's loop, by the module's own clock: epochs only, no setting up."""
    data = cost.random_images(config.recipe, IMAGES)

    def steps(number: int) -> float:
        longer = replace(config, recipe=replace(config.recipe, iterations=number))
        with fit.quiet_lightning():
            module = Training([longer], data, runtime)
            fit.trainer_for(module, callbacks=[]).fit(module)
        return module.seconds

    return steps


def wait(device: str) -> None:
    """Wait until the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()


@dataclass(frozen=True)
class Ready:
    """A contestant that is ready to take its turns."""

    name: str
    steps: Steps
    ready_seconds: float
    peak_bytes: int | None


def measure(
    config: RunConfig,
    runtime: Runtime,
    turns: int = TURNS,
    seconds: float = 1.0,
    only: Sequence[str] | None = None,
) -> tuple[list[Row], list[Failure]]:
    """Let the contestants (all, or some by name) take turns; one that fails takes none with it."""
    ways = contestants(config, runtime)
    network = f"{config.arch}-{config.depth}"
    ready: list[Ready] = []
    failures: list[Failure] = []
    for name in only or ways:
        try:
            ready.append(_ready(name, ways[name], runtime.device))
        except Exception as error:  # whatever ails a contestant, the others have their turns
            reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
            failures.append(Failure(network, name, reason))
    times = take_turns({one.name: one.steps for one in ready}, turns, seconds)
    rates = {
        name: [config.recipe.batch_size / step for step in steps] for name, steps in times.items()
    }
    return _rows(network, ready, rates), failures


def _ready(name: str, way: Callable[[], Steps], device: str) -> Ready:
    before = 0
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    begin = timeit.default_timer()
    steps = way()
    steps(1)
    seconds = timeit.default_timer() - begin
    peak = torch.cuda.max_memory_allocated() - before if device == "cuda" else None
    return Ready(name, steps, round(seconds, 2), peak)


def _rows(network: str, ready: Sequence[Ready], rates: dict[str, list[float]]) -> list[Row]:
    rows = []
    first = statistics.median(rates[ready[0].name]) if ready else 1.0
    for one in ready:
        middle = statistics.median(rates[one.name])
        spread = (max(rates[one.name]) - min(rates[one.name])) / middle
        rows.append(
            Row(
                network=network,
                contestant=one.name,
                images_per_second=round(middle, 1),
                spread=round(spread, 3),
                ratio=round(middle / first, 2),
                ready_seconds=one.ready_seconds,
                peak_bytes=one.peak_bytes,
            )
        )
    return rows


def take_turns(ready: dict[str, Steps], turns: int, seconds: float) -> dict[str, list[float]]:
    """Seconds per step in each of `turns` turns of about `seconds`, round robin."""
    counts = {}
    for name, steps in ready.items():
        counts[name] = max(1, round(3 * seconds / timed(steps, 3)))  # after one uncounted turn
    taken: dict[str, list[float]] = {name: [] for name in ready}
    for _ in range(turns):
        for name, steps in ready.items():
            taken[name].append(timed(steps, counts[name]) / counts[name])
    return taken


def timed(steps: Steps, number: int) -> float:
    """Seconds that `number` steps take."""
    begin = timeit.default_timer()
    return steps(number) or timeit.default_timer() - begin


def addition(
    depth: int, tier: str, device: str, turns: int = 25, seconds: float = 0.2
) -> AdditionCost:
    """What the shortcut's addition costs, residual over plain: time of a bare step, bytes kept.

    The networks take turns and medians count. Raises ValueError for a depth that no network has.
    """
    ready: dict[str, Steps] = {}
    kept: dict[str, int] = {}
    for arch in ("plain", "residual"):
        ready[arch] = bare_loop(RunConfig(arch, depth, 0, for_tier(tier)), device)
        kept[arch] = kept_bytes(ready[arch])
    times = take_turns(ready, turns, seconds)
    ratios = [r / p for r, p in zip(times["residual"], times["plain"], strict=True)]
    return AdditionCost(
        depth=depth,
        time_ratio=round(statistics.median(ratios), 3),
        kept_ratio=round(kept["residual"] / kept["plain"], 3),
        time_ratio_spread=round(max(ratios) - min(ratios), 3),
    )


def kept_bytes(steps: Steps) -> int:
    """Bytes that the forward pass of a step keeps for the backward pass, parameters apart."""
    with kept_for_backward() as kept:
        steps(1)
    return kept()


def ceilings(device: str) -> dict[str, float]:
    """This machine at its best: bytes copied and floating-point operations, per second."""
    on_gpu = device == "cuda"
    size, dtype = (8192, torch.bfloat16) if on_gpu else (1024, torch.float32)
    a, b = torch.randn(2, size, size, device=device).to(dtype)
    length = 2**30 if on_gpu else 2**26
    source, target = torch.empty(2, length, dtype=torch.uint8, device=device)

    def quickest(act: Callable[[], object]) -> float:  # when nothing disturbs the machine
        def once() -> None:
            act()
            wait(device)

        return min(timeit.repeat(once, number=1, repeat=32))

    product, copying = quickest(lambda: a @ b), quickest(lambda: target.copy_(source))
    return {
        "flop_per_second": 2 * size**3 / product,
        "bytes_per_second": 2 * source.numel() / copying,
    }


def arithmetic_floor(config: RunConfig, flop_per_second: float) -> float:
    """Images/s if only arithmetic counted: forward and backward are 6 FLOP per multiply-add."""
    with torch.device("meta"):
        net = cifar(config.depth, config.arch, config.shortcut, config.recipe.width)
    size = 32 if config.recipe.data == "cifar10" else 16
    return flop_per_second / (6 * count(net, size).multiply_adds)


def bench(
    depths: Sequence[int],
    tier: str,
    runtime: Runtime,
    seconds: float = 1.0,
    folder: Path | None = None,
) -> Result:
    """Measure all contestants at each depth, print the table, and keep the result as it grows.

    Args:
        depths: Of residual networks.
        tier: Whose recipe.
        runtime: Device and precision of ours.
        seconds: Length of a turn.
        folder: Where to keep the result, as JSON, after each depth; None keeps it nowhere.

    Raises:
        RuntimeError: A contestant failed; the others' figures are kept.
    """
    runtime = resolve(runtime)
    result = _empty_result(tier, runtime)
    for depth in depths:
        config = RunConfig("residual", depth, 0, for_tier(tier))
        ceiling = round(arithmetic_floor(config, result.ceilings["flop_per_second"]))
        rows, failures = measure(config, runtime, seconds=seconds)
        rows = [replace(row, arithmetic_ceiling=ceiling) for row in rows]
        cost_of_addition = addition(depth, tier, runtime.device, seconds=seconds / 5)
        result = replace(
            result,
            rows=[*result.rows, *rows],
            failures=[*result.failures, *failures],
            additions=[*result.additions, cost_of_addition],
        )
        _say(rows, failures, cost_of_addition)
        if folder:
            print(keep(result, folder), flush=True)
    if result.failures:
        names = ", ".join(f"{one.contestant} of {one.network}" for one in result.failures)
        raise RuntimeError(f"the bench is there but for {names}")
    return result


def _empty_result(tier: str, runtime: Runtime) -> Result:
    return Result(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        hardware=hardware(runtime.device),
        torch=torch.__version__,
        source=source_address(),
        tier=tier,
        batch_size=for_tier(tier).batch_size,
        threads=torch.get_num_threads(),
        precision=runtime.precision or "fp32",
        ceilings=ceilings(runtime.device),
    )


def _say(rows: Sequence[Row], failures: Sequence[Failure], cost_of_addition: AdditionCost) -> None:
    for row in rows:
        print(
            f"{row.network:<15} {row.contestant:<32} {row.images_per_second:>10,.0f} images/s "
            f"{row.ratio:>6.2f}x   ready in {row.ready_seconds:.1f} s   "
            f"arithmetic ceiling {row.arithmetic_ceiling or 0:,}",
            flush=True,
        )
    for failure in failures:
        print(f"{failure.network:<15} {failure.contestant:<32} failed: {failure.reason}")
    print(
        f"residual-{cost_of_addition.depth:<6} {'addition, against plain':<32} "
        f"{cost_of_addition.time_ratio:>10.2f}x the time of a step, "
        f"{cost_of_addition.kept_ratio:.2f}x the bytes kept for the backward pass",
        flush=True,
    )


def keep(result: Result, folder: Path) -> Path:
    """Keep a result beside earlier ones, whole or not at all, named by device and time."""
    letters = [letter if letter.isalnum() else "-" for letter in result.hardware.lower()]
    path = folder / f"{''.join(letters)}-{result.made[:19].replace(':', '')}.json"
    with atomic_write(path) as scratch:
        scratch.write_text(json.dumps(asdict(result), indent=1) + "\n")
    return path
