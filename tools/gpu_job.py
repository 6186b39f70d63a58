"""The GPU job by one command, most wanted first: the bench, Table 6 with weights, the thousand layers, the rest.

Each run writes its record as it ends, and the job stops by itself after --max-minutes; the same command again goes on
where it stopped. Nothing is needed but the package's dependencies and CIFAR-10: `resnet-course data where` finds it.
"""

import argparse
import math
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
GRACE = 60  # seconds beyond the last minute, for a run to finish its epoch and save its state
# Study, and what else. Two networks at a time share the GPU, a thousand layers have it for themselves; no graph holds
# blocks that are left out at random.
RUNS = (
    ("degradation", "--seeds 0 --parallel 2 --keep-weights --graph"),
    ("degradation", "--seeds 1 2 --parallel 2 --keep-weights --graph"),
    ("layer_responses", "--seeds 0 1 2"),
    ("thousand_layers", "--seeds 0 --parallel 1 --keep-weights --graph"),
    ("taming_depth", "--seeds 0 --parallel 2"),
    ("preactivation", "--seeds 0 --parallel 2 --graph"),
    ("block_anatomy", "--seeds 0 --parallel 2 --graph"),
)


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 when all was done, 1 when something failed or time was up."""
    options = parser().parse_args(arguments)
    deadline = time.monotonic() + 60 * options.max_minutes
    undone = 0
    for step in steps(options):
        left = deadline - time.monotonic()
        limit = [] if step[0] == "bench" or math.isinf(left) else ["--max-minutes", f"{max(left, 0) / 60:.1f}"]
        print("\n$ resnet-course", shlex.join(step + limit), flush=True)
        if options.dry_run:
            continue
        if left <= 0:
            print("Time is up; the same command goes on from here.")
            return 1
        undone += not done(step + limit, left)
    print(f"\n{undone} steps are not done; the same command tries them again." if undone else "\nAll is done.")
    return int(undone > 0)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description="Bench and full-recipe studies on this machine's GPU, in order.")
    made.add_argument("--max-minutes", type=float, default=math.inf, help="stop in time, resumable")
    made.add_argument("--out", type=Path, default=Path("runs"), help="folder of records, bench results and weights")
    made.add_argument("--tier", default="paper", help="recipe of the runs; with live, a rehearsal")
    made.add_argument("--device", default="cuda", help="with cpu, a rehearsal")
    made.add_argument("--dry-run", action="store_true", help="say the commands, run none")
    return made


def steps(options: argparse.Namespace) -> list[list[str]]:
    """Arguments of resnet-course, step by step; a bench that is there already is not made again."""
    where = ["--tier", options.tier, "--device", options.device]
    depths = ("20", "56", "110", "1202") if options.tier == "paper" else ("8",)
    bench = [["bench", "--depths", *depths, *where, "--out", str(options.out / "bench")]]
    there = {path.stem for path in (ROOT / "resnet_course" / "studies").glob("*.py")}
    left_out = {"--graph"} if options.device != "cuda" else set()
    chosen = [
        ["run", study, *(word for word in how.split() if word not in left_out), *where, "--out", str(options.out)]
        for study, how in RUNS
        if study in there
    ]
    return (bench if not list((options.out / "bench").glob("*.json")) else []) + chosen


def done(step: list[str], seconds: float) -> bool:
    """Run one step for so long at most; whether it did all it should."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command, limit = (
        [sys.executable, "-m", "resnet_course.cli", *step],
        None if math.isinf(seconds) else seconds + GRACE,
    )
    try:
        return not subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, timeout=limit).returncode
    except subprocess.TimeoutExpired:
        print("This step did not end in time; what it saved stays.")
        return False


if __name__ == "__main__":
    sys.exit(main())
