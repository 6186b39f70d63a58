"""Chapter "Depth that stops helping": plain and residual networks over the same depths."""

from collections.abc import Sequence
from functools import partial

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Does a deeper network do better, if nothing but its depth changes?"
DEPTHS = {
    "live": (8, 20, 44),
    "laptop": (8, 20, 32, 56, 110),
    "colab": (20, 56),
    "paper": (20, 32, 44, 56, 110),
}
LAYOUT = {"ncols": 2, "sharex": True, "sharey": True}
MARGIN = 3.0  # percentage points; several times the spread over seeds


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary depth and shortcut; hold everything else fixed."""
    return [
        Config(net, depth, seed, recipe)
        for seed in seeds
        for net in ("plain", "residual")
        for depth in DEPTHS[recipe.tier]
    ]


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Training and test error against depth, side by side on one scale."""
    return figures.exhibit(
        partial(draw, records=records), finding(records), caption, runs.table(records), records, **LAYOUT
    )


def draw(axes, colours: dict[str, str], records: Sequence[runs.Record]) -> None:
    """The two panels of the figure."""
    for panel, metric, title in zip(
        axes, ("train_error", "test_error"), ("training error (%)", "test error (%)"), strict=True
    ):
        figures.error_against_depth(panel, colours, records, metric)
        panel.set_title(title)
    axes[0].legend()


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words, for those who do not see the figure."""
    errors = runs.over_seeds(records, "train_error")
    sentences = []
    for net in sorted({net for net, _ in errors}):
        depths = [depth for kind, depth in errors if kind == net]
        low, high = errors[net, depths[0]], errors[net, depths[-1]]
        sentences.append(
            f"Training error of {net} networks goes from {low.mean:.1f} % at {depths[0]} layers "
            f"to {high.mean:.1f} % at {depths[-1]}."
        )
    return " ".join(sentences)


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What this chapter claims, each tested with a margin on the records given."""
    train, test = runs.over_seeds(records, "train_error"), runs.over_seeds(records, "test_error")
    depths = sorted({depth for _, depth in train})
    shallow, deep = depths[0], max(d for d in depths if d <= 56)
    return {
        f"plain-{deep} trains worse than plain-{shallow}": train["plain", deep].mean
        > train["plain", shallow].mean + MARGIN,
        f"plain-{deep} tests worse than plain-{shallow}": test["plain", deep].mean
        > test["plain", shallow].mean + MARGIN,
        f"residual-{deep} trains better than plain-{deep}": train["residual", deep].mean
        < train["plain", deep].mean - MARGIN,
        f"residual-{deep} tests better than plain-{deep}": test["residual", deep].mean
        < test["plain", deep].mean - MARGIN,
    }
