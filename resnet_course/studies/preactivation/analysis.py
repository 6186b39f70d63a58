"""What became of each block's runs, in numbers and in words."""

import math
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from statistics import median

from ...records import (
    Estimate,
    MissingRecordsError,
    Record,
    difference,
    grouped,
    select,
    summarise,
)
from ...records.statistics import MissingValuesError
from .configs import ORIGINAL, PAPER, VARIANTS

NAMES = {
    ORIGINAL: "original",
    "scaled-shortcut": "half the shortcut",
    "exclusive-gating": "exclusive gate",
    "shortcut-only-gating-open": "gate, bias −6",
    "shortcut-only-gating": "gate, bias 0",
    "conv-shortcut": "1×1 convolution",
    "dropout-shortcut": "dropout",
    "bn-after-addition": "BN after the sum",
    "relu-before-addition": "ReLU before the sum",
    "relu-only-preactivation": "ReLU-only pre-activation",
    "full-preactivation": "full pre-activation",
    "head-bn": "original, head BN",
    "relu-before-addition-head-bn": "ReLU before the sum, head BN",
    "relu-only-preactivation-head-bn": "ReLU-only pre-activation, head BN",
    "full-preactivation-no-head-bn": "full pre-activation, no head BN",
    "shortcut-only-gating-open-zeroed": "gate, bias −6, weights 0",
    "exclusive-gating-zeroed": "exclusive gate, weights 0",
}
EXPLODED = 100.0  # nats: far above the 2.3 of guessing, which no finite training loss should pass
STAGNANT = 85.0  # percent of training error, where guessing one of ten classes gives 90


class Fate(StrEnum):
    """How a run ended."""

    LEARNT = "learnt"
    STAGNANT = "stagnant"
    EXPLODED = "exploded"
    NAN = "NaN"


def fate(record: Record) -> Fate:
    """How a run ended, from its losses and its training error."""
    if record.diverged:
        return Fate.NAN
    if record.final["train_loss"] > EXPLODED:
        return Fate.EXPLODED
    if record.final["train_error"] > STAGNANT:
        return Fate.STAGNANT
    return Fate.LEARNT


def present(records: Sequence[Record]) -> list[str]:
    """The variants that records have, in the order of the study.

    Raises ValueError for a variant that the study does not know.
    """
    variants = {record.variant for record in records}
    if unknown := sorted(variants - set(VARIANTS)):
        raise ValueError(f"the study has no variant {', '.join(unknown)}")
    return [variant for variant in VARIANTS if variant in variants]


def ending(records: Sequence[Record], metric: str = "test_error", unit: str = "") -> str:
    """Final `metric` of runs that differ in their seed alone, and how many of them failed, how.

    Mean and standard deviation where all learnt, else the median: "90.0 (NaN in 3 of 3)".
    """
    errors = [record.final[metric] for record in records]
    if failures := failed_runs(records):
        return f"{median(errors):.1f}{unit} ({failures})"
    return f"{summarise(errors)}{unit}"


def failed_runs(records: Sequence[Record]) -> str:
    """How many runs failed, how: "NaN in 3 of 3"; "" where all learnt."""
    fates = Counter(fate(record) for record in records)
    ways = [
        f"{way} in {count} of {len(records)}"
        for way, count in fates.items()
        if way is not Fate.LEARNT
    ]
    return ", ".join(ways)


def table(
    records: Sequence[Record], variants: Sequence[str] | None = None
) -> list[dict[str, object]]:
    """One row per variant: training and test error (%) at each depth, beside the paper's at 110."""
    depths = sorted({record.depth for record in records})
    shown = present(records)
    rows = []
    for variant in shown if variants is None else [v for v in variants if v in shown]:
        row: dict[str, object] = {"block": NAMES[variant]}
        for depth in depths:
            members = select(records, variant=variant, depth=depth)
            row[f"{depth} layers: training"] = ending(members, "train_error") if members else "–"
            row[f"{depth} layers: test"] = ending(members) if members else "–"
        rows.append(row | {"He 2016, 110 layers: test": paper_error(variant)})
    return rows


def paper_error(variant: str) -> str:
    """The paper's test error (%) at 110 layers, its own word where it fails, a dash for none."""
    if variant not in PAPER:
        return "–"
    error = PAPER[variant]
    return "fails" if error is None else f"{error:.2f}"


def _power_of_ten(value: float) -> str:
    """A number of any size in a few letters: 3e5."""
    return f"{value:.0e}".replace("e+", "e").replace("e0", "e")


