"""Recorded runs, the only place where a measured number lives: written whole, read with suspicion, averaged.

A record is one JSON file, STUDY/TIER/NET-DEPTH-sSEED.json: the configuration, one value per epoch of each
metric, the final metrics of the last epoch (never the best), and where, when and with what it was made.
Errors are in percent, losses in nats, times in seconds.
"""

import json
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

FORMAT = 1
# What tells runs apart, and its value where a record does not say.
IDENTITY = dict.fromkeys(("net", "depth", "seed", "tier"))
IDENTITY |= {"shortcut": "A", "variant": "", "start_depth": 0, "label": ""}
NETWORK, ERRORS = ("net", "depth"), ("train_error", "test_error")  # what runs are averaged by, and what of them
RECORDED = Path(__file__).with_name("recorded")


class RecordError(ValueError):
    """A record is missing, broken or of another format; the message says which and what to do."""


@dataclass(frozen=True)
class Record:
    """One training run. `config` is recipes.Config as a dict; `curves` maps a metric to its value at each epoch.

    `profiles` maps "quantity@iteration" to values along the network, or along whatever a study varies in it.
    """

    study: str
    config: dict
    curves: dict[str, list[float]]
    final: dict[str, float]
    provenance: dict
    profiles: dict[str, list[float]] = field(default_factory=dict)
    format: int = FORMAT

    def __getattr__(self, name: str):
        """What tells runs apart, straight from the configuration: record.net, record.depth, record.tier, …"""
        if name not in IDENTITY:
            raise AttributeError(f"a record has no {name}")
        return self.config["recipe"]["tier"] if name == "tier" else self.config.get(name, IDENTITY[name])

    def iterations(self, quantity: str) -> list[int]:
        """The iterations at which a profile was taken, in order."""
        names = (name.rpartition("@") for name in self.profiles)
        return sorted(int(iteration) for name, _, iteration in names if name == quantity)

    def profile(self, quantity: str, iteration: int | None = None) -> list[float]:
        """A profile, by default the last one taken. Raises RecordError when there is none."""
        at = max(self.iterations(quantity), default="any step") if iteration is None else iteration
        if f"{quantity}@{at}" not in self.profiles:
            raise RecordError(f"{self.study} {self.net}-{self.depth} recorded no {quantity} at {at}")
        return self.profiles[f"{quantity}@{at}"]


class Stats(NamedTuple):
    """Mean and sample standard deviation over n seeds (nan for a single one)."""

    mean: float
    std: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.2f}" if self.n == 1 else f"{self.mean:.2f} ± {self.std:.2f}"


def home() -> Path:
    """Folder of the reader's own runs: $RESNET_COURSE_RUNS, or runs/ where they are."""
    return Path(os.environ.get("RESNET_COURSE_RUNS", "runs"))


def path_of(root: Path, study: str, tier: str, name: str) -> Path:
    """Where the record of a run lies below `root`."""
    return root / study / tier / f"{name}.json"


def write(record: Record, path: Path) -> Path:
    """Write a record whole or not at all. Raises OSError with the old file untouched when the disk is full."""
    with whole(path) as scratch:
        scratch.write_text(json.dumps(finite(asdict(record)), indent=1) + "\n")
    return path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its place when the `with` ends well and vanishes otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield scratch
        os.replace(scratch, path)  # readers see the old file or the new one, never half
    finally:
        scratch.unlink(missing_ok=True)


