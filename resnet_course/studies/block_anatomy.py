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


def table(records: Sequence[runs.Record], depth: int) -> list[dict]:
    """For each block: errors of the networks of one depth, and the difference from the original, seed by seed."""
    train, test = (runs.over_seeds(records, metric, BY) for metric in ("train_error", "test_error"))
    difference = differences(records)
    return [
        {
            "block": name,
            "training error (%)": str(train[depth, *part]),
            "test error (%)": str(test[depth, *part]),
            "test error less the original's": signed(difference[depth, *part]) if part != ORIGINAL else "",
        }
        for part, name in NAMES.items()
        if (depth, *part) in test
    ]


def signed(difference: runs.Stats) -> str:
    """A difference in words, with its sign."""
    return ("+" if difference.mean >= 0 else "") + str(difference).replace("-", "−")


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Test error of each block, one panel a depth: mean over seeds, every seed a small mark, the original a line."""
    depths = sorted({r.depth for r in records})
    present = {(r.shortcut, r.variant) for r in records}
    known = [part for part in reversed(NAMES) if part in present]
    errors = runs.over_seeds(records, "test_error", BY)

    def draw(axes, colours):
        mark = {"color": colours["residual"], "marker": figures.MARKERS["residual"]}
        for panel, depth in zip(axes if len(depths) > 1 else [axes], depths, strict=True):
            panel.axvline(errors[depth, *ORIGINAL].mean, color=colours["ink"], linewidth=0.8)
            panel.plot([errors[depth, *part].mean for part in known], range(len(known)), linestyle="none", **mark)
            mine = [r for r in records if r.depth == depth]
            heights = [known.index((r.shortcut, r.variant)) for r in mine]
            panel.scatter([r.final["test_error"] for r in mine], heights, s=9, color=colours["residual"], alpha=0.5)
            panel.set_yticks(range(len(known)), [NAMES[part] for part in known])
            panel.set_title(f"{depth} layers: test error (%)")

    rows = [{"depth": depth} | row for depth in depths for row in table(records, depth)]
    layout = {"ncols": len(depths), "sharex": True, "sharey": True}
    return figures.exhibit(draw, finding(records), caption, rows, records, **layout)


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    errors = runs.over_seeds(records, "test_error", BY)
    sentences = []
    for depth in sorted({r.depth for r in records}):
        others = [f"{name} {errors[depth, *p].mean:.1f} %" for p, name in NAMES.items() if (depth, *p) in errors]
        sentences.append(f"Test error at {depth} layers: {', '.join(others)}.")
    return " ".join(sentences)


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What this chapter claims, each tested with a margin."""
    return {"todo": bool(records)}
