"""The trained networks of the degradation study, and where the loss around them is measured."""

from collections.abc import Sequence

from ...recipes import Recipe, RunConfig
from ..depths import INSIDE, TWINS

QUESTION = "Is the loss of a residual network smoother than that of its plain twin?"
BASE = "degradation"  # the study whose trained networks are looked at
DIRECTIONS = 5  # random ones per network
STEPS = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0)  # 1 moves every filter by its own length
DISTANCES = (*(-step for step in reversed(STEPS)), 0.0, *STEPS)
CENTRE = len(STEPS)  # index of 0 among DISTANCES
AXIS = tuple(i / 6 for i in range(-6, 7))  # of the plane of the first two directions
RATES = tuple(10 ** (i / 2) for i in range(-18, 1))  # of a single step downhill: 1e-9 to 1
IMAGES = 500  # of the training set


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary depth and shortcut."""
    chosen = []
    for seed in seeds:
        for arch in TWINS:
            for depth in INSIDE[recipe.tier]:
                chosen.append(RunConfig(arch, depth, seed, recipe))
    return chosen
