"""Chapter "Depth that stops helping": plain and residual networks over the same depths."""

from collections.abc import Sequence

from ..recipes import Config, Recipe

QUESTION = "Does a deeper network do better, if nothing but its depth changes?"
DEPTHS = {
    "live": (8, 44),
    "laptop": (8, 20, 32, 56, 110),
    "colab": (20, 56),
    "paper": (20, 32, 44, 56, 110),
}


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary depth and shortcut; hold everything else fixed."""
    return [
        Config(net, depth, seed, recipe)
        for seed in seeds
        for net in ("plain", "residual")
        for depth in DEPTHS[recipe.tier]
    ]
