"""The residual block with one part changed, and the control of what that does to the logits."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...recipes import Recipe, RunConfig

QUESTION = "Which parts of the residual block matter, and which are a matter of taste?"
DEPTHS = {"live": (20,), "laptop": (20, 56), "colab": (20, 56), "paper": (20, 56, 110)}


@dataclass(frozen=True)
class Part:
    """One changed part: a shortcut option (He 2015, Sec. 4.1) or a variant, or both."""

    shortcut: str = "A"
    variant: str = ""


ORIGINAL = Part()
OPTION_B, OPTION_C = Part(shortcut="B"), Part(shortcut="C")
ONE_LAYER, THREE_LAYERS = Part(variant="one-layer"), Part(variant="three-layers")
RELU_BEFORE = Part(variant="relu-before-addition")
ZERO_INIT = Part(variant="zero-init")
DROPOUT = Part(variant="dropout-in-branch")
CHANGES = (OPTION_B, OPTION_C, ONE_LAYER, THREE_LAYERS, RELU_BEFORE, ZERO_INIT, DROPOUT)
# The control of changes that let the signal grow: the same blocks, and one batch norm before the
# head, so that the size of the last map no longer reaches the logits.
HEAD_NORM = Part(variant="head-bn")
CONTROLS = {
    ORIGINAL: HEAD_NORM,
    OPTION_B: Part(shortcut="B", variant="head-bn"),
    OPTION_C: Part(shortcut="C", variant="head-bn"),
    RELU_BEFORE: Part(variant="relu-before-addition-head-bn"),
}
PARTS = (ORIGINAL, *CHANGES, *CONTROLS.values())


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Change one part of the block; hold everything else, and the number of 3x3 layers, fixed."""
    chosen = []
    for seed in seeds:
        for depth in DEPTHS[recipe.tier]:
            for part in PARTS:
                chosen.append(
                    RunConfig(
                        "residual",
                        depth,
                        seed,
                        recipe,
                        shortcut=part.shortcut,
                        variant=part.variant,
                    )
                )
    return chosen
