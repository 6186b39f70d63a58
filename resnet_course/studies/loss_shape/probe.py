"""What is asked of each network: the loss along random directions, on a plane, and downhill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...recipes import RunConfig
from .configs import AXIS, DIRECTIONS, DISTANCES, IMAGES, RATES

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ...probes import BatchNormStatistics
    from ...probes.landscape import Direction
    from ...training.probing import Measured, ProbeImages


def probe(net: nn.Module, config: RunConfig, images: ProbeImages, iteration: int) -> Measured:
    """Loss (nats) of training images around the weights of a network.

    Every seed draws directions of its own; twins of one seed and depth share the draw.

    Returns:
        "loss": along the random directions, one after the other, at each of DISTANCES, with the
        batch's statistics; "sharpness": of each direction. "downhill": the loss after one step of
        gradient descent at each of RATES; "slope": what the gradient promises, the fall per unit
        of rate. Once trained, also "loss-running" and "sharpness-running", with the statistics
        gathered in training; an untrained network has none. Of seed 0, once trained, "surface" and
        "surface-running": the loss on the plane of the first two directions, row by row.
    """
    from ... import probes

    pixels, labels = (part[:IMAGES] for part in images["train"])
    directions = _directions(net, config.seed)
    downhill = descent(net, pixels, labels)
    steps = [(rate,) for rate in RATES]
    measured = dict(_slices(net, directions, pixels, labels, "batch"))
    measured["downhill"] = probes.surface(net, [downhill], steps, pixels, labels)
    measured["slope"] = sum(step.square().sum().item() for step in downhill)
    if not iteration:
        return measured
    for name, values in _slices(net, directions, pixels, labels, "running").items():
        measured[f"{name}-running"] = values
    if config.seed == 0:
        plane = [(a, b) for b in AXIS for a in AXIS]
        first_two = directions[:2]
        measured["surface"] = probes.surface(net, first_two, plane, pixels, labels)
        measured["surface-running"] = probes.surface(
            net, first_two, plane, pixels, labels, "running"
        )
    return measured


def _directions(net: nn.Module, seed: int) -> list[Direction]:
    from ... import probes

    first = DIRECTIONS * seed
    return [probes.random_direction(net, first + number) for number in range(DIRECTIONS)]


def _slices(
    net: nn.Module,
    directions: Sequence[Direction],
    pixels: Tensor,
    labels: Tensor,
    statistics: BatchNormStatistics,
) -> dict[str, float | Sequence[float]]:
    """The loss along each direction, all in one list, and the sharpness of each."""
    from ... import probes

    points = [(distance,) for distance in DISTANCES]
    losses: list[float] = []
    sharpness: list[float] = []
    for direction in directions:
        line = probes.surface(net, [direction], points, pixels, labels, statistics)
        losses += line
        sharpness.append(probes.sharpness(DISTANCES, line))
    return {"loss": losses, "sharpness": sharpness}


def descent(net: nn.Module, pixels: Tensor, labels: Tensor) -> Direction:
    """The negative gradient of the loss (nats), as a step of SGD without momentum takes it."""
    import torch

    from ... import probes

    with probes.preserve_state(net), torch.enable_grad():
        loss = torch.nn.functional.cross_entropy(net.train()(pixels), labels)
        return [-g for g in torch.autograd.grad(loss, list(net.parameters()))]
