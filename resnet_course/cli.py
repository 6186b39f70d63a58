"""resnet-course: data · run · estimate · models · bench · report."""

import argparse
import math
import shlex
import sys
from pathlib import Path

from . import lab, recipes, runs


def main(arguments: list[str] | None = None) -> int:
    """Entry point; a fault of the user's or of the world's is one sentence and exit status 1."""
    options = parser().parse_args(arguments)
    options.command = shlex.join(["resnet-course", *(arguments if arguments is not None else sys.argv[1:])])
    try:
        options.act(options)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"resnet-course: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="resnet-course", description="Residual Networks, Measured.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    data = commands.add_parser("data", help="fetch, verify or find CIFAR-10")
    data.add_argument("verb", choices=("fetch", "verify", "where"))
    data.set_defaults(act=act_data)

    run = commands.add_parser("run", help="train a study and record its runs")
    _study_arguments(run)
    run.add_argument("--parallel", type=int, default=None, help="runs side by side (default: one a core)")
    run.add_argument("--out", type=Path, default=None, help="folder of the records (default: runs/)")
    run.add_argument("--keep-weights", action="store_true", help="keep the trained weights beside each record")
    run.add_argument("--graph", action="store_true", help="capture each training step as a CUDA graph (GPU)")
    run.add_argument("--max-minutes", type=float, default=math.inf, help="stop in time, resumable")
    run.set_defaults(act=act_run)

    estimate = commands.add_parser("estimate", help="say what a study would cost here")
    _study_arguments(estimate)
    estimate.set_defaults(act=act_estimate)
    return top


def _study_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("study", help=f"one of {', '.join(lab.names())}")
    command.add_argument("--tier", choices=recipes.TIERS, default="laptop")
    command.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="SEED")
    command.add_argument("--nets", nargs="+", metavar="NET", help="only these kinds of net")
    command.add_argument("--depths", type=int, nargs="+", metavar="DEPTH", help="only these depths")
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def chosen_configs(options: argparse.Namespace) -> list[recipes.Config]:
    """The configurations a command line asks for. Raises ValueError when it leaves none."""
    everything = lab.configs(options.study, options.tier, options.seeds)
    chosen = [
        c
        for c in everything
        if (not options.nets or c.net in options.nets) and (not options.depths or c.depth in options.depths)
    ]
    if not chosen:
        offered = sorted({f"{c.net} {c.depth}" for c in everything})
        raise ValueError(f"nothing left to run; {options.study} at {options.tier} has {', '.join(offered)}")
    return chosen


def act_data(options: argparse.Namespace) -> None:
    from .data import sources

    if options.verb == "fetch":
        print(sources.fetch())
    elif (folder := sources.find()) is None:
        raise sources.DataError("CIFAR-10 is not here yet; run `resnet-course data fetch`")
    else:
        if options.verb == "verify":
            sources.verify(folder)
        print(folder)


def act_run(options: argparse.Namespace) -> None:
    import os

    print(lab.study(options.study).QUESTION)
    lab.train(
        options.study,
        chosen_configs(options),
        root=options.out or runs.home(),
        parallel=options.parallel or os.cpu_count() or 1,
        device=options.device,
        graph=options.graph,
        keep_weights=options.keep_weights,
        max_seconds=60 * options.max_minutes,
        command=options.command,
    )


def act_estimate(options: argparse.Namespace) -> None:
    from . import training

    lab.say_cost(options.study, chosen_configs(options), training.pick_device(options.device), parallel=1)


if __name__ == "__main__":
    sys.exit(main())
