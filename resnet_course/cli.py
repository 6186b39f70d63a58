"""resnet-course: data · run · examine · estimate · models · bench · report."""

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
    except KeyboardInterrupt:
        print("resnet-course: interrupted; run the same command again to go on", file=sys.stderr)
        return 130
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

    examine = commands.add_parser("examine", help="record what a study wants to know of trained weights")
    examine.add_argument("study", help="a study that examines networks")
    examine.add_argument("weights", type=Path, help="safetensors, or a PyTorch file that holds tensors only")
    examine.add_argument("--net", default="residual")
    examine.add_argument("--depth", type=int, required=True)
    examine.add_argument(
        "--tier", choices=("published", *recipes.TIERS), default="published", help="recipe they were trained with"
    )
    examine.add_argument("--source", default="", help="who trained them, for the record")
    examine.add_argument("--out", type=Path, default=None, help="folder of the records (default: runs/)")
    examine.set_defaults(act=act_examine)

    estimate = commands.add_parser("estimate", help="say what a study would cost here")
    _study_arguments(estimate)
    estimate.set_defaults(act=act_estimate)

    table = commands.add_parser("models", help="layers, parameters and multiply-adds beside the papers' numbers")
    table.set_defaults(act=act_models)

    bench = commands.add_parser("bench", help="measure this machine's training speed against plainer loops")
    bench.add_argument("--depths", type=int, nargs="+", default=[20, 56], metavar="DEPTH")
    bench.add_argument("--tier", choices=recipes.TIERS, default="laptop")
    bench.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    bench.add_argument("--seconds", type=float, default=1.0, help="length of a turn")
    bench.add_argument("--out", type=Path, default=None, help="folder to keep the result in, as JSON")
    bench.set_defaults(act=act_bench)

    report = commands.add_parser("report", help="a study's recorded runs, averaged over seeds")
    report.add_argument("study", help=f"one of {', '.join(lab.names())}")
    report.add_argument("--tier", choices=recipes.TIERS, default="laptop")
    report.add_argument(
        "--source", type=Path, default=runs.RECORDED, help="folder of records (default: the course's own)"
    )
    report.add_argument("--format", choices=("table", "csv", "json"), default="table")
    report.set_defaults(act=act_report)
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
        offered = dict.fromkeys(f"{c.net} {c.depth}" for c in everything)
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
    chosen = chosen_configs(options)
    records = lab.train(
        options.study,
        chosen,
        root=options.out or runs.home(),
        parallel=options.parallel or os.cpu_count() or 1,
        device=options.device,
        graph=options.graph,
        keep_weights=options.keep_weights,
        max_seconds=60 * options.max_minutes,
        command=options.command,
    )
    if missing := len(chosen) - len(records):
        raise RuntimeError(f"{missing} of {len(chosen)} runs have no record; run the same command again to go on")


def act_examine(options: argparse.Namespace) -> None:
    recipe = recipes.published() if options.tier == "published" else recipes.for_tier(options.tier)
    config = recipes.Config(options.net, options.depth, 0, recipe)
    out = options.out or runs.home()
    record = lab.examine(options.study, config, options.weights, out, options.source, options.command)
    print(f"{config.name}: test error {record.final['test_error']:.4g} % on the images examined")


def act_estimate(options: argparse.Namespace) -> None:
    from .device import pick_device

    lab.say_cost(options.study, chosen_configs(options), pick_device(options.device), parallel=1)


def act_models(_options: argparse.Namespace) -> None:
    from . import models

    print(f"{'network':<22}{'layers':>7}{'parameters':>13}{'multiply-adds':>17}   the paper's")
    for name, price, quoted in models.catalogue():
        print(f"{name:<22}{price.layers:>7}{price.parameters:>13,}{price.multiply_adds:>17,}   {quoted}")


def act_bench(options: argparse.Namespace) -> None:
    from . import bench
    from .device import pick_device

    result = bench.bench(options.depths, options.tier, pick_device(options.device), options.seconds)
    if options.out:
        print(bench.append(result, options.out))


def act_report(options: argparse.Namespace) -> None:
    import csv
    import json

    lab.study(options.study)
    records = runs.load(options.study, options.tier, root=options.source)
    rows = runs.table(records, [name for name in records[0].final if name.endswith("error")])
    if options.format == "json":
        print(json.dumps(runs.finite(rows), indent=1))
    elif options.format == "csv":
        writer = csv.DictWriter(sys.stdout, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    else:
        print("  ".join(f"{name:>16}" for name in rows[0]))
        for row in rows:
            print(
                "  ".join(f"{value:>16.4g}" if isinstance(value, float) else f"{value:>16}" for value in row.values())
            )
        print(runs.provenance_line(records))


if __name__ == "__main__":
    sys.exit(main())
