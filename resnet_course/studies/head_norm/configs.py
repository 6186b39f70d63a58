"""The networks of the degradation study with one batch norm more, between last block and head."""

from collections.abc import Sequence

from ...recipes import Recipe, RunConfig
from ..depths import INSIDE, TWINS

QUESTION = "How much of what depth does to a network is the size of its logits?"
VARIANT = "head-bn"


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary depth and shortcut; the same networks without the batch norm are degradation's."""
    chosen = []
    for seed in seeds:
        for arch in TWINS:
            for depth in INSIDE[recipe.tier]:
                chosen.append(RunConfig(arch, depth, seed, recipe, variant=VARIANT))
    return chosen
