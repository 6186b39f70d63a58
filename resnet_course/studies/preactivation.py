"""Chapter "Identity mappings": what may stand on the shortcut, and in which order activations come."""

from collections.abc import Sequence

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Must the shortcut be the identity, and where do batch norm and ReLU belong?"
DEPTHS = {"live": (20,), "laptop": (20, 110), "colab": (20, 110), "paper": (110,)}
SHORTCUTS = (
    "scaled-shortcut",
    "exclusive-gating",
    "shortcut-only-gating-open",
    "shortcut-only-gating",
    "conv-shortcut",
    "dropout-shortcut",
)
ORDERS = ("bn-after-addition", "relu-before-addition", "relu-only-preactivation", "full-preactivation")
# Test error (%) of 110 layers on CIFAR-10 (He 2016, Tables 1 and 2); None: "fails".
PAPER = dict(zip(("", *SHORTCUTS), (6.61, None, 8.70, 6.91, 12.86, 12.22, None), strict=True))
PAPER |= dict(zip(ORDERS, (8.17, 7.84, 6.71, 6.37), strict=True))


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary the shortcut or the activation order of two-layer blocks; the original block is the first."""
    return [
        Config("residual", depth, seed, recipe, variant=variant)
        for seed in seeds
        for depth in DEPTHS[recipe.tier]
        for variant in ("", *SHORTCUTS, *ORDERS)
    ]


def named(variant: str) -> str:
    """A variant as figures and tables call it."""
    return (variant or "original").replace("-", " ")


def errors(records: Sequence[runs.Record], metric: str = "test_error") -> dict[tuple[int, str], runs.Stats]:
    """Final `metric` by (depth, variant), mean over seeds."""
    return runs.over_seeds(records, metric, by=("depth", "variant"))


def table(records: Sequence[runs.Record]) -> list[dict]:
    """One row a variant: training and test error (%) at each depth, and the paper's test error at 110 layers."""
    train, test = errors(records, "train_error"), errors(records)
    rows = []
    for variant, quoted in PAPER.items():
        row = {"variant": named(variant)}
        for depth in sorted({depth for depth, _ in train}):
            row |= {f"{depth}: training": str(train[depth, variant]), f"{depth}: test": str(test[depth, variant])}
        rows.append(row | {"He 2016, 110: test": f"{quoted:.2f}" if quoted else "fails"})
    return rows


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Test error of every variant, one panel a depth."""
    depths = sorted({record.depth for record in records})

    def draw(axes, colours):
        for panel, depth in zip(axes if len(depths) > 1 else [axes], depths, strict=True):
            draw_errors(panel, colours, [record for record in records if record.depth == depth])
            panel.set(title=f"{depth} layers", xlabel="test error (%)")

    return figures.exhibit(draw, finding(records), caption, table(records), records, ncols=len(depths), sharey=True)


def draw_errors(axes, colours, records: Sequence[runs.Record]) -> None:
    """Test error of each variant of one depth, and a line where the original block is."""
    of = {variant: [r.final["test_error"] for r in records if r.variant == variant] for variant in PAPER}
    figures.values_by_name(axes, colours["residual"], {named(variant): values for variant, values in of.items()})
    axes.axvline(runs.stats(of[""]).mean, color=colours["ink"], linewidth=0.8, linestyle=":")


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    found = errors(records)
    deepest = max(depth for depth, _ in found)
    ranked = sorted((stats.mean, variant) for (depth, variant), stats in found.items() if depth == deepest)
    said = ", ".join(f"{named(variant)} {mean:.0f} %" for mean, variant in ranked)
    return f"Test error at {deepest} layers, best first: {said}."


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What the chapter claims of the deepest networks, with margins above the scatter over seeds."""
    found = errors(records)
    deepest = max(depth for depth, _ in found)
    original = found[deepest, ""].mean
    said = {f"{named(v)} is worse than the identity": found[deepest, v].mean > original + 2 for v in SHORTCUTS}
    said |= {f"{named(v)} is worse than the original": found[deepest, v].mean > original + 2 for v in ORDERS[:2]}
    said |= {f"{named(v)} is better than the original": found[deepest, v].mean < original - 2 for v in ORDERS[2:]}
    return said
