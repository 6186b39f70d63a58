"""resnet-course: data, run, probe, estimate, models, bench, report, records, reproduce, judge."""

import argparse
import math
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import recipes, records, studies
from .recipes import RunConfig
from .studies import Study
from .training.runtime import DEVICES, PRECISIONS, STRATEGIES, Runtime

Act = Callable[[argparse.Namespace], None]
TIERS_AND_PUBLISHED = (*recipes.TIERS, "published")


def main(arguments: list[str] | None = None) -> int:
    """Entry point; a fault of the user's or of the world's is one sentence and exit status 1."""
    options = parser().parse_args(arguments)
    words = sys.argv[1:] if arguments is None else arguments
    options.command = shlex.join(["resnet-course", *words])
    act: Act = options.act
    try:
        act(options)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"resnet-course: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("resnet-course: interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    except SystemExit as end:
        if end.code == 128 + 15:
            words = "told to end; run the same command again to go on"
            print(f"resnet-course: {words}", file=sys.stderr)
        raise
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="resnet-course", description="Residual Networks, Measured.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, act: Act, does: str, *aliases: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=does, aliases=aliases)
        made.set_defaults(act=act)
        return made

    _data_arguments(command("data", act_data, "fetch, verify or find CIFAR-10"))
    _run_arguments(command("run", act_run, "do a study's runs and record them"))
    _probe_arguments(
        command("probe", act_probe, "record what a study asks of trained weights", "examine")
    )
    _estimate_arguments(command("estimate", act_estimate, "say what runs would cost here"))
    command("models", act_models, "layers, parameters, multiply-adds beside the papers' numbers")
    _bench_arguments(command("bench", act_bench, "training speed here, against plainer loops"))
    _report_arguments(command("report", act_report, "a study's records, averaged over seeds"))
    _records_arguments(command("records", act_records, "take records into the course's own"))
    _reproduce_arguments(command("reproduce", act_reproduce, "run a record again and compare"))
    _judge_arguments(command("judge", act_judge, "what somebody's records do to the verdicts"))
    return top


def _data_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("verb", choices=("fetch", "verify", "where"))


def _run_arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    _which_runs(command)
    _runtime_arguments(command)
    add("--parallel", type=_positive, help="runs at once (default: one per core)")
    add("--on", choices=("here", "ray"), default="here", help="ray: runs are tasks of Ray")
    add("--address", help="of the Ray cluster (default: one of this machine, made and ended)")
    add("--devices", type=_positive, default=1, help="that share each batch of a run")
    add("--nodes", type=_positive, default=1, help="machines with so many devices each")
    add("--strategy", choices=STRATEGIES, default="auto", help="Lightning's, for several devices")
    add("--out", type=Path, help="folder of the records (default: runs/)")
    add("--keep-weights", action="store_true", help="keep trained weights beside each record")
    add("--max-minutes", type=float, default=math.inf, help="stop in time, resumable")


def _probe_arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    _study_argument(command)
    add("--tier", choices=TIERS_AND_PUBLISHED, default="published", help="the recipe of the run")
    add("weights", type=Path, help="safetensors, or a PyTorch file that holds tensors only")
    add("--arch", "--net", default="residual")
    add("--depth", type=int, required=True)
    add("--source", default="", help="who trained them, for the record")
    add("--out", type=Path, help="folder of the records (default: runs/)")


def _estimate_arguments(command: argparse.ArgumentParser) -> None:
    _which_runs(command, optional=True)
    _runtime_arguments(command)
    command.add_argument("--depth", type=int, help="one residual network, without a study")


def _bench_arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--depths", type=int, nargs="+", default=[20, 56], metavar="DEPTH")
    add("--tier", choices=recipes.TIERS, default="laptop")
    add("--device", choices=DEVICES, default="auto")
    add("--precision", choices=PRECISIONS, help="of ours (default: fp32 on a CPU, else 16 bits)")
    add("--seconds", type=_seconds, default=1.0, help="length of a turn")
    add("--out", type=Path, help="folder to keep the result in, as JSON")


def _report_arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    _study_argument(command)
    add("--tier", choices=TIERS_AND_PUBLISHED, default="laptop", help="the recipe of the runs")
    add("--source", type=Path, default=records.RECORDED, help="folder of records")
    add("--format", choices=("table", "csv", "json"), default="table")


