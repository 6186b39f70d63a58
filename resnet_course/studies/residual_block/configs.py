"""Stacks of two-layer blocks, with and without shortcuts, that learn a linear map of 16 numbers.

The map is the identity, as in the argument for residual learning (He 2015, Sec. 3.1), or one of two
controls: a random rotation, and the change of sign. If a plain stack fails because it must build
the identity, it should find the others easier; a residual stack should find them harder. A third
control takes the shortcut away and leaves its start: plain stacks whose every block begins as the
identity.
"""

from collections.abc import Sequence
from dataclasses import replace

from ...recipes import Recipe, RunConfig
from ..depths import TWINS

QUESTION = "How hard is it for a stack of layers to learn to do nothing?"
WIDTH = 16  # numbers in a vector
# A run's label -> what its stack is to answer to x. The task of the argument bears no label.
TARGETS = {"": "identity", "rotation": "rotation", "negation": "negation"}
IDENTITY_START = "identity-start"  # variant of a plain stack: every block begins as the identity
DEPTHS = {
    "live": {"": (2, 8, 32), "rotation": (8,), "negation": (8,)},
    "laptop": {"": (2, 4, 8, 16, 32, 64), "rotation": (2, 8, 32), "negation": (2, 8, 32)},
}
IDENTITY_START_DEPTHS = {"live": (8,), "laptop": (8, 32)}
STEPS = {"live": 120, "laptop": 600}


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary depth, shortcut, target, and where a plain stack starts.

    Raises ValueError for a tier at which the toy gains nothing.
    """
    if recipe.tier not in DEPTHS:
        raise ValueError(
            f"residual_block has tiers {', '.join(DEPTHS)}: the toy gains nothing from more"
        )
    toy = replace(
        recipe,
        data="synthetic",
        width=WIDTH,
        iterations=STEPS[recipe.tier],
        schedule="multistep",
        milestones=(),
        weight_decay=0.0,
    )
    chosen = []
    for seed in seeds:
        for label, depths in DEPTHS[recipe.tier].items():
            for arch in TWINS:
                for depth in depths:
                    chosen.append(RunConfig(arch, depth, seed, toy, label=label))
            for depth in IDENTITY_START_DEPTHS[recipe.tier]:
                start = IDENTITY_START
                chosen.append(RunConfig("plain", depth, seed, toy, variant=start, label=label))
    return chosen