def summary(records: Sequence[Record]) -> str:
    """Test error of the deepest networks, best first, and how the others failed."""
    deepest = max(record.depth for record in records)
    learnt: list[tuple[float, str]] = []
    failed: list[str] = []
    for (variant,), members in grouped(select(records, depth=deepest), by=("variant",)).items():
        name = NAMES[str(variant)]
        if failures := failed_runs(members):
            failed.append(f"{name} ({failures})")
        else:
            learnt.append((summarise(r.final["test_error"] for r in members).mean, name))
    best_first = ", ".join(f"{name} {error:.1f} %" for error, name in sorted(learnt))
    failures = f" Not trained: {'; '.join(failed)}." if failed else ""
    return f"Test error at {deepest} layers, best first: {best_first}.{failures}"


def how_they_fail(records: Sequence[Record], depth: int = 110) -> str:
    """The ways of failing at one depth, each with its blocks and what was measured of them."""
    ways: dict[Fate, list[str]] = {Fate.NAN: [], Fate.EXPLODED: [], Fate.STAGNANT: []}
    for variant in present(records):
        members = select(records, variant=variant, depth=depth)
        way = usual_fate(members) if members else Fate.LEARNT
        if way is not Fate.LEARNT:
            ways[way].append(f"{NAMES[variant]} ({measured_failure(members)})")
    sentences = [f"*{way}*: {'; '.join(blocks)}." for way, blocks in ways.items() if blocks]
    return f"At {depth} layers. " + " ".join(sentences)


def usual_fate(records: Sequence[Record]) -> Fate:
    """How most of some runs ended."""
    return Counter(fate(record) for record in records).most_common(1)[0][0]


def measured_failure(records: Sequence[Record]) -> str:
    """What was measured of a block whose runs failed, in the terms of how they failed."""
    way = usual_fate(records)
    if way is Fate.NAN:
        epochs = [_first_bad_epoch(record) for record in records if fate(record) is way]
        return f"in {len(epochs)} of {len(records)} runs, from epoch {min(epochs)} on"
    if way is Fate.EXPLODED:
        losses = [record.final["train_loss"] for record in records]
        low, high = _power_of_ten(min(losses)), _power_of_ten(max(losses))
        return f"training loss {low} to {high} nats at the end"
    return f"{summarise(record.final['train_error'] for record in records)} % training error"


def _first_bad_epoch(record: Record) -> int:
    for epoch, loss in enumerate(record.curves["train_loss"], 1):
        if not math.isfinite(loss):
            return epoch
    return len(record.curves["train_loss"])


def saved(records: Sequence[Record], better: str, worse: str, depth: int = 110) -> Estimate:
    """Points of test error that one block saves against another, seed by seed.

    Raises MissingRecordsError where one of the two was not run.
    """
    deep = select(records, depth=depth)
    return difference(select(deep, variant=worse), select(deep, variant=better), "test_error")


COMPARISONS = (
    ("full-preactivation", ORIGINAL),
    ("relu-only-preactivation", ORIGINAL),
    ("head-bn", ORIGINAL),
    ("full-preactivation-no-head-bn", ORIGINAL),
    ("full-preactivation", "head-bn"),
    ("relu-only-preactivation-head-bn", "head-bn"),
)


def gains(records: Sequence[Record], depth: int = 110) -> list[dict[str, object]]:
    """One row per comparison that was run: what a clear path saves, what a BN, what is left."""
    rows: list[dict[str, object]] = []
    for better, worse in COMPARISONS:
        try:
            estimated = saved(records, better, worse, depth)
        except (MissingRecordsError, MissingValuesError):
            continue
        interval = f"{estimated.low:.1f} to {estimated.high:.1f}"
        rows.append(
            {
                "block": NAMES[better],
                "against": NAMES[worse],
                "points of test error saved": round(estimated.value, 1),
                "95 % interval": interval.replace("-", "−"),
                "seeds": estimated.n,
            }
        )
    return rows


def half_a_shortcut(records: Sequence[Record]) -> str:
    """Test error with half of every shortcut beside the original's, at each depth."""
    parts = []
    for (depth,), members in grouped(records, by=("depth",)).items():
        half = ending(select(members, variant="scaled-shortcut"), unit=" %")
        original = ending(select(members, variant=ORIGINAL), unit=" %")
        parts.append(f"at {depth} layers {half}, the original {original}")
    return f"Test error with half of every shortcut: {'; '.join(parts)}."