def _records_arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("verb", choices=("add", "check"))
    add("folder", type=Path, help="that `run --out` filled")
    add("--into", type=Path, default=records.RECORDED, help="default: the course's own records")
    add("--replace", action="store_true", help="let records change that are there")
    add("--weights", action="store_true", help="take the weights beside them, too")


def _reproduce_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("record", type=Path, help="file of the record")


def _judge_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path, help="of records, that `run --out` filled")


def _study_argument(command: argparse.ArgumentParser, optional: bool = False) -> None:
    command.add_argument(
        "study", nargs="?" if optional else None, help=f"one of {', '.join(studies.names())}"
    )


def _which_runs(command: argparse.ArgumentParser, optional: bool = False) -> None:
    add = command.add_argument
    _study_argument(command, optional)
    add("--tier", choices=recipes.TIERS, default="laptop", help="the recipe of the runs")
    add("--seeds", type=int, nargs="+", default=[0], metavar="SEED")
    add("--archs", "--nets", nargs="+", metavar="ARCH", help="only these architectures")
    add("--depths", type=int, nargs="+", metavar="DEPTH", help="only these depths")
    add("--variants", nargs="+", metavar="VARIANT", help="only these; 'none' is the original block")


def _runtime_arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--device", choices=DEVICES, default="auto")
    add(
        "--precision",
        choices=PRECISIONS,
        help="auto: the fastest by a few timed steps (default: fp32 on a CPU, else 16 bits)",
    )
    add("--graph", action="store_true", help="replay each step as a CUDA graph (GPU)")
    add("--compile", action="store_true", help="compile each block")
    add(
        "--checkpoint-blocks",
        type=int,
        default=0,
        metavar="K",
        help="keep activations of every K-th block only",
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a positive number of seconds, got {text}")
    return value


def runtime_of(options: argparse.Namespace) -> Runtime:
    """How the command line asks for runs to be computed."""
    shared = hasattr(options, "devices")
    return Runtime(
        device=options.device,
        precision=options.precision,
        graph=options.graph,
        compile_blocks=options.compile,
        checkpoint_blocks=options.checkpoint_blocks,
        devices=options.devices if shared else 1,
        nodes=options.nodes if shared else 1,
        strategy=options.strategy if shared else "auto",
    )


def chosen_configs(study: Study, options: argparse.Namespace) -> list[RunConfig]:
    """The configurations a command line asks for.

    Raises ValueError where it names something that the study does not have, or leaves none.
    """
    everything = study.runs_at(options.tier, options.seeds)
    offered = ", ".join(dict.fromkeys(f"{c.arch} {c.depth}" for c in everything))
    where = f"{study.slug} at {options.tier} has {offered}"
    variants = [("" if v == "none" else v) for v in options.variants or ()]
    _all_known("architecture", options.archs or (), {c.arch for c in everything}, where)
    _all_known("depth", options.depths or (), {c.depth for c in everything}, where)
    _all_known("variant", variants, {c.variant for c in everything}, where)
    chosen = [
        config
        for config in everything
        if (not options.archs or config.arch in options.archs)
        and (not options.depths or config.depth in options.depths)
        and (not variants or config.variant in variants)
    ]
    if not chosen:
        raise ValueError(f"nothing left to run; {where}")
    return chosen


def _all_known(
    what: str, asked: Sequence[str | int], known: set[str] | set[int], where: str
) -> None:
    if unknown := [word for word in asked if word not in known]:
        raise ValueError(f"no such {what}: {', '.join(map(str, unknown))}; {where}")


def act_data(options: argparse.Namespace) -> None:
    """resnet-course data."""
    from .data import sources

    folder = sources.fetch() if options.verb == "fetch" else sources.find()
    if folder is None:
        raise sources.DataError("CIFAR-10 is not here yet; run `resnet-course data fetch`")
    if options.verb == "verify":
        sources.verify(folder)
    print(folder)


def act_run(options: argparse.Namespace) -> None:
    """resnet-course run."""
    from . import launch

    study, runtime = studies.get(options.study), runtime_of(options)
    is_first = launch.silence_other_ranks(runtime.processes)
    print(study.question)
    chosen = chosen_configs(study, options)
    if is_first and options.on == "here":
        launch.say_memory(study, chosen, runtime)
    launch_options = launch.LaunchOptions(
        root=options.out,
        runtime=runtime,
        parallel=options.parallel or os.cpu_count() or 1,
        on=options.on,
        address=options.address,
        max_seconds=60 * options.max_minutes,
        keep_weights=options.keep_weights,
        command=options.command,
    )
    made = launch.train(study.slug, chosen, launch_options)
    if missing := len(chosen) - len(made):
        raise RuntimeError(
            f"{missing} of {len(chosen)} runs have no record; run the same command again to go on"
        )


def act_probe(options: argparse.Namespace) -> None:
    """resnet-course probe."""
    from . import launch

    config = RunConfig(options.arch, options.depth, 0, recipes.for_tier(options.tier))
    root = (options.out or records.home()).expanduser()
    record = launch.probe_weights(
        options.study, config, options.weights, root, options.source, options.command
    )
    error = record.final["test_error"]
    print(f"{config.name}: test error {error:.4g} % on the images probed")


def act_estimate(options: argparse.Namespace) -> None:
    """resnet-course estimate."""
    from . import launch

    runtime = runtime_of(options)
    if options.depth:
        study = None
        chosen = [RunConfig("residual", options.depth, 0, recipes.for_tier(options.tier))]
    else:
        study = studies.get(options.study or "degradation")
        chosen = chosen_configs(study, options)
    launch.say_memory(study, chosen, runtime)
    launch.say_cost(study, chosen, runtime, lanes=1)


def act_models(_options: argparse.Namespace) -> None:
    """resnet-course models."""
    from . import probes

    print(f"{'network':<22}{'layers':>7}{'parameters':>13}{'multiply-adds':>17}   the paper's")
    for name, price, quoted in probes.catalogue():
        counts = f"{price.layers:>7}{price.parameters:>13,}{price.multiply_adds:>17,}"
        print(f"{name:<22}{counts}   {quoted}")


def act_bench(options: argparse.Namespace) -> None:
    """resnet-course bench."""
    from . import bench

    runtime = Runtime(options.device, options.precision)
    bench.bench(options.depths, options.tier, runtime, options.seconds, options.out)


def act_report(options: argparse.Namespace) -> None:
    """resnet-course report."""
    import csv
    import json

    from .records.parsing import nan_to_none

    study = studies.get(options.study)
    chosen = records.load(study.slug, options.tier, root=options.source)
    errors = [metric for metric in chosen[0].final if metric.endswith("error")]
    rows = records.table(chosen, errors, records.varying_fields(chosen))
    if options.format == "json":
        print(json.dumps(nan_to_none(rows), indent=1))
    elif options.format == "csv":
        writer = csv.DictWriter(sys.stdout, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    else:
        print("  ".join(f"{name:>16}" for name in rows[0]))
        for row in rows:
            print("  ".join(_report_cell(value) for value in row.values()))
        print(records.provenance_line(chosen))


def _report_cell(value: object) -> str:
    return f"{value:>16.4g}" if isinstance(value, float) else f"{value!s:>16}"


def act_records(options: argparse.Namespace) -> None:
    """resnet-course records."""
    from .records import admission

    if options.verb == "check":
        paths = admission.records_below(options.folder)
        for path in paths:
            admission.read_named(path)
        print(f"{records.counted(len(paths), 'record')}, all whole")
        return
    made = admission.add_records(options.folder, options.into, options.replace, options.weights)
    print(f"{records.counted(len(made.added), 'record')} added, {made.known} there already")


def act_reproduce(options: argparse.Namespace) -> None:
    """resnet-course reproduce; exit status 1 where the numbers are different."""
    from .launch.reproduce import Likeness, reproduce

    comparison = reproduce(records.read(options.record))
    print(
        f"{comparison.record.config.name}: {comparison.likeness}; "
        f"largest difference of an error {comparison.largest:.3g} points"
    )
    if comparison.likeness is Likeness.DIFFERENT:
        raise RuntimeError("the repeated run is different from its record")


def act_judge(options: argparse.Namespace) -> None:
    """resnet-course judge."""
    from .launch import judging

    reports = judging.judge_folder(options.folder)
    for report in reports:
        print("\n".join(judging.sentences(report)))
    print("A verdict changes." if judging.changed(reports) else "No verdict changes.")


if __name__ == "__main__":
    sys.exit(main())
