"""How long the laptop-tier degradation study takes our way and the bare way: python tests/benchmarks/laptop_grid.py

Ours: one single-threaded process a core, each with a run of its own, through the course's engine. Bare: one run after
the other in one process with PyTorch's default threads, its default memory format and its default SGD. Every
network of the grid is timed for a few seconds each way, in turns, after a warm-up; the medians, times the steps of
the study, give both totals. Beside them stands the floor: the time if nothing but the arithmetic of convolutions and
linear layers were done, at the speed of this machine's matrix products. Appends to resnet_course/recorded/bench with
--keep.
"""

import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import cache
from itertools import cycle
from multiprocessing import get_context

import torch

from resnet_course import bench, costs, lab, networks, provenance, recipes, runs
from resnet_course.data import augment

TURNS, SECONDS = 3, 2.5


@cache
def bare(config: recipes.Config) -> bench.Steps:
    """The loop as one writes it: default memory format, default optimizer, crops and flips for the whole batch."""
    data = costs.random_images(config.recipe, bench.IMAGES)
    pad = data.pixels.shape[1] // 8
    plan = augment.draw_plan(len(data.labels), config.recipe.batch_size, pad, 0, 0)
    steps = cycle(zip(*plan, strict=True))
    batches = (
        (augment.take(data.pixels, *rows, pad).contiguous(), data.labels[rows[0]]) for rows in steps
    )
    return bench.sgd(networks.build(config), batches, "cpu")


@cache
def ours(config: recipes.Config) -> bench.Steps:
    return bench.ours(config, "cpu")


def steps_per_second(way: str, config: recipes.Config) -> float:
    """Of one process, over about SECONDS; what was made ready in an earlier turn is used again."""
    if way == "ours":
        torch.set_num_threads(1)
    steps = {"bare": bare, "ours": ours}[way](config)
    steps(1)
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < SECONDS:
        steps(4)
        count += 4
    return count / (time.perf_counter() - begin)


def ceiling() -> float:
    """FLOP/s of one thread in matrix products."""
    torch.set_num_threads(1)
    return bench.ceilings("cpu")["flop_per_second"]


def measure() -> tuple[list[dict], float]:
    """Rows of {net, depth, bare and ours in steps/s of the whole machine, ratio}; seconds of arithmetic in all."""
    cores, context = os.cpu_count() or 1, get_context("spawn")
    os.environ["OMP_NUM_THREADS"] = str(cores)
    lanes = [ProcessPoolExecutor(1, context) for _ in range(cores)]
    alone = ProcessPoolExecutor(1, context)
    flop_per_second = sum(one.result() for one in [lane.submit(ceiling) for lane in lanes])
    rows, floor = [], 0.0
    for config in lab.configs("degradation", "laptop"):
        taken = {"bare": [], "ours": []}
        for _ in range(TURNS):
            taken["bare"].append(alone.submit(steps_per_second, "bare", config).result())
            together = [lane.submit(steps_per_second, "ours", config) for lane in lanes]
            taken["ours"].append(sum(lane.result() for lane in together))
        row = {"net": config.net, "depth": config.depth}
        row |= {way: round(statistics.median(rates), 3) for way, rates in taken.items()}
        rows.append(row | {"ratio": round(row["ours"] / row["bare"], 2)})
        print(rows[-1], flush=True)
        examples = config.recipe.iterations * config.recipe.batch_size
        floor += examples / bench.arithmetic_floor(config, flop_per_second)
    for pool in (alone, *lanes):
        pool.shutdown()
    return rows, floor


def main(keep: bool) -> None:
    (rows, floor), iterations = measure(), recipes.laptop().iterations
    totals = {way: round(sum(iterations / row[way] for row in rows), 1) for way in ("bare", "ours")}
    totals["floor"] = round(floor, 1)
    ratio = round(totals["bare"] / totals["ours"], 2)
    said = ", ".join(f"{way} {seconds:.0f} s" for way, seconds in totals.items())
    print(f"one seed of the study: {said}; ours is {ratio:.2f} times as fast as bare")
    made = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": provenance.cpu_name(),
    }
    made |= {
        "torch": torch.__version__,
        "what": "laptop-tier degradation grid",
        "seconds": totals,
        "ratio": ratio,
    }
    if keep:
        print(bench.append({**made, "rows": rows}, runs.RECORDED / "bench"))


if __name__ == "__main__":
    main("--keep" in sys.argv)
