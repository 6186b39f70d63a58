"""A study and its runs in, records out: trained here and now, or found where they are."""

import math
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import studies
from ..recipes import RunConfig
from ..records.schema import Record
from ..records.store import find, home, read, weights_path
from ..studies import Study
from ..training.runtime import Runtime, resolve
from . import report
from .jobs import Job, Launcher, starting_network, weights_of

LEAST_SPACE = 50 * 2**20  # bytes that a folder of records must have free


@dataclass(frozen=True)
class LaunchOptions:
    """Where and how runs are launched.

    Args:
        root: Folder of records; None: records.store.home().
        runtime: How each run is computed.
        parallel: Runs at once.
        on: "here" or "ray".
        address: Of a Ray cluster; None makes one.
        max_seconds: Stop after so many, resumable.
        fresh: Make every run again, recorded or not.
        keep_weights: Keep trained weights beside the records.
        command: Command line, for the records.
    """

    root: Path | None = None
    runtime: Runtime = field(default_factory=Runtime)
    parallel: int = 1
    on: str = "here"
    address: str | None = None
    max_seconds: float = math.inf
    fresh: bool = False
    keep_weights: bool = False
    command: str = ""


def live(
    slug: str, only: Sequence[RunConfig] | None = None, root: Path | None = None
) -> list[Record]:
    """Train a study's live tier in this process, saying first what it costs; for notebooks.

    Args:
        slug: Of the study.
        only: These runs instead of the study's own.
        root: Folder of records.

    Raises:
        RuntimeError: A run failed; why stands above.
    """
    chosen = list(only or studies.get(slug).runs_at("live"))
    options = LaunchOptions(root=root, runtime=Runtime("cpu"), fresh=True)
    records = train(slug, chosen, options)
    if missing := len(set(chosen)) - len({record.config for record in records}):
        raise RuntimeError(f"{missing} of {len(chosen)} runs failed; the lines above say why")
    return records


def train(slug: str, chosen: Sequence[RunConfig], options: LaunchOptions) -> list[Record]:
    """Do the runs that are not recorded yet, and return the records of all that are then.

    Runs go side by side: processes of one thread each on the CPU, streams of one process on a GPU,
    tasks on Ray. One that fails is reported and does not stop the others. Networks that a study
    starts from are trained first where they are missing.

    Raises:
        ValueError: Options that do not go together.
        RecordError: A record in the way is broken.
        OSError: The folder of records cannot be written.
    """
    study = studies.get(slug)
    options = _decided(options, chosen)
    _check(study, options)
    root = options.root
    assert root is not None
    recorded: dict[RunConfig, Record] = {}
    todo = []
    for config in dict.fromkeys(chosen):
        record = None if options.fresh else find(root, slug, config)
        missing_weights = options.keep_weights and not weights_path(root, slug, config).exists()
        if record is None or (missing_weights and study.trains):
            todo.append(config)
        else:
            recorded[config] = record
    if todo:
        probe_folder(root)
    _train_base(study, todo, options)
    if report.silence_other_ranks(options.runtime.processes) and options.on == "here":
        report.say_cost(study, todo, options.runtime, options.parallel)
    for ended in _launcher(options, len(todo)).run(_jobs(study, todo, options)):
        report.say_end(ended)
        recorded |= {record.config: record for record in ended.records}
    return [recorded[config] for config in chosen if config in recorded]


def _decided(options: LaunchOptions, chosen: Sequence[RunConfig]) -> LaunchOptions:
    """Options with the folder absolute and precision "auto" decided once for all runs."""
    root = (options.root or home()).expanduser().absolute()
    runtime = options.runtime
    if options.on != "ray":  # a worker picks its own device
        runtime = resolve(runtime)
    if runtime.precision == "auto":
        if options.on == "ray":
            raise ValueError("precision 'auto' is timed on this machine; name one for a cluster")
        from ..training.cost import fastest_precision

        typical = max(chosen, key=lambda config: config.depth)
        runtime = replace(runtime, precision=fastest_precision(typical, runtime.device))
        print(f"Computing in {runtime.precision}, the fastest here.")
    return replace(options, root=root, runtime=runtime)


