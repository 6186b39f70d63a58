"""Chapter "A thousand layers": what they cost, and whether they begin to train."""

from collections.abc import Sequence
from dataclasses import replace

from .. import figures, runs  # noqa: F401
from ..recipes import Config, Recipe

QUESTION = "What do a thousand layers cost, and do they train?"
DEPTHS = {"live": (20, 110), "laptop": (20, 110, 1202), "colab": (20, 110, 1202), "paper": (110, 1202)}
# Training images, images a batch, epochs; the warm-up is the first epoch.
SIZES = {"live": (256, 32, 1), "laptop": (512, 32, 3), "colab": (None, 128, 3), "paper": (None, 128, 164)}
BLOCKS = ("", "full-preactivation")


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary the depth, and whether the path of the shortcuts is clear; all begin with a warm-up of an epoch."""
    images, batch_size, epochs = SIZES[recipe.tier]
    epoch = (images or 50_000) // batch_size
    steps = {"iterations": epochs * epoch, "schedule": "constant", "drops": (), "warm_up": epoch}
    sized = replace(recipe, train_images=images, batch_size=batch_size, **steps)
    return [
        Config("residual", depth, seed, sized, variant=variant)
        for seed in seeds
        for depth in DEPTHS[recipe.tier]
        for variant in BLOCKS
    ]
