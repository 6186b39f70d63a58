"""resnet-course: data · run · examine · estimate · models · bench · report · release · grade."""

import argparse
import math
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import lab, recipes, runs

HOW = ("precision", "graph", "checkpoint_blocks", "keep_weights", "command", "on", "address")
HOW += ("devices", "nodes", "strategy")


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

    def command(name: str, act, does: str) -> Callable:
        made = commands.add_parser(name, help=does)
        made.set_defaults(act=act)
        return made.add_argument

    add = command("data", act_data, "fetch, verify or find CIFAR-10")
    add("verb", choices=("fetch", "verify", "where"))

    add = command("run", act_run, "train a study and record its runs")
    _which_runs(add)
    add("--parallel", type=int, default=None, help="runs side by side (default: one a core)")
    add("--on", choices=("here", "ray"), default="here", help="ray: runs are tasks of a Ray cluster")
    add("--address", default=None, help="of the Ray cluster (default: one of this machine, made and ended)")
    add("--devices", type=int, default=1, help="GPUs, or processes on the CPU, that share each batch of a run")
    add("--nodes", type=int, default=1, help="machines with so many devices each")
    add("--strategy", choices=("auto", "ddp"), default="auto", help="Lightning's, for several devices")
    add("--out", type=Path, default=None, help="folder of the records (default: runs/)")
    add("--keep-weights", action="store_true", help="keep the trained weights beside each record")
    add("--precision", choices=("auto", "fp32", "bf16", "fp16"), default="auto", help="of the computation")
    add("--graph", action="store_true", help="capture each training step as a CUDA graph (GPU)")
    add("--max-minutes", type=float, default=math.inf, help="stop in time, resumable")

    add = command("examine", act_examine, "record what a study wants to know of trained weights")
    _which_study(add, (*recipes.TIERS, "published"), default="published")
    add("weights", type=Path, help="safetensors, or a PyTorch file that holds tensors only")
    add("--net", default="residual")
    add("--depth", type=int, required=True)
    add("--source", default="", help="who trained them, for the record")
    add("--out", type=Path, default=None, help="folder of the records (default: runs/)")

    add = command("estimate", act_estimate, "say what a study, or one network, would cost here")
    _which_runs(add, study="?")
    add("--depth", type=int, help="one residual network of this depth, without a study")
    command("models", act_models, "layers, parameters and multiply-adds beside the papers' numbers")

    add = command("bench", act_bench, "measure this machine's training speed against plainer loops")
    add("--depths", type=int, nargs="+", default=[20, 56], metavar="DEPTH")
    add("--tier", choices=recipes.TIERS, default="laptop")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--seconds", type=float, default=1.0, help="length of a turn")
    add("--out", type=Path, default=None, help="folder to keep the result in, as JSON")

    add = command("report", act_report, "a study's recorded runs, averaged over seeds")
    _which_study(add, (*recipes.TIERS, "published"))
    add("--source", type=Path, default=runs.RECORDED, help="folder of records (default: the course's own)")
    add("--format", choices=("table", "csv", "json"), default="table")

    command("release", act_release, "make the assignments for students from their sources (instructors)")

    add = command("grade", act_grade, "grade a folder of submitted assignments (instructors)")
    add("submissions", metavar="DIR", help="what Canvas or Moodle export, or a folder or a file a student")
    add("--assignment", help="its name, or how it begins (default: the one that most answer)")
    add("--out", type=Path, default=Path("grades"), help="folder of the results (default: grades/)")
    add("--processes", type=int, default=min(2, os.cpu_count() or 1), help="submissions at a time")
    add("--cell-seconds", type=int, default=30, help="limit of a statement, a check or a test")
    add("--memory", type=int, default=2048, help="limit of a process, in MiB")
    add("--trust", nargs="+", default=[], metavar="ID", help="ids whose code you have read: let it do all")
    return top


def _which_study(
    add: Callable, tiers: Sequence[str] = recipes.TIERS, default: str = "laptop", study: str | None = None
) -> None:
    add("study", nargs=study, help=f"one of {', '.join(lab.names())}")
    add("--tier", choices=tiers, default=default, help="the recipe of the runs")


