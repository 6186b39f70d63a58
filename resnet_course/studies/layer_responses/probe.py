"""What is asked of each network: how strongly its layers and its branches respond."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from ...recipes import RunConfig
from .configs import IMAGES

if TYPE_CHECKING:
    from torch import nn

    from ...training.probing import Measured, ProbeImages


def probe(net: nn.Module, config: RunConfig, images: ProbeImages, iteration: int) -> Measured:
    """Responses of the 3x3 layers and, of residual networks, of the branches.

    On a thousand training images and with their batch-norm statistics, as a training step on all
    of them would have it: an untrained network has no statistics of its own, and those of one in
    training lag behind.

    Returns:
        "response": standard deviation of every 3x3 layer's response, from input to output;
        "ratio": |F(x)| / |x| of every residual block, from input to output.
    """
    from ... import probes

    pixels = images["train"][0][:IMAGES]
    with probes.with_batch_statistics(net, pixels), ExitStack() as probing:
        responses = probing.enter_context(probes.layer_responses(net))
        ratios = None
        if config.arch == "residual":
            ratios = probing.enter_context(probes.branch_ratios(net))
        net(pixels)
    measured = {"response": list(responses.values())}
    if ratios is not None:
        measured["ratio"] = list(ratios.values())
    return measured
