"""The loss around trained weights: filter-normalised directions, the loss along them (Li 2017)."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn

from .hooks import preserve_state

Direction: TypeAlias = list[Tensor]  # one tensor per parameter, in the order of net.parameters()
# Whose mean and variance batch norms use: the batch's own, or those gathered in training.
BatchNormStatistics: TypeAlias = Literal["batch", "running"]
STATISTICS: tuple[BatchNormStatistics, ...] = get_args(BatchNormStatistics)


def random_direction(net: nn.Module, seed: int) -> Direction:
    """A random direction in weight space, each filter as long as the network's own.

    Filters are the slices along the first axis of each weight; biases and batch-norm parameters do
    not move. Without this scaling a network with larger weights would look flatter, though batch
    norm makes it compute the same (Li 2017, Sec. 4).
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
def displaced(
    net: nn.Module, directions: Sequence[Direction], distances: Sequence[float]
) -> Generator[nn.Module]:
    """The network with its weights moved by `distances` along `directions`.

    They are put back to the last bit at the end. Running statistics stay as they are.
    """
    weights = [weight.data for weight in net.parameters()]
    with ExitStack() as afterwards:
        for weight in weights:
            afterwards.callback(weight.copy_, weight.clone())
        for direction, distance in zip(directions, distances, strict=True):
            torch._foreach_add_(weights, direction, alpha=distance)
        yield net


@torch.no_grad()
def batch_loss(
    net: nn.Module,
    images: Tensor,
    labels: Tensor,
    statistics: BatchNormStatistics = "batch",
) -> float:
    """Mean cross-entropy (nats) of a batch; buffers and modes stay as they are.

    Args:
        net: Any network.
        images: Float (N, 3, H, W), normalised.
        labels: Classes (N,).
        statistics: "batch": batch norms use the batch's own mean and variance, as in a training
            step; "running": those gathered in training, as in use (net.eval()). The running ones
            belong to the weights they were gathered with: where weights are displaced, the two
            ask different questions.

    Raises:
        ValueError: Another kind of statistics.

    Li 2017 evaluates with the running statistics of the trained weights.
    """
    if statistics not in STATISTICS:
        raise ValueError(f"statistics must be one of {', '.join(STATISTICS)}, got {statistics!r}")
    with preserve_state(net):
        net.train(statistics == "batch")
        return nn.functional.cross_entropy(net(images), labels).item()


def surface(
    net: nn.Module,
    directions: Sequence[Direction],
    points: Sequence[Sequence[float]],
    images: Tensor,
    labels: Tensor,
    statistics: BatchNormStatistics = "batch",
) -> list[float]:
    """Loss (nats) at each of some points around the weights of a network.

    Args:
        net: Any network.
        directions: Axes, as random_direction draws them.
        points: Distances along each axis; 1 moves a filter by its own length.
        images: Float (N, 3, H, W), normalised.
        labels: Classes (N,).
        statistics: As in batch_loss.
    """
    losses = []
    for distances in points:
        with displaced(net, directions, distances):
            losses.append(batch_loss(net, images, labels, statistics))
    return losses


def sharpness(distances: Sequence[float], losses: Sequence[float]) -> float:
    """Curvature at 0 of the loss along a direction: second difference of the nearest points.

    Raises ValueError when 0 is not among `distances` with a neighbour on each side at one distance.
    """
    at = dict(zip(distances, losses, strict=True))
    step = min((abs(d) for d in at if d), default=0.0)
    if not {0.0, step, -step} <= set(at) or not step:
        raise ValueError("sharpness needs the loss at 0 and at one distance on both sides of it")
    return (at[step] - 2 * at[0.0] + at[-step]) / step**2
