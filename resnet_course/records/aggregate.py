"""Records side by side: tidy frames, means over seeds, tables. No study groups records by hand."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from .schema import MissingRecordsError, Record, RecordError
from .statistics import Estimate, Stats, paired_difference, summarise

if TYPE_CHECKING:
    from pandas import DataFrame

# What tells runs of a study apart, in the order in which figures and tables sort them.
IDENTITY = (
    "study",
    "tier",
    "arch",
    "depth",
    "shortcut",
    "variant",
    "start_depth",
    "label",
    "seed",
)
NETWORK = ("arch", "depth")
ERRORS = ("train_error", "test_error")
Row: TypeAlias = dict[str, object]
Group: TypeAlias = tuple[str | int, ...]


def identity(record: Record) -> Row:
    """What tells a run apart from the others of its study."""
    return {field: getattr(record, field) for field in IDENTITY}


def frame(records: Iterable[Record]) -> "DataFrame":
    """One row per run: IDENTITY, `diverged`, and every final metric.

    Raises RecordError when there is no record.
    """
    import pandas

    rows = []
    for record in _some(records):
        rows.append(identity(record) | {"diverged": record.diverged} | dict(record.final))
    return pandas.DataFrame(rows)


def curves_frame(records: Iterable[Record]) -> "DataFrame":
    """One row per run and epoch: IDENTITY, "iteration" and the metrics of the curves.

    Raises RecordError when there is no record.
    """
    import pandas

    parts = []
    for record in _some(records):
        columns: Row = {**identity(record), **record.curves}
        parts.append(pandas.DataFrame(columns))
    return pandas.concat(parts, ignore_index=True)


def select(
    records: Iterable[Record],
    *,
    tier: str | None = None,
    arch: str | None = None,
    depth: int | None = None,
    seed: int | None = None,
    shortcut: str | None = None,
    variant: str | None = None,
    start_depth: int | None = None,
    label: str | None = None,
) -> list[Record]:
    """The records of one configuration, in their order; [] where there is none."""
    wanted = {
        "tier": tier,
        "arch": arch,
        "depth": depth,
        "seed": seed,
        "shortcut": shortcut,
        "variant": variant,
        "start_depth": start_depth,
        "label": label,
    }
    wanted = {field: value for field, value in wanted.items() if value is not None}
    return [
        record
        for record in records
        if all(getattr(record, field) == value for field, value in wanted.items())
    ]


def grouped(records: Iterable[Record], by: Sequence[str] = NETWORK) -> dict[Group, list[Record]]:
    """Records by the values of some fields, groups in order: {("plain", 20): [seed 0, seed 1]}."""
    groups: dict[Group, list[Record]] = {}
    for record in _some(records):
        key = tuple(getattr(record, field) for field in by)
        groups.setdefault(key, []).append(record)
    return dict(sorted(groups.items()))


def by_seed(records: Iterable[Record], metric: str) -> dict[int, float]:
    """Seed -> final `metric`, of runs that differ in nothing else.

    Raises RecordError when a run lacks the metric, and when a seed occurs twice.
    """
    values: dict[int, float] = {}
    for record in _some(records):
        if metric not in record.final:
            raise RecordError(f"{record.study} {record.network} recorded no {metric}")
        if record.seed in values:
            raise RecordError(
                f"{record.study} has several runs of {record.network} with seed {record.seed} "
                "among these; select one tier, variant and label"
            )
        values[record.seed] = record.final[metric]
    return values


def over_seeds(
    records: Iterable[Record], metric: str, by: Sequence[str] = NETWORK
) -> dict[Group, Stats]:
    """Final `metric` averaged over the seeds of each group: {("plain", 20): Stats, …}.

    A group with a diverged run has mean and deviation NaN. Raises RecordError as `by_seed` does.
    """
    return {
        group: summarise(by_seed(members, metric).values())
        for group, members in grouped(records, by).items()
    }


def difference(
    minuend: Iterable[Record], subtrahend: Iterable[Record], metric: str, unit: str = "points"
) -> Estimate:
    """Paired difference of a final metric between two networks, over the seeds that both have.

    Raises RecordError as `by_seed` does, ValueError where they share no seed.
    """
    return paired_difference(by_seed(minuend, metric), by_seed(subtrahend, metric), unit)


def varying_fields(records: Iterable[Record]) -> tuple[str, ...]:
    """Architecture, depth, and what else but the seed differs among the records."""
    records = _some(records)
    varying = list(NETWORK)
    for field in IDENTITY:
        values = {getattr(record, field) for record in records}
        if len(values) > 1 and field not in (*NETWORK, "seed"):
            varying.append(field)
    return tuple(varying)


def mean_profile(
    records: Sequence[Record], quantity: str, iteration: int | None = None
) -> list[Stats]:
    """A profile of one network averaged over seeds.

    Raises RecordError where it lacks, and for several networks.
    """
    profiles = [record.profile(quantity, iteration) for record in _some(records)]
    if len({len(profile) for profile in profiles}) != 1:
        raise RecordError(
            f"profiles of {quantity} of different lengths cannot be averaged; select one network"
        )
    return [summarise(values) for values in zip(*profiles, strict=True)]


def table(
    records: Sequence[Record],
    metrics: Sequence[str] = ERRORS,
    by: Sequence[str] = NETWORK,
) -> list[Row]:
    """One row per group: its fields, then mean, standard deviation of each metric, and seeds."""
    rows = []
    for group, members in grouped(records, by).items():
        row: Row = dict(zip(by, group, strict=True))
        for metric in metrics:
            stats = summarise(by_seed(members, metric).values())
            row |= {metric: stats.mean, f"{metric}_std": stats.std}
        rows.append(row | {"seeds": len(members)})
    return rows


def provenance_line(records: Sequence[Record]) -> str:
    """One sentence for under a figure: how many runs, which tier, seeds, hardware, when."""
    records = _some(records)
    seeds = len({record.seed for record in records})
    libraries = [record.provenance.libraries.get("torch", "unknown") for record in records]
    return ", ".join(
        [
            counted(len(records), "run"),
            f"{_each(record.tier for record in records)} tier",
            counted(seeds, "seed"),
            _each(record.provenance.hardware for record in records),
            f"PyTorch {_each(libraries)}",
            _each(record.provenance.started[:10] for record in records),
        ]
    )


def counted(number: int, noun: str) -> str:
    """1 run, 2 runs."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _each(values: Iterable[str]) -> str:
    return ", ".join(sorted(set(values)))


def _some(records: Iterable[Record]) -> list[Record]:
    records = list(records)
    if not records:
        raise MissingRecordsError("there are no records to show; select some that the study has")
    return records
