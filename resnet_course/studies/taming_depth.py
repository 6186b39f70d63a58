"""Chapter "Taming depth": what else keeps a deep network in hand, at equal budgets, with many images and with few."""

from collections.abc import Sequence
from dataclasses import replace

from .. import figures, runs  # noqa: F401
from ..recipes import Config, Recipe

QUESTION = "What does regularisation do for a deep network, and can it do without batch normalisation?"
DEPTH = {"live": 20, "laptop": 56, "colab": 56, "paper": 110}
# Training images and what they are called: a set whose images are seen about once, and one seen thirty times.
SIZES = {"live": {"many": None}, "laptop": {"many": None, "few": 320}, "colab": {"many": None, "few": 5_000}}
ARMS = {  # variant and weight decay, by what the images are called
    "many": (("", 1e-4), ("stochastic-depth", 1e-4), ("skip-init", 1e-4)),
    "few": (
        ("", 1e-4),
        ("stochastic-depth", 1e-4),
        ("skip-init", 1e-4),
        ("dropout-in-branch", 1e-4),
        ("", 0.0),
        ("", 1e-3),
        ("", 1e-2),
    ),
}


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary what tames the network; hold depth, steps and schedule fixed, with many images and with few."""
    sizes = SIZES.get(recipe.tier, SIZES["colab"])
    smaller = {"batch_size": 32, "iterations": 300} if recipe.tier == "laptop" else {}
    return [
        Config(
            "residual",
            DEPTH[recipe.tier],
            seed,
            replace(recipe, train_images=images, weight_decay=decay, **smaller),
            variant=variant,
            label=size if decay == 1e-4 else f"{size}-decay-{decay:g}",
        )
        for seed in seeds
        for size, images in sizes.items()
        for variant, decay in ARMS[size]
    ]
