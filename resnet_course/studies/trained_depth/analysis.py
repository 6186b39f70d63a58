"""What the records say of speed, in numbers and in words.

A pair is a plain network and its residual twin of one seed. Which of the two is sooner is read at
the lowest training error, in whole percent, that both of them reached.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...records import Estimate, Record, estimate, grouped, over_seeds, select
from ...records.statistics import MissingValuesError
from .configs import LABEL

NAMES = {"": "", LABEL: ", trained three times as long"}


@dataclass(frozen=True)
class Arrival:
    """When the twins of one seed reached the training error that both reached.

    Args:
        seed: Of the pair.
        error: In whole percent.
        plain: Iterations of the plain network.
        residual: Iterations of the residual one.
    """

    seed: int
    error: int
    plain: float
    residual: float

    @property
    def more(self) -> float:
        """How many more iterations the plain network needed, in percent of the residual one's."""
        return 100 * (self.plain / self.residual - 1)


def iterations_to(record: Record, error: float) -> float:
    """First recorded iteration with a training error of at most `error` percent; inf if never."""
    for iteration, reached in zip(
        record.curves["iteration"], record.curves["train_error"], strict=True
    ):
        if reached <= error:
            return iteration
    return math.inf


def common_error(records: Sequence[Record]) -> int:
    """The lowest training error, in whole percent, that every one of the runs reached."""
    return math.ceil(max(min(record.curves["train_error"]) for record in records))


def arrivals(records: Sequence[Record], depth: int, label: str = "") -> list[Arrival]:
    """One arrival per seed of which both twins are there. Raises MissingValuesError for none."""
    twins = select(records, depth=depth, label=label)
    plain: Mapping[int, Record] = {r.seed: r for r in select(twins, arch="plain")}
    residual: Mapping[int, Record] = {r.seed: r for r in select(twins, arch="residual")}
    pairs = []
    for seed in sorted(set(plain) & set(residual)):
        error = common_error([plain[seed], residual[seed]])
        arrival = Arrival(
            seed=seed,
            error=error,
            plain=iterations_to(plain[seed], error),
            residual=iterations_to(residual[seed], error),
        )
        pairs.append(arrival)
    if not pairs:
        raise MissingValuesError(f"there are no twins of {depth} layers among these records")
    return pairs


def lag_of_plain(records: Sequence[Record], depth: int, label: str = "") -> Estimate:
    """How many more iterations plain networks need, in percent, over the pairs of one depth."""
    return estimate([arrival.more for arrival in arrivals(records, depth, label)], unit="%")


def pairs_there(records: Sequence[Record]) -> list[tuple[int, str]]:
    """Depths and labels of which there are runs, in order."""
    return [(int(depth), str(label)) for depth, label in grouped(records, ("depth", "label"))]


def arrival_rows(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per depth: ends of both kinds, and how much sooner the residual ones were."""
    rows: list[dict[str, object]] = []
    for depth, label in pairs_there(records):
        ends = over_seeds(select(records, depth=depth, label=label), "train_error")
        rows.append(
            {
                "depth": depth,
                "iterations": select(records, depth=depth, label=label)[0].curves["iteration"][-1],
                "plain, training error (%)": str(ends["plain", depth]),
                "residual, training error (%)": str(ends["residual", depth]),
                "plain needs more iterations by": str(lag_of_plain(records, depth, label)),
            }
        )
    return rows


def summary(records: Sequence[Record]) -> str:
    """The result in words, for those who do not see the figure."""
    sentences = []
    for depth, label in pairs_there(records):
        lag = lag_of_plain(records, depth, label)
        sentences.append(
            f"At {depth} layers{NAMES[label]}, plain networks need {lag.value:.0f} % more "
            "iterations than residual ones to the training error that both reach."
        )
    return " ".join(sentences)