def _check(study: Study, options: LaunchOptions) -> None:
    if options.parallel < 1:
        raise ValueError(f"at least one run at once, got {options.parallel}")
    if not options.max_seconds > 0:  # NaN is not above 0 either
        raise ValueError("the time limit must be a positive number of minutes")
    shared = options.runtime.processes > 1
    if shared and (options.on == "ray" or study.run_custom or not study.trains):
        raise ValueError(
            "only training here can be shared between devices; leave out --devices and --nodes"
        )


def probe_folder(folder: Path) -> None:
    """Make a folder and prove that it takes files, before anything is spent.

    Raises OSError, as one sentence, where it does not or has no room.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
        status = os.statvfs(folder)
    except OSError as error:
        raise OSError(
            f"records cannot be kept in {folder} ({error.strerror}); name another folder by --out "
            "or RESNET_COURSE_RUNS"
        ) from None
    free = status.f_bavail * status.f_frsize
    if free < LEAST_SPACE:
        raise OSError(f"{folder} has {free / 2**20:.0f} MiB free; make room for 50 MiB")


def _jobs(study: Study, todo: Sequence[RunConfig], options: LaunchOptions) -> list[Job]:
    assert options.root is not None
    deadline = time.time() + options.max_seconds
    jobs = []
    for config in todo:
        job = Job(
            study=study.slug,
            configs=(config,),
            root=options.root,
            runtime=options.runtime,
            keep_weights=options.keep_weights,
            deadline=deadline,
            progress=True,
            command=options.command,
        )
        jobs.append(job)
    return jobs


def _launcher(options: LaunchOptions, jobs: int) -> Launcher:
    from .gpu import OnStreams
    from .local import InProcesses, InThisProcess
    from .ray import OnRay

    runtime = options.runtime
    if options.on == "ray":
        return OnRay(options.parallel, options.address, gpus=int(runtime.device == "cuda"))
    if runtime.processes > 1:
        return InThisProcess(ends_with_error=True)
    if runtime.device == "cuda":
        return OnStreams(options.parallel)
    if options.parallel > 1 and jobs > 1:
        return InProcesses(options.parallel)
    return InThisProcess()


def _train_base(study: Study, todo: Sequence[RunConfig], options: LaunchOptions) -> None:
    """Train the networks that `todo` starts from, where their weights are nowhere yet."""
    if study.base is None:
        return
    assert options.root is not None
    missing = []
    for config in todo:
        before = starting_network(study, config)
        if before is not None and weights_of(study, config, options.root) is None:
            missing.append(before)
    if missing:
        print(f"{study.slug} starts from trained networks of {study.base}; some come first.")
        train(study.base, missing, replace(options, keep_weights=True))


def probe_weights(
    slug: str,
    config: RunConfig,
    weights: Path,
    root: Path,
    weights_from: str = "",
    command: str = "",
) -> Record:
    """Record what a study wants to know of a network trained elsewhere.

    Published weights see images normalised as theirs were.

    Raises:
        ValueError: The study probes nothing, the weights are of another network, or a record of a
            trained run lies in the way.
    """
    from ..records.store import path_of
    from ..training.probing import record_probe

    study = studies.get(slug)
    if study.probe is None:
        able = [name for name in studies.names() if studies.get(name).probe]
        raise ValueError(f"{slug} probes no networks; those that do are {', '.join(able)}")
    path = path_of(root, slug, config)
    if path.exists() and read(path).provenance.weights is None:
        raise ValueError(
            f"{path} is the record of a run that was trained; name another folder by --out"
        )
    return record_probe(
        config, slug, study.probe, weights, root, command=command, weights_from=weights_from or None
    )
