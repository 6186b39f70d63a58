"""What the records say, in numbers and in words."""

from collections.abc import Sequence

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
from .configs import COLD, STARTS, Start

GUESSING = 2.3026  # log 10: the loss (nats) of who gives each class the same probability
CHANCE = 90.0  # percent


def started(records: Sequence[Record], start: Start) -> list[Record]:
    """The records of one start; [] where there is none."""
    return select(
        records, arch=start.arch, depth=start.depth, variant=start.variant, label=start.label
    )


def by_start(records: Sequence[Record]) -> dict[Start, list[Record]]:
    """Records by how their network began, in the study's order.

    Raises RecordError where there is no record, or one of a start that the study does not have.
    """
    groups = {}
    for group, members in grouped(records, by=("arch", "depth", "variant", "label")).items():
        arch, depth, variant, label = group
        groups[Start(str(arch), int(depth), str(variant), str(label))] = members
    if unknown := [start for start in groups if start not in STARTS]:
        raise RecordError(f"warm_up does not know the start {unknown[0]}; select some that it has")
    return {start: groups[start] for start in STARTS if start in groups}


def ends(records: Sequence[Record], metric: str = "train_error") -> dict[Start, Stats]:
    """Final `metric` of each start, mean over its seeds."""
    return {
        start: summarise(by_seed(members, metric).values())
        for start, members in by_start(records).items()
    }


def first_losses(records: Sequence[Record]) -> dict[Start, Stats]:
    """Training loss (nats) in the first pass, mean over its steps and over seeds."""
    return {
        start: summarise([record.curves["train_loss"][0] for record in members])
        for start, members in by_start(records).items()
    }


def gains(records: Sequence[Record]) -> dict[Start, Estimate]:
    """Points of training error by which each start of residual-110 ends below the cold one."""
    cold = started(records, COLD)
    chosen = {}
    for start, members in by_start(select(records, arch="residual", depth=COLD.depth)).items():
        shared = {record.seed for record in members} & {record.seed for record in cold}
        if start != COLD and shared:
            chosen[start] = difference(cold, members, "train_error")
    return chosen


def table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per start: loss in the first pass, training and test error (%) at the end, seeds."""
    losses = first_losses(records)
    train = ends(records, "train_error")
    test = ends(records, "test_error")
    return [
        {
            "start": STARTS[start],
            "loss, first pass": str(losses[start]),
            "training (%)": str(train[start]),
            "test (%)": str(test[start]),
            "seeds": test[start].n,
        }
        for start in test
    ]


def gains_table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per start of residual-110: what it gains over 0.1 from the first step, paired."""
    rows: list[dict[str, object]] = []
    for start, gain in gains(records).items():
        rows.append({"start": STARTS[start], "points gained [95 % interval]": str(gain)})
    return rows


def summary(records: Sequence[Record]) -> str:
    """The result in words, for those who do not see the figure."""
    errors = [f"{STARTS[start]}: {stats.mean:.0f} %" for start, stats in ends(records).items()]
    return f"Training error after the last step, by network and start. {'; '.join(errors)}."


def against_cold(records: Sequence[Record], start: Start) -> str:
    """One start beside 0.1 from the first step, in one sentence."""
    losses = first_losses(records)
    errors = ends(records)
    return (
        f"{STARTS[start]}: loss {losses[start]} in the first pass, training error "
        f"{errors[start]} % at the end ({errors[start].n} seeds). "
        f"{STARTS[COLD]}: {losses[COLD]} and {errors[COLD]} % ({errors[COLD].n} seeds)."
    )


def prediction(records: Sequence[Record], starts: Sequence[Start]) -> str:
    """Where some starts end: what a prediction is compared with."""
    errors = ends(records)
    parts = [f"{STARTS[start]} {errors[start]} %" for start in starts if start in errors]
    return f"Training error after the last step, mean over seeds. {'; '.join(parts)}."