def _which_runs(add: Callable, study: str | None = None) -> None:
    _which_study(add, study=study)
    add("--seeds", type=int, nargs="+", default=[0], metavar="SEED")
    add("--nets", nargs="+", metavar="NET", help="only these kinds of net")
    add("--depths", type=int, nargs="+", metavar="DEPTH", help="only these depths")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--checkpoint-blocks", type=int, default=0, metavar="K", help="keep activations of every K-th block only")


def chosen_configs(options: argparse.Namespace) -> list[recipes.Config]:
    """The configurations a command line asks for. Raises ValueError when it leaves none."""
    everything = lab.configs(options.study, options.tier, options.seeds)
    of_nets = [c for c in everything if not options.nets or c.net in options.nets]
    chosen = [c for c in of_nets if not options.depths or c.depth in options.depths]
    if not chosen:
        offered = dict.fromkeys(f"{c.net} {c.depth}" for c in everything)
        raise ValueError(f"nothing left to run; {options.study} at {options.tier} has {', '.join(offered)}")
    return chosen


def act_data(options: argparse.Namespace) -> None:
    from .data import sources

    folder = sources.fetch() if options.verb == "fetch" else sources.find()
    if folder is None:
        raise sources.DataError("CIFAR-10 is not here yet; run `resnet-course data fetch`")
    if options.verb == "verify":
        sources.verify(folder)
    print(folder)


def act_run(options: argparse.Namespace) -> None:
    first = lab.speaks_first(options.devices * options.nodes)
    print(lab.study(options.study).QUESTION)
    chosen = chosen_configs(options)
    if first and options.on == "here":
        lab.say_memory(options.study, chosen, options.device, options.checkpoint_blocks)
    records = lab.train(
        options.study,
        chosen,
        root=options.out,
        parallel=options.parallel or os.cpu_count() or 1,
        device=options.device,
        max_seconds=60 * options.max_minutes,
        **{name: getattr(options, name) for name in HOW},
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
    if options.depth:
        study, chosen = "", [recipes.Config("residual", options.depth, 0, recipes.for_tier(options.tier))]
    else:
        study, chosen = options.study or "degradation", chosen_configs(options)
    lab.say_memory(study, chosen, options.device, options.checkpoint_blocks)
    lab.say_cost(study, chosen, options.device, parallel=1)


def act_models(_options: argparse.Namespace) -> None:
    from . import models

    print(f"{'network':<22}{'layers':>7}{'parameters':>13}{'multiply-adds':>17}   the paper's")
    for name, price, quoted in models.catalogue():
        print(f"{name:<22}{price.layers:>7}{price.parameters:>13,}{price.multiply_adds:>17,}   {quoted}")


def act_bench(options: argparse.Namespace) -> None:
    from . import bench

    result = bench.bench(options.depths, options.tier, options.device, options.seconds)
    if options.out:
        print(bench.append(result, options.out))


def act_release(_options: argparse.Namespace) -> None:
    with needing_nbgrader():
        from .grading import release

    count, changed = release.write()
    print(f"{count} assignments; {'changed: ' + ', '.join(changed) if changed else 'all up to date'}")


def act_grade(options: argparse.Namespace) -> None:
    with needing_nbgrader():
        from .grading import grade
        from .grading.limits import Limits

    if not options.submissions:
        raise ValueError("which submissions? name their folder: resnet-course grade DIR")
    limits = Limits(cell=options.cell_seconds, memory=options.memory)
    how = grade.Options(options.processes, limits, frozenset(options.trust))
    outcome = grade.grade_class(Path(options.submissions), options.out, options.assignment, how)
    for row in outcome.rows:
        print(row.line())
    for warning in outcome.warnings:
        print(f"warning: {warning}")
    print(f"grades, feedback and gradebook: {outcome.root}")


@contextmanager
def needing_nbgrader() -> Iterator[None]:
    """Says what to install where grading's libraries are missing."""
    try:
        yield
    except ModuleNotFoundError as missing:
        raise RuntimeError(
            f"{missing.name} is not installed; grading needs: pip install 'resnet-course[grading]'"
        ) from None


def act_report(options: argparse.Namespace) -> None:
    import csv
    import json

    lab.study(options.study)
    records = runs.load(options.study, options.tier, root=options.source)
    errors = [name for name in records[0].final if name.endswith("error")]
    rows = runs.table(records, errors, runs.told_apart_by(records))
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
