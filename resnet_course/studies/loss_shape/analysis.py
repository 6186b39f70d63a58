"""What the slices say, in numbers and in words."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
LEAST_PROMISE = 2e-3  # nats


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
    """Loss (nats) at each of DISTANCES along each direction of a trained network.

    Raises MissingRecordsError where the record is of before this was measured.
    """
    losses = record.profile(quantity("loss", statistics))
    width = len(DISTANCES)
    return [losses[i * width : (i + 1) * width] for i in range(DIRECTIONS)]


@dataclass(frozen=True)
class Spread:
    """Median of many losses (nats), and the range that holds the middle half of them."""

    median: float
    low: float
    high: float


def spread(losses: Iterable[float]) -> Spread:
    """Quartiles of losses, each one of them; what is not finite counts as infinitely high."""
    ordered = sorted(loss if math.isfinite(loss) else math.inf for loss in losses)
    last = len(ordered) - 1
    return Spread(ordered[last // 2], ordered[last // 4], ordered[last - last // 4])


def slices(records: Sequence[Record], statistics: Statistics = "batch") -> list[Spread]:
    """Loss (nats) at each of DISTANCES around trained weights, over all directions and seeds.

    Medians: with running statistics a few directions rise by orders of magnitude and would be all
    that a mean shows.
    """
    every_line: list[Sequence[float]] = []
    for record in having(records, "loss", statistics):
        every_line += lines(record, statistics)
    return [spread(losses) for losses in zip(*every_line, strict=True)]


def edge(record: Record, statistics: Statistics) -> float:
    """Mean decimal logarithm of the loss at distance 1, on both sides of all directions."""
    ends = [loss for line in lines(record, statistics) for loss in (line[0], line[-1])]
    return fmean(math.log10(loss) if math.isfinite(loss) else math.inf for loss in ends)


def rise(record: Record, statistics: Statistics) -> float:
    """How much higher (nats) the loss is at distance 1 than at the centre, mean over directions."""
    ends = [(line[0] + line[-1]) / 2 - line[CENTRE] for line in lines(record, statistics)]
    return fmean(ends)


def sharpness(records: Sequence[Record], statistics: Statistics = "batch") -> dict[Network, Stats]:
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


def table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per trained network: loss at the centre and at distance 1, and sharpness.

    With the batch's statistics and, where records keep them, with the running ones.
    """
    kinds = [kind for kind in STATISTICS if kind == "batch" or has_running(records)]
    rows = []
    for network, members in by_network(records).items():
        row: dict[str, object] = {"network": "{}-{}".format(*network)}
        for kind in kinds:
            row |= _columns(members, kind)
        rows.append(row)
    return rows


def _columns(records: Sequence[Record], statistics: Statistics) -> dict[str, object]:
    try:
        line = slices(records, statistics)
        known = having(records, "sharpness", statistics)
        curvature = summarise(mean_sharpness(record, statistics) for record in known)
    except MissingRecordsError:
        return {}
    outward = spread([line[0].median, line[-1].median])
    return {
        f"centre, {statistics}": line[CENTRE].median,
        f"distance 1, {statistics}": outward.median,
        f"sharpness, {statistics}": str(curvature),
    }


def summary(records: Sequence[Record]) -> str:
    """Median loss at distance 1 around trained networks, with both kinds of statistics."""
    sentences = []
    for kind in STATISTICS:
        if kind == "running" and not has_running(records):
            continue
        ends = []
        for (arch, depth), members in by_network(having(records, "loss", kind)).items():
            line = slices(members, kind)
            ends.append(f"{arch}-{depth} {max(line[0].median, line[-1].median):.3g}")
        sentences.append(f"With {TITLES[kind]}: {', '.join(ends)}.")
    return f"Median loss (nats) at distance 1, on the higher side. {' '.join(sentences)}"


def sharpness_text(records: Sequence[Record]) -> str:
    """Sharpness of every trained network, with each kind of statistics that records keep."""
    sentences = []
    for kind in STATISTICS:
        if kind == "running" and not has_running(records):
            continue
        values = sharpness(records, kind)
        listed = ", ".join(f"{arch}-{depth} {stats}" for (arch, depth), stats in values.items())
        sentences.append(f"With {TITLES[kind]}: {listed}.")
    return f"Sharpness, mean over directions and seeds. {' '.join(sentences)}"


def promises(records: Sequence[Record]) -> dict[Network, dict[float, Stats]]:
    """Network -> rate -> share of the promised gain that a step brings, untrained, over seeds.

    For rates that promise more than 0.002 nats: below, the rounding of a record would show.
    """
    shares: dict[Network, dict[float, Stats]] = {}
    for network, members in by_network(records).items():
        slope = min(record.profile("slope", 0)[0] for record in members)
        shares[network] = {
            rate: summarise(kept_promise(record, rate) for record in members)
            for rate in RATES
            if rate * slope > LEAST_PROMISE
        }
    return shares


def promises_at_training_rate(records: Sequence[Record]) -> str:
    """Share of the promise that is kept at a rate of one thousandth, network by network."""
    parts = []
    for (arch, depth), members in by_network(records).items():
        share = summarise(kept_promise(record, TRAINING_RATE) for record in members)
        mean = round(share.mean, 2) + 0.0  # no minus sign before a zero
        parts.append(f"{arch}-{depth} {mean:.2f} ± {share.std:.2f}")
    shares = ", ".join(parts)
    return f"Share of the promise kept at a rate of {TRAINING_RATE:g}, untrained: {shares}."
