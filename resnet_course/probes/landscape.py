"""The loss around trained weights: filter-normalised directions and the loss along them (Li 2017, Sec. 4)."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from .hooks import preserve_state

Direction = list[Tensor]  # one tensor a parameter, in the order of net.parameters()


def random_direction(net: nn.Module, seed: int) -> Direction:
    """A random direction in weight space, scaled filter by filter to the length of the network's own filters.

    Filters are the slices along the first axis of each weight; biases and batch-norm parameters do not move. Without
    this scaling a network with larger weights would look flatter, though batch norm makes it compute the same.
    """
    generator = torch.Generator().manual_seed(seed)
    direction = []
    for weight in net.parameters():
        step = torch.randn(weight.shape, generator=generator).to(weight)
        if weight.dim() < 2:
            step.zero_()
        else:
            own, drawn = (t.detach().flatten(1).norm(dim=1) for t in (weight, step))
            step *= (own / drawn.clamp_min(1e-12)).view(-1, *[1] * (weight.dim() - 1))
        direction.append(step)
    return direction


@contextmanager
def displaced(net: nn.Module, directions: Sequence[Direction], distances: Sequence[float]) -> Generator[nn.Module]:
    """The network with its weights moved by `distances` along `directions`; put back to the last bit at the end."""
    weights = [weight.data for weight in net.parameters()]
    with ExitStack() as afterwards:
        for weight in weights:
            afterwards.callback(weight.copy_, weight.clone())
        for direction, distance in zip(directions, distances, strict=True):
            torch._foreach_add_(weights, direction, alpha=distance)
        yield net


@torch.no_grad()
def batch_loss(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Mean cross-entropy (nats) with the batch's own statistics, as in training; buffers and modes stay as they are.

    Stored statistics belong to the weights they were gathered with; displaced weights need their own.
    """
    with preserve_state(net):
        return nn.functional.cross_entropy(net.train()(images), labels).item()


def surface(net: nn.Module, directions: list[Direction], points: Sequence, images: Tensor, labels: Tensor) -> list:
    """Loss (nats) at each of `points`, given as distances along `directions`; 1 moves a filter by its own length."""
    losses = []
    for distances in points:
        with displaced(net, directions, distances):
            losses.append(batch_loss(net, images, labels))
    return losses


def sharpness(distances: Sequence[float], losses: Sequence[float]) -> float:
    """Curvature at 0 of the loss along a direction: second difference over the nearest points on both sides.

    Raises ValueError when 0 is not among `distances` with a neighbour on each side at one distance.
    """
    at = dict(zip(distances, losses, strict=True))
    step = min((abs(d) for d in at if d), default=0.0)
    if not {0.0, step, -step} <= set(at) or not step:
        raise ValueError("sharpness needs the loss at 0 and at one distance on both sides of it")
    return (at[step] - 2 * at[0.0] + at[-step]) / step**2
