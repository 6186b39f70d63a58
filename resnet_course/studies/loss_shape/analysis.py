"""What the slices say, in numbers and in words."""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Literal, TypeAlias

from ...records import MissingRecordsError, Record, Stats, grouped, summarise
from .configs import CENTRE, DIRECTIONS, DISTANCES, RATES

# Whose mean and variance batch norms used: the batch's own, or those gathered in training.
Statistics: TypeAlias = Literal["batch", "running"]
STATISTICS: tuple[Statistics, ...] = ("batch", "running")
TITLES = {"batch": "the batch's statistics", "running": "running statistics"}
Network: TypeAlias = tuple[str, int]
TRAINING_RATE = RATES[12]  # 0.001, about where our training starts


def quantity(name: str, statistics: Statistics) -> str:
    """Name under which a record keeps a quantity measured with one kind of statistics."""
    return name if statistics == "batch" else f"{name}-{statistics}"


def having(records: Sequence[Record], name: str, statistics: Statistics) -> list[Record]:
    """The records that keep a quantity for one kind of statistics.

    Raises MissingRecordsError where none does.
    """
    kept = [record for record in records if record.iterations(quantity(name, statistics))]
    if not kept:
        raise MissingRecordsError(
            f"no record keeps the {name} with {statistics} statistics; "
            "make them again with `resnet-course run loss_shape`"
        )
    return kept


def has_running(records: Sequence[Record]) -> bool:
    """Whether any record keeps slices with running statistics."""
    return any(record.iterations(quantity("loss", "running")) for record in records)


def by_network(records: Sequence[Record]) -> dict[Network, list[Record]]:
    """Records by (architecture, depth)."""
    groups = grouped(records)
    return {(str(arch), int(depth)): members for (arch, depth), members in groups.items()}


def lines(record: Record, statistics: Statistics) -> list[Sequence[float]]:
    """Loss at each of DISTANCES along each direction of a trained network."""
    losses = record.profile(quantity("loss", statistics))
    width = len(DISTANCES)
    return [losses[i * width : (i + 1) * width] for i in range(DIRECTIONS)]


def slices(records: Sequence[Record], statistics: Statistics = "batch") -> list[Stats]:
    """Decimal logarithm of the loss (nats) at each of DISTANCES, over all directions and seeds.

    Of the logarithm, because with running statistics a few directions rise by orders of magnitude
    and would be all that a mean shows.
    """
    chosen = having(records, "loss", statistics)
    every_line = [line for record in chosen for line in lines(record, statistics)]
    return [summarise(map(decades, losses)) for losses in zip(*every_line, strict=True)]


def decades(loss: float) -> float:
    """Decimal logarithm of a loss; nan for one that is not finite."""
    return math.log10(loss) if math.isfinite(loss) and loss > 0 else math.nan


def typical_loss(stats: Stats) -> float:
    """The loss (nats) whose logarithm is the mean: the geometric mean."""
    return 10**stats.mean


def edge(record: Record, statistics: Statistics) -> float:
    """Mean decimal logarithm of the loss at distance 1, on both sides of all directions."""
    ends = [loss for line in lines(record, statistics) for loss in (line[0], line[-1])]
    return fmean(decades(loss) for loss in ends)


def rise(record: Record, statistics: Statistics) -> float:
    """How much higher (nats) the loss is at distance 1 than at the centre, mean over directions."""
    ends = [(line[0] + line[-1]) / 2 - line[CENTRE] for line in lines(record, statistics)]
    return fmean(ends)


def sharpness(
    records: Sequence[Record], statistics: Statistics = "batch"
) -> dict[Network, Stats]:
    """Sharpness of trained networks: mean over directions, then mean and deviation over seeds."""
    chosen = having(records, "sharpness", statistics)
    return {
        network: summarise(mean_sharpness(record, statistics) for record in members)
        for network, members in by_network(chosen).items()
    }


def mean_sharpness(record: Record, statistics: Statistics) -> float:
    """Sharpness of one trained network, mean over its directions."""
    return fmean(record.profile(quantity("sharpness", statistics)))


def kept_promise(record: Record, rate: float, iteration: int = 0) -> float:
    """What a step downhill at one of RATES gains, as a share of what the gradient promises.

    1 on a straight slope; below 0 where the loss rises.
    """
    start = record.profile("loss", iteration)[CENTRE]
    gained = start - record.profile("downhill", iteration)[RATES.index(rate)]
    return gained / (rate * record.profile("slope", iteration)[0])
