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
# Label -> share of the length of a layer's weights that its gradient is clipped to.
CLIPS = {"clipped-10": 0.1, "clipped-3": 0.03, "clipped-1": 0.01}
CLIP = "clipped-3"  # at every depth; the others, weaker and stronger, at CLIPS_DEPTH alone
CLIPS_DEPTH = 56
GENTLE = 10  # without batch norm the full learning rate diverges at once; it is divided by this
RESCALED_TIERS = ("live", "laptop")  # the weights are rescaled for images of 16 pixels


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary depth, shortcut, batch norm, the scale of the first weights, and clipping."""
    gentle = replace(recipe, lr=recipe.lr / GENTLE)
    chosen: list[RunConfig] = []
    for seed in seeds:
        for depth in INSIDE[recipe.tier]:
            chosen.append(RunConfig("plain", depth, seed, gentle, variant=BARE))
            if recipe.tier in RESCALED_TIERS:
                chosen.append(RunConfig("plain", depth, seed, gentle, variant=RESCALED))
            for arch in TWINS:
                chosen.append(RunConfig(arch, depth, seed, recipe))
                chosen += _clipped(RunConfig(arch, depth, seed, recipe))
    return chosen


def _clipped(config: RunConfig) -> list[RunConfig]:
    """The same run with its gradients clipped, at each strength that its depth has."""
    labels = list(CLIPS) if config.depth == CLIPS_DEPTH else [CLIP]
    clipped = []
    for label in labels:
        recipe = replace(config.recipe, clip=CLIPS[label])
        clipped.append(replace(config, recipe=recipe, label=label))
    return clipped
