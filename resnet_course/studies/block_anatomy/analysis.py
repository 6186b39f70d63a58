"""What each changed part costs, in numbers and in words."""

from collections.abc import Sequence

from ...records import Estimate, MissingRecordsError, Record, difference, select, summarise
from .configs import (
    CHANGES,
    CONTROLS,
    DROPOUT,
    HEAD_NORM,
    ONE_LAYER,
    OPTION_B,
    OPTION_C,
    ORIGINAL,
    PARTS,
    RELU_BEFORE,
    THREE_LAYERS,
    ZERO_INIT,
    Part,
)

NAMES = {  # what figures and tables call a block
    ORIGINAL: "original (option A)",
    OPTION_B: "option B",
    OPTION_C: "option C",
    ONE_LAYER: "one layer in F",
    THREE_LAYERS: "three layers in F",
    RELU_BEFORE: "ReLU before the sum",
    ZERO_INIT: "F starts at zero",
    DROPOUT: "dropout in F",
    HEAD_NORM: "original, head BN",
    CONTROLS[OPTION_B]: "option B, head BN",
    CONTROLS[OPTION_C]: "option C, head BN",
    CONTROLS[RELU_BEFORE]: "ReLU before the sum, head BN",
}
FORMULAS = {
    OPTION_B: "projections where the shape changes",
    OPTION_C: "projections in every block",
    ONE_LAYER: "ReLU(F(x) + x), one 3×3 layer in F, twice as many blocks",
    THREE_LAYERS: "ReLU(F(x) + x), three 3×3 layers in F, fewer blocks",
    RELU_BEFORE: "ReLU(F(x)) + x",
    ZERO_INIT: "ReLU(F(x) + x), F(x) = 0 at first",
    DROPOUT: "ReLU(F(x) + x), dropout of 0.3 in F",
}


def part_of(record: Record) -> Part:
    """The changed part of a run. Raises ValueError for one that the study does not know."""
    part = Part(record.shortcut, record.variant)
    if part not in NAMES:
        raise ValueError(f"the study has no block with {part}")
    return part


def runs_of(records: Sequence[Record], part: Part, depth: int | None = None) -> list[Record]:
    """The runs of one block (at one depth)."""
    return select(records, shortcut=part.shortcut, variant=part.variant, depth=depth)


def present(records: Sequence[Record]) -> list[Part]:
    """The blocks that records have, in the order of the study."""
    parts = {part_of(record) for record in records}
    return [part for part in PARTS if part in parts]


def change(
    records: Sequence[Record], part: Part, depth: int, metric: str = "test_error"
) -> Estimate:
    """How much higher `metric` is than the original block's, seed by seed, at one depth.

    Raises MissingRecordsError where one of the two was not run.
    """
    return difference(runs_of(records, part, depth), runs_of(records, ORIGINAL, depth), metric)


def table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per block: test error at each depth, and its difference from the original's."""
    depths = sorted({record.depth for record in records})
    rows = []
    for part in present(records):
        row: dict[str, object] = {"block": NAMES[part]}
        for depth in depths:
            members = runs_of(records, part, depth)
            errors = [record.final["test_error"] for record in members]
            row[f"{depth} layers: test error (%)"] = str(summarise(errors)) if errors else "–"
            row[f"{depth} layers: change"] = change_text(records, part, depth)
        rows.append(row)
    return rows


def change_text(records: Sequence[Record], part: Part, depth: int) -> str:
    """A change with its interval, "+6.4 [−0.2, 13.0]"; "" for the original, a dash for none."""
    if part == ORIGINAL:
        return ""
    try:
        estimated = change(records, part, depth)
    except MissingRecordsError:
        return "–"
    return signed(estimated)


def signed(estimated: Estimate) -> str:
    """A difference and its 95 % interval with typographic minus signs."""
    numbers = f"{estimated.value:+.1f} [{estimated.low:.1f}, {estimated.high:.1f}]"
    return numbers.replace("-", "−")


def summary(records: Sequence[Record]) -> str:
    """Test error of each block at each depth, from lowest to highest."""
    sentences = []
    for depth in sorted({record.depth for record in records}):
        ends = []
        for part in present(select(records, depth=depth)):
            members = runs_of(records, part, depth)
            errors = summarise(record.final["test_error"] for record in members)
            ends.append((errors.mean, NAMES[part]))
        ranked = ", ".join(f"{name} {error:.1f} %" for error, name in sorted(ends))
        sentences.append(f"Test error at {depth} layers, from lowest to highest: {ranked}.")
    return " ".join(sentences)


def errors_at(records: Sequence[Record], depth: int) -> str:
    """Test error of every changed block at one depth: what a prediction is compared with."""
    ends = []
    for part in (ORIGINAL, *CHANGES):
        if members := runs_of(records, part, depth):
            errors = summarise(record.final["test_error"] for record in members)
            ends.append(f"{NAMES[part]} {errors} %")
    return f"Test error at {depth} layers (mean ± standard deviation): {'; '.join(ends)}."
