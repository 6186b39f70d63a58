"""How networks of 110 layers begin: rate, schedule, initial weights, and the size of the logits.

The rate of a cold start was taken for too large until a review gave the same start a batch norm
before the head. Every arm with the original head has a twin with the norm where it is compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...recipes import Recipe, RunConfig

QUESTION = "Does a network of 110 layers need a warm-up?"


@dataclass(frozen=True)
class Size:
    """How long runs are at a tier; `images` None takes the whole training set of CIFAR-10."""

    images: int | None
    batch_size: int
    epochs: int


SIZES = {
    "live": Size(images=320, batch_size=32, epochs=2),
    "laptop": Size(images=1_000, batch_size=32, epochs=12),
    "colab": Size(images=None, batch_size=128, epochs=4),
    "paper": Size(images=None, batch_size=128, epochs=12),
}


@dataclass(frozen=True)
class Start:
    """A network, and the label of the schedule that it begins with."""

    arch: str
    depth: int
    variant: str
    label: str


SHALLOW = Start("residual", 20, "", "cold")
PLAIN = Start("plain", 110, "", "cold")
COLD = Start("residual", 110, "", "cold")
WARM = Start("residual", 110, "", "warm")
ONE_CYCLE = Start("residual", 110, "", "one-cycle")
GENTLE = Start("residual", 110, "", "gentle")
ZERO_INIT = Start("residual", 110, "zero-init", "cold")
SHALLOW_GENTLE = Start("residual", 20, "", "gentle")
# The control: the same with one batch norm before the head.
SHALLOW_NORM = Start("residual", 20, "head-bn", "cold")
SHALLOW_GENTLE_NORM = Start("residual", 20, "head-bn", "gentle")
PLAIN_NORM = Start("plain", 110, "head-bn", "cold")
COLD_NORM = Start("residual", 110, "head-bn", "cold")
WARM_NORM = Start("residual", 110, "head-bn", "warm")
GENTLE_NORM = Start("residual", 110, "head-bn", "gentle")

STARTS = {  # what figures and tables call them, in their order
    SHALLOW: "residual-20: 0.1 from the first step",
    PLAIN: "plain-110: 0.1 from the first step",
    COLD: "residual-110: 0.1 from the first step",
    WARM: "residual-110: 0.1 after a warm-up",
    ONE_CYCLE: "residual-110: one-cycle",
    GENTLE: "residual-110: 0.01 throughout",
    ZERO_INIT: "residual-110: 0.1, F starts at zero",
    SHALLOW_GENTLE: "residual-20: 0.01 throughout",
    SHALLOW_NORM: "residual-20, head norm: 0.1 from the first step",
    SHALLOW_GENTLE_NORM: "residual-20, head norm: 0.01 throughout",
    PLAIN_NORM: "plain-110, head norm: 0.1 from the first step",
    COLD_NORM: "residual-110, head norm: 0.1 from the first step",
    WARM_NORM: "residual-110, head norm: 0.1 after a warm-up",
    GENTLE_NORM: "residual-110, head norm: 0.01 throughout",
}


def schedules(recipe: Recipe) -> dict[str, Recipe]:
    """The recipe under each schedule, by its label; the warm-up is one epoch, as the paper's is.

    He 2015, Sec. 4.2: about 400 iterations, which is about one pass over the 45,000 images.
    """
    size = SIZES[recipe.tier]
    epoch = (size.images or 50_000) // size.batch_size
    sized = replace(
        recipe,
        train_images=size.images,
        batch_size=size.batch_size,
        iterations=size.epochs * epoch,
        milestones=(),
    )
    cold = replace(sized, schedule="constant")
    return {
        "cold": cold,
        "warm": replace(cold, warmup_steps=epoch),
        "one-cycle": replace(sized, schedule="one-cycle"),
        "gentle": replace(cold, lr=cold.warmup_lr),
    }


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[RunConfig]:
    """Vary how the learning rate begins, the initial weights, and the norm before the head."""
    by_label = schedules(recipe)
    chosen = []
    for seed in seeds:
        for start in STARTS:
            config = RunConfig(
                start.arch,
                start.depth,
                seed,
                by_label[start.label],
                variant=start.variant,
                label=start.label,
            )
            chosen.append(config)
    return chosen
