"""Plain and residual networks over depth, and residual ones of one depth over weight decay."""

from collections.abc import Sequence
from dataclasses import replace

from ...recipes import Recipe, RunConfig
from ..depths import INSIDE

QUESTION = "Are the steps of a residual network small, and smaller the deeper it is?"
DECAYS = (0.0, 1e-3, 1e-2)  # beside the recipe's 1e-4, at the middle depth
IMAGES = 1_000  # of the training set, on which responses are measured


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Plain networks up to the middle depth, as in He 2015, Fig. 7; residual ones of all depths."""
    depths = INSIDE[recipe.tier]
    middle = depths[len(depths) // 2]
    chosen = []
    for seed in seeds:
        for depth in depths:
            if depth <= middle:
                chosen.append(RunConfig("plain", depth, seed, recipe))
            chosen.append(RunConfig("residual", depth, seed, recipe))
        for decay in DECAYS:
            changed = replace(recipe, weight_decay=decay)
            chosen.append(RunConfig("residual", middle, seed, changed, label=decay_label(decay)))
    return chosen


def decay_label(decay: float) -> str:
    """What a run with another weight decay than its recipe's is called: "decay-0.01"."""
    return f"decay-{decay:g}"
