"""Plain and residual networks over the same depths; everything else is held fixed."""

from collections.abc import Sequence

from ...recipes import Recipe, RunConfig
from ..depths import TWINS

QUESTION = "Does a deeper network do better, if nothing but its depth changes?"
DEPTHS = {
    "live": (8, 20, 44),
    "laptop": (8, 20, 32, 56, 110),
    "colab": (20, 56),
    "paper": (20, 32, 44, 56, 110),
}


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary depth and shortcut."""
    chosen = []
    for seed in seeds:
        for arch in TWINS:
            for depth in DEPTHS[recipe.tier]:
                chosen.append(RunConfig(arch, depth, seed, recipe))
    return chosen
