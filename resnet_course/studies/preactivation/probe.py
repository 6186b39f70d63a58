"""What is asked of each network: how large its logits are, and how far open its gates."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from ...recipes import RunConfig

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ...training.probing import Measured, ProbeImages

IMAGES = 500  # of the training set


def probe(net: nn.Module, config: RunConfig, images: ProbeImages, iteration: int) -> Measured:
    """Standard deviation of the logits and, where there are gates, what each of them keeps.

    On training images and with their batch-norm statistics, as a training step on all of them
    would have it: an untrained network has no statistics of its own.
    """
    pixels, _ = images["train"]
    pixels = pixels[:IMAGES]
    measured: dict[str, float | list[float]] = {"logits": logit_size(net, pixels)}
    if kept := keeps(net, pixels):
        measured["keep"] = kept
    return measured


def logit_size(net: nn.Module, pixels: Tensor) -> float:
    """Standard deviation of the logits over images (N, 3, H, W) and classes."""
    import torch

    from ... import probes

    with probes.with_batch_statistics(net, pixels), torch.no_grad():
        return net(pixels).std().item()


def keeps(net: nn.Module, pixels: Tensor) -> list[float]:
    """Share of the shortcut that each gate lets through, mean over images (N, 3, H, W) and maps.

    In the order of the blocks; [] where there are no gates. A share of 1 is an identity.
    """
    import torch

    from ... import probes
    from ...networks.variants import Gated

    gates = [module.gate for module in net.modules() if isinstance(module, Gated)]
    if not gates:
        return []
    numbered = dict(enumerate(gates))
    with (
        probes.with_batch_statistics(net, pixels),
        torch.no_grad(),
        probes.capture_outputs(net, numbered, _share_kept, fmean) as shares,
    ):
        net(pixels)
    return list(shares.values())


def _share_kept(before_sigmoid: Tensor) -> float:
    return (1 - before_sigmoid.sigmoid()).mean().item()
