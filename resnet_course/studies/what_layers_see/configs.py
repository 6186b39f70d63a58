"""The networks of the degradation study, probed before and after they are trained."""

from collections.abc import Sequence

from ...recipes import Recipe, RunConfig
from ..depths import INSIDE, TWINS

QUESTION = "Does every layer bring a network closer to the answer?"
AT_CHANCE = ("plain", 110)  # learns nothing at these budgets, so that there is nothing to read


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary depth and shortcut."""
    chosen = []
    for seed in seeds:
        for arch in TWINS:
            for depth in INSIDE[recipe.tier]:
                if (arch, depth) != AT_CHANCE:
                    chosen.append(RunConfig(arch, depth, seed, recipe))
    return chosen
