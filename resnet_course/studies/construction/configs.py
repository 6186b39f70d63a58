"""Networks grown from a trained shallower one and trained on, beside others with the same steps.

The first edition of this study drew the deep network from scratch at one learning rate, chosen for
none, and had no shallow network that spent all its steps in one go. Both are here now.
"""

from collections.abc import Sequence
from dataclasses import replace

from ...recipes import Recipe, RunConfig
from ..depths import TWINS

QUESTION = "If a deeper network can copy the shallower one, why does training not find a copy?"
NETWORKS = "degradation"  # the study whose trained networks are deepened
SHALLOW, DEEP = 20, 56
GENTLE = "gentle"
GENTLER = 10  # the learning rate divided by this keeps what was learned


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """A trained shallow network trained on as it is and deepened; both depths from scratch.

    Networks from scratch have as many steps as the two parts of the others together. All but the
    shallow one from scratch are trained at the recipe's learning rate and at a tenth of it.
    """
    twice = replace(
        recipe,
        iterations=2 * recipe.iterations,
        milestones=tuple(2 * milestone for milestone in recipe.milestones),
    )
    chosen = []
    for seed in seeds:
        for arch in TWINS:
            chosen.append(RunConfig(arch, SHALLOW, seed, twice))
            chosen.append(RunConfig(arch, DEEP, seed, twice))
            chosen.append(RunConfig(arch, DEEP, seed, _gentle(twice), label=GENTLE))
            for depth in (SHALLOW, DEEP):
                on = RunConfig(arch, depth, seed, recipe, start_depth=SHALLOW)
                chosen.append(on)
                chosen.append(replace(on, recipe=_gentle(recipe), label=GENTLE))
    return chosen


def _gentle(recipe: Recipe) -> Recipe:
    return replace(recipe, lr=recipe.lr / GENTLER)
