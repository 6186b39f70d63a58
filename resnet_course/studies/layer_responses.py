"""Chapter "Small steps": how strongly each layer responds, and what that says about F."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Are the steps of a residual network small, and smaller the deeper it is?"
DEPTHS = {"live": (20,), "laptop": (20, 56, 110), "colab": (20, 56), "paper": (20, 56, 110)}
DECAYS = (0.0, 1e-3, 1e-2)  # beside the recipe's 1e-4, at the middle depth


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Plain and residual networks over depth; residual ones of the middle depth over weight decay."""
    depths = DEPTHS[recipe.tier]
    middle = depths[len(depths) // 2]
    chosen = []
    for seed in seeds:
        chosen += [Config("plain", depth, seed, recipe) for depth in depths if depth <= middle]  # as in Fig. 7
        chosen += [Config("residual", depth, seed, recipe) for depth in depths]
        chosen += [
            Config("residual", middle, seed, replace(recipe, weight_decay=decay), label=f"decay-{decay:g}")
            for decay in DECAYS
        ]
    return chosen


def examine(net, config: Config, images, iteration: int) -> dict[str, list[float]]:
    """Standard deviation of every 3x3 layer's response, and |F(x)| / |x| of every residual block.

    On a thousand training images and with their batch-norm statistics, as a training step on all of them would have
    it: an untrained network has no statistics of its own, and those of one in training lag behind.
    """
    from .. import probes

    x = images["train"][0][:1000]
    ratios = {}
    with probes.recalibrated(net, x), ExitStack() as probing:
        responses = probing.enter_context(probes.layer_responses(net))
        if config.net == "residual":
            ratios = probing.enter_context(probes.branch_ratios(net))
        net(x)
    found = {"response": responses, "ratio": ratios}
    return {quantity: list(layers.values()) for quantity, layers in found.items() if layers}
