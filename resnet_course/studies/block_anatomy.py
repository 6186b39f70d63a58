"""Chapter "Anatomy of the block": the residual block with one part changed at a time."""

from collections.abc import Sequence

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Which parts of the residual block matter, and which are a matter of taste?"
DEPTHS = {"live": (20,), "laptop": (20, 56), "colab": (20, 56), "paper": (20, 56, 110)}
PARTS = (
    {},
    {"shortcut": "B"},
    {"shortcut": "C"},
    {"variant": "one-layer"},
    {"variant": "three-layers"},
    {"variant": "relu-before-addition"},
    {"variant": "zero-init"},
    {"variant": "dropout-in-branch"},
)


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Change one part of the block; hold everything else, and the number of 3x3 layers, fixed."""
    return [
        Config("residual", depth, seed, recipe, **part)
        for seed in seeds
        for depth in DEPTHS[recipe.tier]
        for part in PARTS
    ]
