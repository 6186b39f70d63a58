"""Gradients of weights and inputs: their sizes, agreement between batches, shattering."""

import torch
from torch import Tensor, nn

from .hooks import preserve_state
from .parts import main_path


def weight_gradients(net: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Gradient of a training step's loss for the weight of each convolution and linear layer.

    Args:
        net: The network; it is taken in training mode, and put back as it was.
        images: (N, 3, H, W), normalised.
        labels: int64 (N,).

    Returns:
        Name of the layer -> gradient of the mean cross-entropy (nats), in the shape of its weight.
    """
    weights: dict[str, Tensor] = {}
    for name, layer in main_path(net, (nn.Conv2d, nn.Linear)).items():
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        weights[name] = layer.weight
    with preserve_state(net), torch.enable_grad():
        loss = nn.functional.cross_entropy(net.train()(images), labels)
        gradients = torch.autograd.grad(loss, list(weights.values()))
    return dict(zip(weights, gradients, strict=True))


def coherence(net: nn.Module, images: Tensor, labels: Tensor, parts: int = 4) -> float:
    """Mean cosine between the gradients of disjoint parts of a batch: 1 agree, 0 unrelated.

    Args:
        net: The network.
        images: (N, 3, H, W), normalised.
        labels: int64 (N,).
        parts: Into how many the batch is cut, at least 2.

    Raises:
        ValueError: Fewer than 2 parts.
    """
    if parts < 2:
        raise ValueError(f"coherence compares at least 2 parts, got {parts}")
    pieces = []
    for x, y in zip(images.chunk(parts), labels.chunk(parts), strict=True):
        gradients = weight_gradients(net, x, y).values()
        pieces.append(torch.cat([gradient.flatten() for gradient in gradients]))
    directions = nn.functional.normalize(torch.stack(pieces), dim=1)
    cosines = directions @ directions.T
    return (cosines.sum() - cosines.trace()).item() / (parts * (parts - 1))


def gradient_autocorrelation(
    net: nn.Module, first: Tensor, last: Tensor, points: int = 64
) -> list[float]:
    """Correlation of the input gradient with itself along a straight line between two images.

    Where the gradients of neighbours, which are nearly one image, are unrelated, gradients are
    "shattered".

    Args:
        net: The network; it is taken in training mode, and put back as it was.
        first: (3, H, W), where the line begins.
        last: (3, H, W), where it ends.
        points: Images on the line.

    Returns:
        The correlation at lags 0 … points / 2; at lag 0 it is 1.

    Source: Balduzzi 2017 (arXiv 1702.08591); the gradient is that of the summed logits.
    """
    share = torch.linspace(0, 1, points, device=first.device)[:, None, None, None]
    line = (first + share * (last - first)).requires_grad_()  # (points, 3, H, W)
    with preserve_state(net), torch.enable_grad():
        (gradient,) = torch.autograd.grad(net.train()(line).sum(), line)
    gradient = gradient.flatten(1).double()
    gradient -= gradient.mean(0)
    products = gradient @ gradient.T
    at_zero = products.diagonal().mean()
    lags = range(points // 2 + 1)
    return [(products.diagonal(lag).mean() / at_zero).item() for lag in lags]
