"""Chapter "Identity mappings": what may stand on the shortcut, and in which order activations come."""

from collections.abc import Sequence

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Must the shortcut be the identity, and where do batch norm and ReLU belong?"
DEPTHS = {"live": (20,), "laptop": (20, 110), "colab": (20, 110), "paper": (110,)}
SHORTCUTS = (
    "scaled-shortcut",
    "exclusive-gating",
    "shortcut-only-gating-open",
    "shortcut-only-gating",
    "conv-shortcut",
    "dropout-shortcut",
)
ORDERS = ("bn-after-addition", "relu-before-addition", "relu-only-preactivation", "full-preactivation")


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary the shortcut or the activation order of two-layer blocks; the original block is the first."""
    return [
        Config("residual", depth, seed, recipe, variant=variant)
        for seed in seeds
        for depth in DEPTHS[recipe.tier]
        for variant in ("", *SHORTCUTS, *ORDERS)
    ]
