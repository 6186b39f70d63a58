"""Plain and residual networks over depth, as they are, without batch norm, and clipped.

The first edition of this study stopped at a correlation: gradients of deep plain networks explode
before training, and deep plain networks train badly. Clipping takes the explosion away and leaves
everything else, in plain networks and, as a control, in residual ones. Without batch norm it is the
other way round: there gradients vanish, and rescaled weights take the vanishing away.
"""

from collections.abc import Sequence
from dataclasses import replace

from ...recipes import Recipe, RunConfig
from ..depths import INSIDE, TWINS

QUESTION = "Do gradients vanish in deep plain networks, and is that why they train badly?"
BARE, RESCALED = "no-normalisation", "no-normalisation-rescaled"
CLIPPED = "clipped"
CLIP = 0.1  # of the length of a layer's weights
GENTLE = 10  # without batch norm the full learning rate diverges at once; it is divided by this
RESCALED_TIERS = ("live", "laptop")  # the weights are rescaled for images of 16 pixels


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary depth, shortcut, batch norm, the scale of the first weights, and clipping."""
    gentle = replace(recipe, lr=recipe.lr / GENTLE)
    clipped = replace(recipe, clip=CLIP)
    chosen = []
    for seed in seeds:
        for depth in INSIDE[recipe.tier]:
            chosen.append(RunConfig("plain", depth, seed, gentle, variant=BARE))
            if recipe.tier in RESCALED_TIERS:
                chosen.append(RunConfig("plain", depth, seed, gentle, variant=RESCALED))
            for arch in TWINS:
                chosen.append(RunConfig(arch, depth, seed, recipe))
                chosen.append(RunConfig(arch, depth, seed, clipped, label=CLIPPED))
    return chosen
