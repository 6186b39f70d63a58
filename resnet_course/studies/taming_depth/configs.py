"""What tames a deep network, at equal budgets, with many images and with few.

SkipInit leaves the logits of an untrained network small, the original block does not; so that the
two are compared with equal normalisation of the logits, both come with a batch norm before the head
as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...recipes import Recipe, RunConfig

QUESTION = (
    "What does regularisation do for a deep network, and can it do without batch normalisation?"
)
DEPTHS = {"live": 20, "laptop": 56, "colab": 56, "paper": 110}
MANY = "many"
FEW = "few"
# Tier -> what a training set is called -> its images. On a laptop many are seen four times each,
# few a hundred times; None takes the whole set.
SIZES: dict[str, dict[str, int | None]] = {
    "live": {MANY: None},
    "laptop": {MANY: None, FEW: 320},
    "colab": {MANY: None, FEW: 5_000},
    "paper": {MANY: None, FEW: 5_000},
}
OWN_DECAY = 1e-4
STRONG_DECAY = 1e-2


@dataclass(frozen=True)
class Arm:
    """What is done to a network, and with which weight decay."""

    variant: str
    decay: float = OWN_DECAY


NOTHING = Arm("")
BLOCKS_OUT = Arm("stochastic-depth")
DROPOUT = Arm("dropout-in-branch")
DECAY = Arm("", STRONG_DECAY)
SKIP_INIT = Arm("skip-init")
HEAD_NORM = Arm("head-bn")
SKIP_INIT_HEAD_NORM = Arm("skip-init-head-bn")

NAMES = {  # what figures and tables call them, in their order
    NOTHING: "nothing added",
    BLOCKS_OUT: "stochastic depth",
    DROPOUT: "dropout in F",
    DECAY: "weight decay 0.01",
    SKIP_INIT: "SkipInit, no batch norm",
    HEAD_NORM: "head norm",
    SKIP_INIT_HEAD_NORM: "SkipInit, head norm",
}
ARMS = {
    MANY: (NOTHING, BLOCKS_OUT, SKIP_INIT, HEAD_NORM, SKIP_INIT_HEAD_NORM),
    FEW: (NOTHING, BLOCKS_OUT, SKIP_INIT, DROPOUT, DECAY, HEAD_NORM, SKIP_INIT_HEAD_NORM),
}


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary what tames the network; hold depth, steps and schedule, with many images and few."""
    budget = recipe
    if recipe.tier == "laptop":
        budget = replace(recipe, batch_size=32, iterations=1_000)
    chosen = []
    for seed in seeds:
        for size, images in SIZES[recipe.tier].items():
            for arm in ARMS[size]:
                sized = replace(budget, train_images=images, weight_decay=arm.decay)
                config = RunConfig(
                    "residual",
                    DEPTHS[recipe.tier],
                    seed,
                    sized,
                    variant=arm.variant,
                    label=label_of(size, arm),
                )
                chosen.append(config)
    return chosen


def label_of(size: str, arm: Arm) -> str:
    """What tells the runs of an arm apart where the variant does not."""
    return size if arm.decay == OWN_DECAY else f"{size}-decay-{arm.decay:g}"