def read(path: Path) -> Record:
    """Read one record. Raises RecordError when it is not whole, of another format, or has fields we do not know."""
    try:
        data = json.loads(path.read_text())
        if (form := data["format"]) == FORMAT:
            return _whole_record(Record(**data))
    except FileNotFoundError:
        raise RecordError(f"there is no record {path}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        fault = f"{path} is not a whole record ({type(error).__name__}: {error})"
        raise RecordError(f"{fault}; delete it and run it again with `resnet-course run`") from None
    raise RecordError(f"{path} has format {form}, this version reads {FORMAT}; update resnet-course")


def _whole_record(record: Record) -> Record:
    """The record with its numbers as numbers, once it has them and says whose they are."""
    final = {name: _number(value) for name, value in record.final.items()}
    curves, profiles = (
        {name: [_number(value) for value in values] for name, values in series.items()}
        for series in (record.curves, record.profiles)
    )
    if None in (record.net, record.depth, record.seed, record.tier):
        raise ValueError("it does not say its net, depth, seed and tier")
    if len({len(values) for values in curves.values()}) > 1:
        raise ValueError("it has curves of different lengths")
    return replace(record, curves=curves, final=final, profiles=profiles)


def load(study: str, tier: str | None = None, root: Path = RECORDED, **config) -> list[Record]:
    """All records of a study (at one tier), ordered by net, depth and seed; net="plain", depth=20 selects by config.

    Raises RecordError when there is none, or when one of them is broken.
    """
    records = [read(path) for path in sorted((root / study).glob(f"{tier or '*'}/[!.]*.json"))]
    chosen = [r for r in records if all(getattr(r, key, None) == value for key, value in config.items())]
    if not chosen:
        asked = " ".join([study, tier or "", *(f"{k}={v}" for k, v in config.items())])
        raise RecordError(f"no recorded run of {asked.strip()}; make it with `resnet-course run {study}`")
    return sorted(chosen, key=lambda r: (r.net, r.depth, r.shortcut, r.variant, r.start_depth, r.label, r.seed))


def stats(values: Iterable[float]) -> Stats:
    """Mean, sample standard deviation and count. Raises ValueError when there are no values."""
    values = list(values)
    if not values:
        raise ValueError("no values to average")
    return Stats(fmean(values), stdev(values) if len(values) > 1 else math.nan, len(values))


def over_seeds(records: Sequence[Record], metric: str, by: Sequence[str] = NETWORK) -> dict[tuple, Stats]:
    """Final `metric` averaged over the seeds of each group: {("plain", 20): Stats(mean, std, n), …}.

    Raises RecordError when a record lacks the metric, and when runs of a group differ in more than the seed.
    """
    groups: dict[tuple, dict[int, float]] = defaultdict(dict)
    for record in records:
        group = tuple(getattr(record, name) for name in by)
        if metric not in record.final:
            raise RecordError(f"{record.study} {record.net}-{record.depth} recorded no {metric}")
        if record.seed in groups[group]:
            raise RecordError(f"{record.study} has several runs of {group} with seed {record.seed}; select one tier")
        groups[group][record.seed] = record.final[metric]
    return {group: stats(values.values()) for group, values in sorted(groups.items())}


def told_apart_by(records: Iterable[Record]) -> tuple[str, ...]:
    """Net, depth, and what else but the seed differs among the records, for over_seeds and table."""
    records = list(records)
    varying = (name for name in IDENTITY if len({getattr(r, name) for r in records}) > 1)
    return tuple(dict.fromkeys((*NETWORK, *(name for name in varying if name != "seed"))))


def mean_profile(records: Sequence[Record], quantity: str, iteration: int | None = None) -> list[Stats]:
    """A profile of one network averaged over seeds. Raises RecordError where it lacks, and for several networks."""
    profiles = [record.profile(quantity, iteration) for record in records]
    if len({len(profile) for profile in profiles}) != 1:
        raise RecordError(f"profiles of {quantity} of different lengths cannot be averaged; select one network")
    return [stats(values) for values in zip(*profiles, strict=True)]


def table(records: Sequence[Record], metrics: Sequence[str] = ERRORS, by: Sequence[str] = NETWORK) -> list[dict]:
    """One row per network and depth, ready for a table, CSV or JSON: means, standard deviations, seeds."""
    columns = {metric: over_seeds(records, metric, by) for metric in metrics}
    rows = []
    for group in next(iter(columns.values())):
        row = dict(zip(by, group, strict=True))
        for metric, values in columns.items():
            row |= {metric: values[group].mean, f"{metric}_std": values[group].std}
        rows.append(row | {"seeds": values[group].n})
    return rows


def provenance_line(records: Sequence[Record]) -> str:
    """One sentence for under a figure: how many runs, which tier, seeds, hardware, when."""

    def each(values: Iterable) -> str:
        return ", ".join(sorted({str(v) for v in values}))

    seeds = len({r.seed for r in records})
    return (
        f"{len(records)} run{'s' * (len(records) > 1)}, {each(r.tier for r in records)} tier, "
        f"{seeds} seed{'s' * (seeds > 1)}, {each(r.provenance['hardware'] for r in records)}, "
        f"PyTorch {each(r.provenance['libraries']['torch'] for r in records)}, "
        f"{each(r.provenance['started'][:10] for r in records)}"
    )


def finite(value):
    """The same value with None for nan and infinity, which JSON does not have: a diverged loss is stored as null."""
    return json.loads(json.dumps(value), parse_constant=lambda _name: None)


def _number(value) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value
