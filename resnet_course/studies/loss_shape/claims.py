"""What the chapter claims; committed before the networks of seeds 3 to 10 were looked at.

With the batch's statistics, seeds 0 to 2: sharpness 2.4 (plain-20) and 4.3 (residual-20), which
scatters by some tenths over seeds and directions. With running statistics only the packaged
networks of seed 0 were looked at: along three directions the losses at distance 1 had medians of
20 and 9 (plain-20, on either side), 20 and 19 (residual-20), 10,000 and 3,800 (plain-56), 33 and 6
(residual-56); a review found 600 to 428,000 and 5 to 40 at 56 layers along eight directions.
The margins come from there. Losses that differ by orders of magnitude are compared by their
decimal logarithm: a difference of one decade is a factor of ten. Sharpness with running statistics,
same three directions: 8.3, 15.6, 6.7 (plain-20) and 6.7, 8.2, 4.3 (residual-20).
"""

from collections.abc import Callable, Sequence

from ...records import (
    Claim,
    Estimate,
    MissingRecordsError,
    Record,
    estimate,
    paired_difference,
    select,
)
from . import analysis
from .analysis import Statistics

MIDDLE, DEEP, SHALLOW = 56, 110, 20
Estimator = Callable[[Sequence[Record]], Estimate]
Quantity = Callable[[Record], float]


def of_network(quantity: Quantity, arch: str, depth: int, unit: str) -> Estimator:
    """A quantity of one network, over seeds."""

    def of_records(records: Sequence[Record]) -> Estimate:
        return estimate(_values(quantity, records, arch, depth).values(), unit)

    return of_records


def between_twins(quantity: Quantity, depth: int, unit: str) -> Estimator:
    """How much larger a quantity is of the plain network than of its residual twin."""

    def of_records(records: Sequence[Record]) -> Estimate:
        plain = _values(quantity, records, "plain", depth)
        return paired_difference(plain, _values(quantity, records, "residual", depth), unit)

    return of_records


def with_depth(quantity: Quantity, unit: str) -> Estimator:
    """How much larger a quantity is of the deep residual network than of the shallow one."""

    def of_records(records: Sequence[Record]) -> Estimate:
        deep = _values(quantity, records, "residual", DEEP)
        return paired_difference(deep, _values(quantity, records, "residual", SHALLOW), unit)

    return of_records


def _values(
    quantity: Quantity, records: Sequence[Record], arch: str, depth: int
) -> dict[int, float]:
    """Seed -> quantity of one network; raises MissingRecordsError where no record has it."""
    values = {}
    for record in select(records, arch=arch, depth=depth):
        try:
            values[record.seed] = quantity(record)
        except MissingRecordsError:
            continue  # a record from before the quantity was measured
    if not values:
        raise MissingRecordsError(f"no record of {arch}-{depth} has what is asked")
    return values


def sharpness(statistics: Statistics) -> Quantity:
    """Mean over directions of the curvature at the trained weights (nats)."""
    return lambda record: analysis.mean_sharpness(record, statistics)


def edge(statistics: Statistics) -> Quantity:
    """Mean decimal logarithm of the loss at distance 1 (decades)."""
    return lambda record: analysis.edge(record, statistics)


def rise(statistics: Statistics) -> Quantity:
    """How much the loss rises (nats) out to distance 1."""
    return lambda record: analysis.rise(record, statistics)


def promise(record: Record) -> float:
    """Share of the promised gain that one step at the training rate brings, untrained."""
    return analysis.kept_promise(record, analysis.TRAINING_RATE)


WITH_BATCH_STATISTICS = (
    Claim(
        "with the batch's statistics, plain-20 is less sharp than residual-20",
        between_twins(sharpness("batch"), SHALLOW, "nats"),
        "below",
        -0.5,
    ),
    Claim(
        "with the batch's statistics, the loss rises less around plain-56 than around residual-56",
        between_twins(rise("batch"), MIDDLE, "nats"),
        "below",
        -0.5,
    ),
    Claim(
        "with the batch's statistics, plain-110 lies on a plateau",
        of_network(sharpness("batch"), "plain", DEEP, "nats"),
        "below",
        0.5,
    ),
    Claim(
        "with the batch's statistics, residual networks get no sharper with depth",
        with_depth(sharpness("batch"), "nats"),
        "below",
        1.0,
    ),
)
WITH_RUNNING_STATISTICS = (
    Claim(
        "with running statistics, plain-20 is sharper than residual-20",
        between_twins(sharpness("running"), SHALLOW, "nats"),
        "above",
        0.5,
    ),
    Claim(
        "with running statistics, the loss at distance 1 is as high around plain-20 as around "
        "residual-20",
        between_twins(edge("running"), SHALLOW, "decades"),
        "within",
        0.5,
        seeds=8,
    ),
    Claim(
        "with running statistics, the loss at distance 1 is higher around plain-56 than around "
        "residual-56",
        between_twins(edge("running"), MIDDLE, "decades"),
        "above",
        0.5,
    ),
    Claim(
        "with running statistics, the loss at distance 1 is higher around plain-110 than around "
        "residual-110",
        between_twins(edge("running"), DEEP, "decades"),
        "above",
        1.0,
    ),
)
DOWNHILL = (
    Claim(
        "untrained, at rate 0.001, the gradient of residual-110 keeps its promise",
        of_network(promise, "residual", DEEP, ""),
        "above",
        0.5,
    ),
    Claim(
        "untrained, at rate 0.001, the gradient of plain-110 does not",
        of_network(promise, "plain", DEEP, ""),
        "within",
        0.05,
    ),
)
CLAIMS = (*WITH_BATCH_STATISTICS, *WITH_RUNNING_STATISTICS, *DOWNHILL)
