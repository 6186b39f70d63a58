"""What the records say, in numbers and in words."""

from collections.abc import Sequence

from ...records import Estimate, Record, RecordError, difference, over_seeds, select
from .configs import DEEP, GENTLE, SHALLOW

BY = ("arch", "start_depth", "depth", "label")
History = tuple[int, int, str]  # start_depth, depth, label
HISTORIES: dict[History, str] = {
    (0, SHALLOW, ""): f"{SHALLOW}, from scratch",
    (0, DEEP, ""): f"{DEEP}, from scratch",
    (0, DEEP, GENTLE): f"{DEEP}, from scratch, gently",
    (SHALLOW, DEEP, ""): f"{DEEP}, grown",
    (SHALLOW, SHALLOW, ""): f"{SHALLOW}, trained on",
    (SHALLOW, DEEP, GENTLE): f"{DEEP}, grown, gently",
    (SHALLOW, SHALLOW, GENTLE): f"{SHALLOW}, trained on gently",
}
WAYS = {name: history for history, name in HISTORIES.items()}


def history(record: Record) -> History:
    """What became of a network. Raises RecordError for a run that is none of this study's."""
    key = (record.start_depth, record.depth, record.label)
    if key not in HISTORIES:
        raise RecordError(f"{record.config.name} is no run of this study; select some that are")
    return key


def members(records: Sequence[Record], arch: str, way: str) -> list[Record]:
    """The runs of one architecture and history; [] where there are none.

    Raises ValueError for a history that the study does not have.
    """
    if way not in WAYS:
        raise ValueError(f"the histories are {'; '.join(WAYS)}; got {way!r}")
    start, depth, label = WAYS[way]
    return select(records, arch=arch, start_depth=start, depth=depth, label=label)


def gap(
    records: Sequence[Record], arch: str, worse: str, better: str, metric: str = "train_error"
) -> Estimate:
    """How much higher the error of one history is than that of another, seed by seed, in points."""
    return difference(members(records, arch, worse), members(records, arch, better), metric)


def summary(records: Sequence[Record]) -> str:
    """The result in words, from whatever of it the records hold."""
    errors = over_seeds(records, "train_error", BY)
    sentences = []
    for arch in sorted({record.arch for record in records}):
        ends = []
        for key, name in HISTORIES.items():
            if (arch, *key) in errors:
                ends.append(f"{name} {errors[arch, *key].mean:.1f} %")
        sentences.append(
            f"Training error of {arch} networks, by layers and history: {'; '.join(ends)}."
        )
    return " ".join(sentences)
