"""The networks of the degradation study, trained; their untrained selves are the control."""

from collections.abc import Sequence

from ...recipes import Recipe, RunConfig
from ..depths import INSIDE, TWINS

QUESTION = "What is left of a trained network when a block is taken out?"
NETWORKS = "degradation"
AT_CHANCE = ("plain", 110)  # trained or not it guesses: it has nothing to lose


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary depth and shortcut; the network that stays at chance is left out."""
    chosen = []
    for seed in seeds:
        for arch in TWINS:
            for depth in INSIDE[recipe.tier]:
                if (arch, depth) != AT_CHANCE:
                    chosen.append(RunConfig(arch, depth, seed, recipe))
    return chosen
