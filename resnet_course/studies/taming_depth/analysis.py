"""What the records say, in numbers and in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...records import (
    Estimate,
    Record,
    RecordError,
    Stats,
    by_seed,
    difference,
    grouped,
    select,
    summarise,
)
from .configs import BLOCKS_OUT, DECAY, DROPOUT, FEW, MANY, NAMES, NOTHING, Arm, label_of

SIZES = (MANY, FEW)


@dataclass(frozen=True)
class Case:
    """What was done, and whether with many images or few."""

    size: str
    arm: Arm


def treated(records: Sequence[Record], size: str, arm: Arm) -> list[Record]:
    """The records of one arm with many images or few; [] where there is none."""
    return select(records, variant=arm.variant, label=label_of(size, arm))


def regularised(records: Sequence[Record]) -> list[Record]:
    """The records of what is added against overfitting, and of nothing added beside them."""
    regularisers = {arm.variant for arm in (NOTHING, BLOCKS_OUT, DROPOUT, DECAY)}
    return [record for record in records if record.variant in regularisers]


def by_case(records: Sequence[Record]) -> dict[Case, list[Record]]:
    """Records by what was done, many images before few, in the study's order.

    Raises RecordError where there is no record, or one of an arm that the study does not have.
    """
    known = {(arm.variant, label_of(size, arm)): Case(size, arm) for size in SIZES for arm in NAMES}
    groups = {}
    for (variant, label), members in grouped(records, by=("variant", "label")).items():
        case = known.get((str(variant), str(label)))
        if case is None:
            raise RecordError(
                f"taming_depth does not know the arm {variant!r} with label {label!r}; "
                "select some that it has"
            )
        groups[case] = members
    return {case: groups[case] for case in known.values() if case in groups}


def ends(records: Sequence[Record], metric: str = "test_error") -> dict[Case, Stats]:
    """Final `metric` of each arm, mean over its seeds."""
    return {
        case: summarise(by_seed(members, metric).values())
        for case, members in by_case(records).items()
    }


def changes(records: Sequence[Record], metric: str, size: str) -> dict[Arm, Estimate]:
    """By how much `metric` of each arm ends above that of nothing added, seed by seed."""
    unit = "nats" if metric.endswith("loss") else "points"
    plainest = treated(records, size, NOTHING)
    seeds = {record.seed for record in plainest}
    chosen = {}
    for case, members in by_case(records).items():
        shared = seeds & {record.seed for record in members}
        if case.size == size and case.arm != NOTHING and shared:
            chosen[case.arm] = difference(members, plainest, metric, unit)
    return chosen


def table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per arm: training and test error (%), test loss (nats), seeds."""
    train = ends(records, "train_error")
    test = ends(records, "test_error")
    loss = ends(records, "test_loss")
    return [
        {
            "images": case.size,
            "network": NAMES[case.arm],
            "training (%)": str(train[case]),
            "test (%)": str(test[case]),
            "test loss": str(loss[case]),
            "seeds": test[case].n,
        }
        for case in test
    ]


def changes_table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per arm: change of training and test error against nothing added, paired."""
    rows: list[dict[str, object]] = []
    for size in dict.fromkeys(case.size for case in by_case(records)):
        train = changes(records, "train_error", size)
        test = changes(records, "test_error", size)
        for arm, change in test.items():
            row: dict[str, object] = {"images": size, "network": NAMES[arm]}
            rows.append(row | {"training error": str(train[arm]), "test error": str(change)})
    return rows


def summary(records: Sequence[Record]) -> str:
    """The result in words, for those who do not see the figure."""
    parts = [
        f"{NAMES[case.arm]} with {case.size} images {stats.mean:.0f} %"
        for case, stats in ends(records).items()
    ]
    return f"Test error: {', '.join(parts)}."


def beside_nothing_added(records: Sequence[Record], size: str, arm: Arm) -> str:
    """An arm beside nothing added, in one sentence."""
    train = ends(records, "train_error")
    test = ends(records, "test_error")
    own, plainest = Case(size, arm), Case(size, NOTHING)
    return (
        f"{NAMES[arm]}, {size} images: training error {train[own]} %, test error {test[own]} % "
        f"({test[own].n} seeds); {NAMES[NOTHING]} {train[plainest]} and {test[plainest]} % "
        f"({test[plainest].n} seeds)."
    )


def prediction(records: Sequence[Record], arm: Arm) -> str:
    """Test error of an arm and of nothing added, with many images and few."""
    test = ends(records)
    parts = []
    for size in SIZES:
        plainest, own = test[Case(size, NOTHING)], test[Case(size, arm)]
        parts.append(f"{plainest} and {own} % with {size} images ({own.n} seeds)")
    return f"Test error, {NAMES[NOTHING]} and {NAMES[arm]}: {', '.join(parts)}."
