"""What the study asks of a network: its error without blocks, and its gradient by path length."""

from __future__ import annotations

import random
from collections.abc import Iterable
from contextlib import ExitStack
from statistics import fmean
from typing import TYPE_CHECKING

from ...recipes import RunConfig

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ...networks.network import Network
    from ...training.probing import Measured, ProbeImages

CHANGES = (1, 2, 4, 8, 16, 32)  # blocks taken out, or pairs swapped
DRAWS = 5  # of the blocks or pairs, at random
IMAGES = 1_000
GRADIENTS = 20  # images whose gradient is sorted


def probe(net: nn.Module, config: RunConfig, images: ProbeImages, iteration: int) -> Measured:
    """Test error (%) whole, without blocks, out of order; shares of the gradient by length.

    Of an untrained network the shares alone: it has no error to lose. Its batch norms then take
    the statistics of the images, since it has gathered none of its own.
    """
    from ... import probes
    from ...networks.network import Network

    assert isinstance(net, Network)  # with stages, in which blocks can change places
    pixels, labels = (part[:IMAGES] for part in images["test"])
    if iteration == 0:
        with probes.with_batch_statistics(net, pixels):
            shares = gradient_shares(net, pixels[:GRADIENTS], labels[:GRADIENTS])
        return {"gradient_share": shares}
    names = list(probes.blocks(net))
    counts = [count for count in CHANGES if count < len(names)]
    draw = random.Random(config.seed)
    return {
        "whole": [error_without(net, pixels, labels)],
        "without_one": [error_without(net, pixels, labels, [name]) for name in names],
        "without": [mean_error_without(net, pixels, labels, count, draw) for count in counts],
        "swapped": [mean_error_swapped(net, pixels, labels, count, draw) for count in counts],
        "gradient_share": gradient_shares(net, pixels[:GRADIENTS], labels[:GRADIENTS]),
    }


def error_without(
    net: nn.Module, pixels: Tensor, labels: Tensor, names: Iterable[str] = ()
) -> float:
    """Error (%) without the named blocks."""
    from ... import probes

    with probes.lesion(net, names):
        return error_of(net, pixels, labels)


def mean_error_without(
    net: nn.Module, pixels: Tensor, labels: Tensor, count: int, draw: random.Random
) -> float:
    """Error (%) without so many blocks, mean over random draws of them."""
    from ... import probes

    names = list(probes.blocks(net))
    return fmean(
        error_without(net, pixels, labels, draw.sample(names, count)) for _ in range(DRAWS)
    )


def error_swapped(
    net: Network, pixels: Tensor, labels: Tensor, swaps: int, draw: random.Random
) -> float:
    """Error (%) after random swaps of two blocks of one stage and one shape."""
    from torch import nn

    from ... import probes

    with ExitStack() as changes:
        for _ in range(swaps):
            number = draw.choice(range(len(net.stages)))
            stage = net.stages[number]
            assert isinstance(stage, nn.Sequential)
            order = list(range(len(stage)))
            first_alike = min(number, 1)  # the first block of a later stage changes the shape
            a, b = draw.sample(order[first_alike:], 2)
            order[a], order[b] = b, a
            changes.enter_context(probes.reordered(stage, order))
        return error_of(net, pixels, labels)


def mean_error_swapped(
    net: Network, pixels: Tensor, labels: Tensor, swaps: int, draw: random.Random
) -> float:
    """Error (%) after so many random swaps, mean over draws."""
    return fmean(error_swapped(net, pixels, labels, swaps, draw) for _ in range(DRAWS))


def error_of(net: nn.Module, pixels: Tensor, labels: Tensor) -> float:
    """Error (%) of a network as it is."""
    return 100 * (net(pixels).argmax(1) != labels).double().mean().item()


def gradient_shares(net: nn.Module, pixels: Tensor, labels: Tensor) -> list[float]:
    """Share of the gradient at the images that came through k branches, for k = 0, 1, …; sum 1.

    The share of a length is the projection of its part on the whole gradient; it is negative where
    paths of that length pull against the others.
    """
    parts = gradients_by_length(net, pixels, labels).flatten(1).double()
    gradient = parts.sum(0)
    return (parts @ gradient / (gradient @ gradient)).tolist()


def gradients_by_length(net: nn.Module, pixels: Tensor, labels: Tensor) -> Tensor:
    """Gradient of the images' losses at the images, by how many branches it came through.

    Exact, in one backward pass: of n + 1 copies of the images only the first has a loss, and a
    branch hands its gradient on to the next copy. Copies are alike, so copy k ends up with the
    gradient of all paths through k branches.

    Args:
        net: With n blocks that have a branch `residual`, in eval mode.
        pixels: (N, 3, H, W).
        labels: (N,).

    Returns:
        (n + 1, N, 3, H, W): a gradient per length.
    """
    import torch

    from ... import probes

    branches = [net.get_submodule(f"{name}.residual") for name in probes.blocks(net)]

    def hand_on(_branch: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        output.register_hook(lambda gradient: gradient.roll(len(pixels), 0))

    hooks = [branch.register_forward_hook(hand_on) for branch in branches]
    with torch.enable_grad(), probes.hooked(hooks):
        copies = pixels.repeat(len(branches) + 1, 1, 1, 1).requires_grad_()
        logits = net(copies)[: len(pixels)]
        loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, copies)
    return gradient.unflatten(0, (-1, len(pixels)))
