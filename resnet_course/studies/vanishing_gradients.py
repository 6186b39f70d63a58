"""Chapter "Not overfitting, not (simply) vanishing gradients": norms layer by layer, before and during training."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Do gradients vanish in deep plain networks?"
DEPTHS = {"live": (20,), "laptop": (20, 56, 110), "colab": (20, 56), "paper": (20, 56, 110)}
KINDS = (
    {"net": "plain", "variant": "no-normalisation"},
    {"net": "plain"},
    {"net": "residual"},
)
PARTS, LINES = 4, 4  # pieces of a batch whose gradients are compared; lines between images


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Plain networks without and with batch norm, and residual ones, over depth.

    Without batch norm the learning rate is a tenth: at the full one those networks diverge at once.
    """
    gentle = replace(recipe, lr=recipe.lr / 10)
    return [
        Config(depth=depth, seed=seed, recipe=gentle if "variant" in kind else recipe, **kind)
        for seed in seeds
        for kind in KINDS
        for depth in DEPTHS[recipe.tier]
    ]


def examine(net, config: Config, images, iteration: int) -> dict[str, list[float] | float]:
    """Per layer: root mean square of its output and gradient, the latter relative to its weights; and coherence."""
    from torch import nn

    from .. import probes

    x, y = (part[:512] for part in images["train"])
    gradients = probes.weight_gradients(net, x, y)
    weights = {name: module.weight for name, module in net.named_modules() if name in gradients}
    lines = [probes.gradient_autocorrelation(net, x[i], x[i + 10]) for i in range(LINES)]
    with probes.recalibrated(net, x), probes.layer_responses(net, nn.Conv2d) as responses:
        net(x)
    return {
        "gradient": [g.norm().item() for g in gradients.values()],
        "relative_gradient": [(g.norm() / weights[name].norm()).item() for name, g in gradients.items()],
        "response": list(responses.values()),
        "coherence": probes.coherence(net, x, y, PARTS),
        "autocorrelation": [fmean(at_lag) for at_lag in zip(*lines, strict=True)],
    }
