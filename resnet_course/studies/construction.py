"""Chapter "The construction argument, executed": networks grown from a trained shallower one, and trained on."""

from collections.abc import Sequence
from dataclasses import replace

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "If a deeper network can copy the shallower one, why does training not find a copy?"
NETWORKS = "degradation"  # the study whose trained networks are deepened
SHALLOW, DEEP = 20, 56
GENTLE = 10  # the learning rate divided by this keeps what was learned


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """The trained shallow network trained on as it is, and deepened by identities; a deep one with both budgets.

    Both continue at the recipe's own learning rate and at a tenth of it.
    """
    twice = replace(recipe, iterations=2 * recipe.iterations, drops=tuple(2 * drop for drop in recipe.drops))
    gentle = replace(recipe, lr=recipe.lr / GENTLE)
    chosen = []
    for seed in seeds:
        for net in ("plain", "residual"):
            chosen.append(Config(net, DEEP, seed, twice))
            for depth in (SHALLOW, DEEP):
                chosen.append(Config(net, depth, seed, recipe, start_depth=SHALLOW))
                chosen.append(Config(net, depth, seed, gentle, start_depth=SHALLOW, label="gentle"))
    return chosen
