"""Chapter "Anatomy of the block": the residual block with one part changed at a time."""

from collections.abc import Sequence

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Which parts of the residual block matter, and which are a matter of taste?"
DEPTHS = {"live": (20,), "laptop": (20, 56), "colab": (20, 56), "paper": (20, 56, 110)}
PARTS = (
    {},
    {"shortcut": "B"},
    {"shortcut": "C"},
    {"variant": "one-layer"},
    {"variant": "three-layers"},
    {"variant": "relu-before-addition"},
    {"variant": "zero-init"},
    {"variant": "dropout-in-branch"},
)
BY = ("depth", "shortcut", "variant")
ORIGINAL = ("A", "")
NAMES = {  # (shortcut, variant): what the figure calls the block
    ORIGINAL: "original (option A)",
    ("B", ""): "option B",
    ("C", ""): "option C",
    ("A", "one-layer"): "one layer in F",
    ("A", "three-layers"): "three layers in F",
    ("A", "relu-before-addition"): "ReLU before the sum",
    ("A", "zero-init"): "F starts at zero",
    ("A", "dropout-in-branch"): "dropout in F",
}

MARGIN = 3.0  # percentage points


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Change one part of the block; hold everything else, and the number of 3x3 layers, fixed."""
    return [
        Config("residual", depth, seed, recipe, **part)
        for seed in seeds
        for depth in DEPTHS[recipe.tier]
        for part in PARTS
    ]


def differences(records: Sequence[runs.Record], metric: str = "test_error") -> dict[tuple, runs.Stats]:
    """{(depth, shortcut, variant): how much higher `metric` is than the original block's, seed by seed}."""
    value = {(r.depth, r.shortcut, r.variant, r.seed): r.final[metric] for r in records}
    groups: dict[tuple, list[float]] = {}
    for (depth, shortcut, variant, seed), error in value.items():
        groups.setdefault((depth, shortcut, variant), []).append(error - value[depth, *ORIGINAL, seed])
    return {group: runs.stats(found) for group, found in groups.items()}


def table(records: Sequence[runs.Record]) -> list[dict]:
    """For each block, and at each depth: test error, and its difference from the original's, seed by seed."""
    errors, more = runs.over_seeds(records, "test_error", BY), differences(records)
    rows = {part: {"block": name} for part, name in NAMES.items() if any(part == group[1:] for group in errors)}
    for depth, *part in errors:
        group = depth, *part
        rows[tuple(part)] |= {f"{depth} layers: test error (%)": str(errors[group])}
        rows[tuple(part)] |= {f"{depth} layers: change": signed(more[group]) if tuple(part) != ORIGINAL else ""}
    return list(rows.values())


def signed(difference: runs.Stats) -> str:
    """A difference in words, with its sign."""
    return ("+" if difference.mean >= 0 else "") + str(difference).replace("-", "−")


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Test error of each block, one panel a depth: mean over seeds, every seed a small mark, the original a line."""
    depths = sorted({r.depth for r in records})
    by_depth = {depth: [r for r in records if r.depth == depth] for depth in depths}
    present = {(r.shortcut, r.variant) for r in records}
    known = [part for part in reversed(NAMES) if part in present]
    errors = runs.over_seeds(records, "test_error", BY)

    def draw(axes, colours):
        mark = {"color": colours["residual"], "marker": figures.MARKERS["residual"]}
        for panel, depth in zip(axes if len(depths) > 1 else [axes], depths, strict=True):
            panel.axvline(errors[depth, *ORIGINAL].mean, color=colours["ink"], linewidth=0.8)
            panel.plot([errors[depth, *part].mean for part in known], range(len(known)), linestyle="none", **mark)
            seeds = [(r.final["test_error"], known.index((r.shortcut, r.variant))) for r in by_depth[depth]]
            panel.scatter(*zip(*seeds, strict=True), s=9, color=colours["residual"], alpha=0.5)
            panel.set_yticks(range(len(known)), [NAMES[part] for part in known])
            panel.set_title(f"{depth} layers: test error (%)")

    layout = {"ncols": len(depths), "sharex": True, "sharey": True}
    return figures.exhibit(draw, finding(records), caption, table(records), records, **layout)


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    errors = runs.over_seeds(records, "test_error", BY)
    sentences = []
    for depth in sorted({r.depth for r in records}):
        ends = sorted((errors[depth, *p].mean, name) for p, name in NAMES.items() if (depth, *p) in errors)
        said = ", ".join(f"{name} {error:.1f} %" for error, name in ends)
        sentences.append(f"Test error at {depth} layers, from lowest to highest: {said}.")
    return " ".join(sentences)


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What this chapter claims, each tested with a margin."""
    more = {(depth, NAMES[tuple(part)]): stat.mean for (depth, *part), stat in differences(records).items()}
    taste, slow = ("option B", "three layers in F", "ReLU before the sum"), ("F starts at zero", "dropout in F")
    costly = ("option B", "one layer in F", "ReLU before the sum", "dropout in F")
    changed = [error for (depth, name), error in more.items() if depth == 56 and name != NAMES[ORIGINAL]]
    return {
        f"at 20 layers these are alike: {', '.join(taste)}": max(abs(more[20, name]) for name in taste) < MARGIN,
        f"at 20 layers these cost error: {', '.join(slow)}": min(more[20, name] for name in slow) > MARGIN,
        f"at 56 layers these cost error: {', '.join(costly)}": min(more[56, name] for name in costly) > MARGIN,
        "at 56 layers option C costs most": more[56, "option C"] > MARGIN + max(more[56, name] for name in costly),
        "at 56 layers every change costs something": min(changed) > MARGIN / 2,
    }
