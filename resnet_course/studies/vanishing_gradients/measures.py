"""What the records say of gradients, in numbers.

Sizes of gradients differ by factors that multiply over layers; they are compared as powers of ten.
"""

from collections.abc import Callable, Sequence
from math import log10

from ...records import (
    MissingRecordsError,
    Record,
    RecordError,
    Stats,
    by_seed,
    grouped,
    select,
    summarise,
)
from ..depths import TWINS
from .configs import BARE, CLIP, CLIPS, RESCALED

BY = ("arch", "variant", "label")
NEIGHBOURS = 1  # lag of the next point on a line between two images

# From a record and an iteration to a number.
Measure = Callable[[Record, int], float]


def clipped(arch: str, label: str = CLIP) -> str:
    """Name of the kind of networks that are clipped at one strength."""
    return f"{arch}, clipped at {100 * CLIPS[label]:g} %"


def _kinds() -> dict[tuple[str, str, str], str]:
    kinds = {
        ("plain", BARE, ""): "plain without batch norm",
        ("plain", RESCALED, ""): "plain without batch norm, rescaled",
    }
    for arch in TWINS:
        kinds[arch, "", ""] = arch
        for label in CLIPS:
            kinds[arch, "", label] = clipped(arch, label)
    return kinds


KINDS = _kinds()  # (arch, variant, label) -> what figures and tables call such networks


def kind(record: Record) -> str:
    """Which of the study's kinds of network a run is of, in words.

    Raises RecordError for a run of none.
    """
    key = (record.arch, record.variant, record.label)
    if key not in KINDS:
        raise RecordError(f"{record.config.name} is no run of this study; select some that are")
    return KINDS[key]


def members(records: Sequence[Record], name: str, depth: int) -> list[Record]:
    """The runs of one kind and depth, in order of their seeds; [] where there are none."""
    return [record for record in select(records, depth=depth) if kind(record) == name]


def looks(records: Sequence[Record]) -> list[int]:
    """Iterations at which gradients were measured. Raises MissingRecordsError without records."""
    if not records:
        raise MissingRecordsError("there are no records; select some that the study has")
    return records[0].iterations("gradient")


def imbalance(record: Record, iteration: int) -> float:
    """Gradient norm of the first convolution over that of the last: 0 is balance."""
    first, *_, last, _head = record.profile("gradient", iteration)
    return log10(first / last)


def steepness(record: Record, iteration: int) -> float:
    """The same with the length of the weights taken out: norm of gradient times norm of weights.

    Batch norm makes a gradient shrink as its weights grow; their product does not.
    """
    pairs = zip(
        record.profile("gradient", iteration),
        record.profile("relative_gradient", iteration),
        strict=True,
    )
    first, *_, last, _head = [gradient * gradient / relative for gradient, relative in pairs]
    return log10(first / last)


def first_length(record: Record, iteration: int) -> float:
    """Norm of the first convolution's weights."""
    gradient = record.profile("gradient", iteration)[0]
    return gradient / record.profile("relative_gradient", iteration)[0]


def growth(record: Record, iteration: int) -> float:
    """How many times as long the first convolution's weights are as before training."""
    return log10(first_length(record, iteration) / first_length(record, 0))


def last_gradient(record: Record, iteration: int) -> float:
    """Gradient norm of the last convolution."""
    return log10(record.profile("gradient", iteration)[-2])


def coherence(record: Record, iteration: int) -> float:
    """Mean cosine between the gradients of parts of a batch."""
    return record.profile("coherence", iteration)[0]


def autocorrelation(record: Record, iteration: int) -> float:
    """Correlation between the input gradients of neighbours on a line between two images."""
    return record.profile("autocorrelation", iteration)[NEIGHBOURS]


def over_kinds(
    records: Sequence[Record], measure: Measure, iteration: int
) -> dict[tuple[str, int], Stats]:
    """A measure by kind and depth, averaged over seeds: {("plain", 20): Stats, …}."""
    stats = {}
    for members_of_group in grouped(records, by=(*BY, "depth")).values():
        first = members_of_group[0]
        values = [measure(record, iteration) for record in members_of_group]
        stats[kind(first), first.depth] = summarise(values)
    return stats


def ends(records: Sequence[Record], metric: str = "train_error") -> dict[tuple[str, int], Stats]:
    """An error after the last step by kind and depth, averaged over seeds."""
    stats = {}
    for group in grouped(records, by=(*BY, "depth")).values():
        stats[kind(group[0]), group[0].depth] = summarise(by_seed(group, metric).values())
    return stats


def share_recovered(records: Sequence[Record], depth: int, label: str = CLIP) -> list[float]:
    """Percent of the gap between the twins of a depth that clipping takes away, seed by seed."""
    plain = by_seed(members(records, "plain", depth), "train_error")
    shortened = by_seed(members(records, clipped("plain", label), depth), "train_error")
    residual = by_seed(members(records, "residual", depth), "train_error")
    shares = []
    for seed in sorted(set(plain) & set(shortened) & set(residual)):
        recovered = plain[seed] - shortened[seed]
        shares.append(100 * recovered / (plain[seed] - residual[seed]))
    return shares
