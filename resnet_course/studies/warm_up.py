"""Chapter "A hundred layers, and a warm-up": how the first steps of a network of 110 layers decide the rest."""

from collections.abc import Sequence
from dataclasses import replace

from .. import figures, runs  # noqa: F401
from ..recipes import Config, Recipe

QUESTION = "Does a network of 110 layers need a warm-up?"
# Training images, images a batch, epochs; the warm-up is one epoch, as the paper's 400 steps are of its images.
SIZES = {"live": (640, 32, 2), "laptop": (2_000, 32, 4), "colab": (None, 128, 4), "paper": (None, 128, 164)}
STARTS = (  # network, depth, variant, label
    ("residual", 20, "", "cold"),
    ("plain", 110, "", "cold"),
    ("residual", 110, "", "cold"),
    ("residual", 110, "", "warm"),
    ("residual", 110, "", "one-cycle"),
    ("residual", 110, "", "gentle"),
    ("residual", 110, "zero-init", "cold"),
    ("residual", 110, "", "hot"),
)


def schedules(recipe: Recipe) -> dict[str, Recipe]:
    """The recipe under each schedule, by its label."""
    images, batch_size, epochs = SIZES[recipe.tier]
    epoch = (images or 50_000) // batch_size
    sized = replace(recipe, train_images=images, batch_size=batch_size, iterations=epochs * epoch)
    cold = replace(sized, schedule="constant", drops=())
    return {
        "cold": cold,
        "warm": replace(cold, warm_up=epoch),
        "one-cycle": replace(sized, schedule="one-cycle", drops=()),
        "gentle": replace(cold, lr=cold.warm_up_lr),
        "hot": replace(cold, lr=4 * cold.lr),
    }


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary how the learning rate begins; at 110 layers also its size, the shortcut, and the initial weights."""
    of = schedules(recipe)
    return [
        Config(net, depth, seed, of[label], variant=variant, label=label)
        for seed in seeds
        for net, depth, variant, label in STARTS
    ]
