"""The GPU job by one command, most worth a minute first; every step's results stay when it stops.

The minutes of a step are what it takes at the floor of an H200, counted beforehand (kernels
replayed, memory moved); another GPU takes longer. A step that does not fit in what is left is
skipped and said. Nothing is needed but the package's dependencies and CIFAR-10: `resnet-course data where` finds it.
"""

import argparse
import math
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
GRACE = 60  # seconds beyond the last minute, for a run to finish its epoch and save its state
RESERVE = 0.5  # minutes kept back for what a step does at its end


@dataclass(frozen=True)
class Step:
    """One command, and the minutes it takes at the floor.

    `words` are those of resnet-course; of pytest where `is_test`. `has_graph`: each training step
    is replayed as a CUDA graph, where there is a GPU.
    """

    name: str
    minutes: float
    words: tuple[str, ...]
    is_test: bool = False
    has_graph: bool = False
    resumable: bool = True


def runs(study: str, *words: str) -> tuple[str, ...]:
    """Words that do runs of a study."""
    return ("run", study, *words)


# What shows whether the path works comes first, then what the book quotes from others today.
STEPS = (
    Step("tests that need a GPU", 1, ("tests/training/test_engine.py",), is_test=True),
    Step(
        "degradation, live: the whole path",
        1,
        runs("degradation", "--tier", "live", "--parallel", "2"),
        has_graph=True,
    ),
    Step("bench of 20 layers", 1.5, ("bench", "--depths", "20"), resumable=False),
    Step("bench of 110 layers", 2, ("bench", "--depths", "110"), resumable=False),
    Step("bench of 1202 layers", 4, ("bench", "--depths", "1202"), resumable=False),
    Step(
        "a thousand layers, three epochs",
        4,
        runs("thousand_layers", "--tier", "colab", "--keep-weights"),
        has_graph=True,
    ),
    Step(
        "Table 6: plain and residual 110",
        5,
        runs("degradation", "--depths", "110", "--parallel", "2", "--keep-weights"),
        has_graph=True,
    ),
    Step(
        "Table 6: plain and residual 56",
        2.5,
        runs("degradation", "--depths", "56", "--parallel", "2", "--keep-weights"),
        has_graph=True,
    ),
    Step(
        "Table 6: plain and residual 20",
        1.2,
        runs("degradation", "--depths", "20", "--parallel", "2", "--keep-weights"),
        has_graph=True,
    ),
    Step(
        "degradation, five epochs, three seeds",
        1.5,
        runs("degradation", "--tier", "colab", "--seeds", "3", "4", "5", "--parallel", "2"),
        has_graph=True,
    ),
    Step(
        "layer responses, five epochs, three seeds",
        3,
        runs("layer_responses", "--tier", "colab", "--seeds", "3", "4", "5", "--parallel", "2"),
        has_graph=True,
    ),
    Step(
        "Table 6: two more seeds",
        21,
        runs("degradation", "--seeds", "1", "2", "--parallel", "2", "--keep-weights"),
        has_graph=True,
    ),
    Step(
        "1202, pre-activation 164 and 1001, to the end",
        73,
        runs("thousand_layers", "--keep-weights"),
        has_graph=True,
    ),
    Step("regularisation of deep networks", 83, runs("taming_depth", "--parallel", "2")),
)


@dataclass(frozen=True)
class Rehearsal:
    """How the job is rehearsed without a GPU: another tier, another device, no graphs."""

    tier: str = "paper"
    device: str = "cuda"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when all was done, 1 when something failed, was skipped, or time was up."""
    options = parser().parse_args(arguments)
    rehearsal = Rehearsal(options.tier, options.device)
    deadline = time.monotonic() + 60 * options.max_minutes
    undone = []
    for step in STEPS:
        left = (deadline - time.monotonic()) / 60
        command = words_of(step, rehearsal, options.out, left)
        print(f"\n{step.name} (about {step.minutes:g} min at the floor)", flush=True)
        print("$", shlex.join(command), flush=True)
        if options.dry_run:
            continue
        if step.minutes + RESERVE > left:
            print(f"Skipped: {max(left, 0):.1f} min are left.")
            undone.append(step.name)
        elif not is_done(step, command, left):
            undone.append(step.name)
    if undone:
        print(f"\nNot done: {'; '.join(undone)}. The same command goes on from here.")
    return int(bool(undone))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m tools.gpu_job", description=__doc__)
    add = made.add_argument
    add("--max-minutes", type=float, default=math.inf, help="stop in time, resumable")
    add("--out", type=Path, default=Path("runs"), help="folder of records, benches and weights")
    add("--tier", default="paper", help="recipe of the runs; with live, a rehearsal")
    add("--device", default="cuda", help="with cpu, a rehearsal")
    add("--dry-run", action="store_true", help="say the commands, run none")
    return made


def words_of(step: Step, rehearsal: Rehearsal, out: Path, left: float) -> list[str]:
    """The command of a step."""
    if step.is_test:
        return [sys.executable, "-m", "pytest", "-q", *step.words]
    words = [sys.executable, "-m", "resnet_course.cli", *step.words]
    is_rehearsal = rehearsal.tier != "paper"
    if is_rehearsal:
        words = _rehearsed(words, rehearsal.tier)
    elif "--tier" not in words:
        words += ["--tier", "paper"]
    words += ["--device", rehearsal.device]
    if step.has_graph and rehearsal.device == "cuda":
        words.append("--graph")
    if step.resumable and math.isfinite(left):
        words += ["--max-minutes", f"{max(left - RESERVE, 0.1):.1f}"]
    folder = out if step.words[0] == "run" else out / "bench"
    return [*words, "--out", str(folder)]


def _rehearsed(words: list[str], tier: str) -> list[str]:
    """The same at a small tier: without depths that it does not have, benches of 8 layers."""
    kept = []
    skipping = False
    for word in words:
        if word.startswith("--"):
            skipping = word in ("--depths", "--tier")
        if not skipping:
            kept.append(word)
    if "bench" in words:
        kept += ["--depths", "8", "--seconds", "0.05"]
    return [*kept, "--tier", tier]


def is_done(step: Step, command: Sequence[str], minutes: float) -> bool:
    """Run one step for so long at most; whether it did all it should."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    limit = None if math.isinf(minutes) else 60 * minutes + GRACE
    try:
        folder = ROOT if step.is_test else None
        done = subprocess.run(command, env=environment, timeout=limit, cwd=folder)
    except subprocess.TimeoutExpired:
        print("This step did not end in time; what it saved stays.")
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
