"""Shallow twins, trained long enough for the plain network to have time to do as well."""

from collections.abc import Sequence
from dataclasses import replace

from ...recipes import Recipe, RunConfig
from ..depths import TWINS

QUESTION = "Where a plain network does as well in the end, does the residual one get there sooner?"
DEPTHS = {"live": (8,), "laptop": (8, 14), "colab": (8, 14), "paper": (8, 14, 20)}
LONGER = 3  # times the tier's iterations
LONGEST = 9
LONGEST_DEPTHS = {"laptop": (14,)}  # where twins do not end alike after three times as many
LABEL = "longest"


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary the shortcut only, in pairs; one pair has nine times the tier's iterations."""
    chosen = []
    for seed in seeds:
        for arch in TWINS:
            for depth in DEPTHS[recipe.tier]:
                chosen.append(RunConfig(arch, depth, seed, _times(recipe, LONGER)))
            for depth in LONGEST_DEPTHS.get(recipe.tier, ()):
                longest = _times(recipe, LONGEST)
                chosen.append(RunConfig(arch, depth, seed, longest, label=LABEL))
    return chosen


def _times(recipe: Recipe, factor: int) -> Recipe:
    return replace(
        recipe,
        iterations=factor * recipe.iterations,
        milestones=tuple(factor * milestone for milestone in recipe.milestones),
    )
