"""What became of each block's runs, in numbers and in words."""

import math
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from statistics import median

from ...records import Record, difference, grouped, select, summarise
from .configs import ORIGINAL, PAPER, SHORTCUTS, VARIANTS

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


def ending(records: Sequence[Record], metric: str = "test_error") -> str:
    """Final `metric` of runs that differ in their seed alone, and how many of them failed, how.

    Mean and standard deviation where all learnt, else the median: "90.0; NaN in 3 of 3".
    """
    errors = [record.final[metric] for record in records]
    fates = Counter(fate(record) for record in records)
    learnt = fates.pop(Fate.LEARNT, 0)
    if learnt == len(errors):
        return str(summarise(errors))
    ways = ", ".join(f"{way} in {count} of {len(errors)}" for way, count in fates.items())
    return f"{median(errors):.1f}; {ways}"


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


def summary(records: Sequence[Record]) -> str:
    """Test error of the deepest networks, best first, and how the others failed."""
    deepest = max(record.depth for record in records)
    learnt, failed = [], []
    for (variant,), members in grouped(select(records, depth=deepest), by=("variant",)).items():
        name = NAMES[str(variant)]
        if all(fate(record) is Fate.LEARNT for record in members):
            learnt.append((summarise(r.final["test_error"] for r in members).mean, name))
        else:
            failed.append(f"{name} ({ending(members, 'train_error').partition('; ')[2]})")
    best_first = ", ".join(f"{name} {error:.1f} %" for error, name in sorted(learnt))
    failures = f" Not trained: {'; '.join(failed)}." if failed else ""
    return f"Test error at {deepest} layers, best first: {best_first}.{failures}"


def how_they_fail(records: Sequence[Record], depth: int = 110) -> str:
    """The ways of failing at one depth, each with its blocks and what was measured of them."""
    ways: dict[Fate, list[str]] = {Fate.NAN: [], Fate.EXPLODED: [], Fate.STAGNANT: []}
    for variant in present(records):
        members = select(records, variant=variant, depth=depth)
        worst = Counter(fate(record) for record in members).most_common(1)
        if worst and worst[0][0] is not Fate.LEARNT:
            ways[worst[0][0]].append(_measured_failure(variant, members, worst[0][0]))
    sentences = [f"*{way}*: {'; '.join(blocks)}." for way, blocks in ways.items() if blocks]
    return f"At {depth} layers. " + " ".join(sentences)


def _measured_failure(variant: str, records: Sequence[Record], way: Fate) -> str:
    name = NAMES[variant]
    if way is Fate.NAN:
        epochs = [_first_bad_epoch(record) for record in records if fate(record) is Fate.NAN]
        return f"{name} (in {len(epochs)} of {len(records)} runs, from epoch {min(epochs)} on)"
    if way is Fate.EXPLODED:
        losses = [record.final["train_loss"] for record in records]
        return f"{name} (training loss {min(losses):.0e} to {max(losses):.0e} nats)"
    errors = summarise(record.final["train_error"] for record in records)
    return f"{name} ({errors} % training error)"


def _first_bad_epoch(record: Record) -> int:
    for epoch, loss in enumerate(record.curves["train_loss"], 1):
        if not math.isfinite(loss):
            return epoch
    return len(record.curves["train_loss"])


def gains(records: Sequence[Record], variants: Sequence[str] = SHORTCUTS) -> list[dict[str, object]]:
    """One row per variant: test error less the original's, seed by seed, with its interval."""
    shown = present(records)
    rows = []
    for variant in (v for v in variants if v in shown):
        row: dict[str, object] = {"block": NAMES[variant]}
        for depth in sorted({record.depth for record in records}):
            ours = select(records, depth=depth, variant=variant)
            originals = select(records, depth=depth, variant=ORIGINAL)
            shared = {r.seed for r in ours} & {r.seed for r in originals}
            row[f"{depth} layers"] = (
                str(difference(ours, originals, "test_error")) if shared else "–"
            )
        rows.append(row)
    return rows
