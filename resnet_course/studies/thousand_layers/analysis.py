"""What the records say, in numbers and in words."""

import math
from collections.abc import Sequence

from ...records import (
    Estimate,
    MissingRecordsError,
    Record,
    RecordError,
    difference,
    grouped,
    over_seeds,
    select,
    summarise,
)
from ...records.statistics import MissingValuesError
from .configs import ARMS

ARM_OF = {variant: arm for arm, variant in ARMS.items()}
DEEPEST = 1202


def arm_name(variant: str) -> str:
    """An arm as figures and tables call it."""
    block, head_norm = arm_of(variant)
    return f"{block}, {'with' if head_norm else 'without'} a norm before the head"


def arm_of(variant: str) -> tuple[str, bool]:
    """Block, and whether a norm stands before the head; RecordError for what the study has not."""
    if variant not in ARM_OF:
        raise RecordError(f"thousand_layers has no arm {variant!r}; select some that it has")
    return ARM_OF[variant]


def summary(records: Sequence[Record]) -> str:
    """Test error after the last step of the deepest networks, by arm."""
    if not records:
        raise RecordError("there are no records of thousand_layers to speak of")
    deepest = max(record.depth for record in records)
    errors = over_seeds(records, "test_error", by=("depth", "variant"))
    ends = []
    for (depth, variant), stats in errors.items():
        if depth == deepest:
            ends.append(f"{arm_name(str(variant))} {stats.mean:.1f} %")
    return f"Test error of {deepest} layers after the last step: {'; '.join(ends)}."


def table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per network: loss in each pass, seed by seed; training and test error (%), seeds."""
    rows = []
    for (depth, variant), members in grouped(records, by=("depth", "variant")).items():
        block, head_norm = arm_of(str(variant))
        row: dict[str, object] = {
            "layers": str(depth),
            "block": block,
            "head norm": "yes" if head_norm else "no",
        }
        for number in range(len(members[0].curves["train_loss"])):
            losses = [record.curves["train_loss"][number] for record in members]
            row[f"loss, pass {number + 1}"] = ", ".join(map(shown, losses))
        for metric, title in (("train_error", "training (%)"), ("test_error", "test (%)")):
            row[title] = str(summarise([record.final[metric] for record in members]))
        rows.append(row | {"seeds": len(members)})
    return rows


def shown(loss: float) -> str:
    """A loss in words: large ones without decimals, huge ones by their power of ten."""
    if math.isnan(loss):
        return "not a number"
    if loss >= 1e6:
        return f"{loss:.0e}"
    return f"{loss:,.0f}" if loss >= 100 else f"{loss:.2f}"


def gain(records: Sequence[Record], depth: int, arm: str, over: str) -> Estimate:
    """Points of test error by which one variant ends below another, seed by seed.

    Raises what `difference` does where one of them is not recorded.
    """
    networks = select(records, depth=depth)
    return difference(select(networks, variant=over), select(networks, variant=arm), "test_error")


def separated(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per depth: what the norm gains with either block, and the path with and without it.

    The two that a review told apart: full pre-activation brings a clear path *and* a batch norm
    before the head. A dash stands where a network is not recorded.
    """
    original, with_norm = ARMS["original", False], ARMS["original", True]
    clear, with_both = ARMS["pre-activation", False], ARMS["pre-activation", True]
    comparisons = {
        "the norm, original block": (with_norm, original),
        "the norm, clear path": (with_both, clear),
        "a clear path, without the norm": (clear, original),
        "a clear path, with the norm": (with_both, with_norm),
    }
    rows = []
    for depth in sorted({record.depth for record in records}):
        row: dict[str, object] = {"layers": str(depth)}
        for title, (arm, over) in comparisons.items():
            row[title] = gain_in_words(records, depth, arm, over)
        rows.append(row)
    return rows


def gain_in_words(records: Sequence[Record], depth: int, arm: str, over: str) -> str:
    """A gain with its interval; a dash where one of the networks is not recorded."""
    try:
        return str(gain(records, depth, arm, over))
    except (MissingRecordsError, MissingValuesError):
        return "–"


def rise_with_depth(records: Sequence[Record], shallow: int = 110) -> list[dict[str, object]]:
    """One row per arm: how much higher the test error of 1202 layers ends than at fewer layers."""
    rows: list[dict[str, object]] = []
    for (variant,), members in grouped(records, by=("variant",)).items():
        try:
            rise = difference(
                select(members, depth=DEEPEST), select(members, depth=shallow), "test_error"
            )
        except (MissingRecordsError, MissingValuesError):
            continue
        arm = arm_name(str(variant))
        rows.append({"arm": arm, f"{DEEPEST} layers against {shallow}, test error": str(rise)})
    return rows


def cost_of_training(records: Sequence[Record]) -> str:
    """How the deepest networks were trained and what that took, in one sentence."""
    deepest = select(records, depth=DEEPEST)
    recipe = deepest[0].config.recipe
    seconds = [
        record.provenance.cpu_seconds or record.provenance.wall_seconds for record in deepest
    ]
    threads = "one core" if deepest[0].provenance.threads == 1 else "all cores"
    return (
        f"{DEEPEST} layers of width {recipe.width}, {recipe.iterations} steps of "
        f"{recipe.batch_size} images: {summarise(seconds).mean / 60:.0f} minutes of {threads} per "
        f"network, {sum(seconds) / 3600:.1f} core-hours for all {len(deepest)} "
        f"({deepest[0].provenance.hardware})."
    )
