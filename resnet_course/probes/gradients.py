"""Gradients of weights and inputs: sizes, agreement between batches, shattering."""

import torch
from torch import Tensor, nn

from .hooks import preserve_state
from .parts import main_path

def weight_gradients(net: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Gradient of the loss (mean cross-entropy, nats) of a training step for each convolution and linear weight."""
    weights = {name: layer.weight for name, layer in main_path(net, (nn.Conv2d, nn.Linear)).items()}
    with preserve_state(net), torch.enable_grad():
        loss = nn.functional.cross_entropy(net.train()(images), labels)
        return dict(zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True))


def coherence(net: nn.Module, images: Tensor, labels: Tensor, parts: int = 4) -> float:
    """Mean cosine between the gradients of disjoint parts of a batch (ValueError below 2): 1 agree, 0 unrelated."""
    if parts < 2:
        raise ValueError(f"coherence compares at least 2 parts, got {parts}")
    pairs = zip(images.chunk(parts), labels.chunk(parts), strict=True)
    pieces = [torch.cat([g.flatten() for g in weight_gradients(net, x, y).values()]) for x, y in pairs]
    directions = nn.functional.normalize(torch.stack(pieces), dim=1)
    cosines = directions @ directions.T
    return (cosines.sum() - cosines.trace()).item() / (parts * (parts - 1))


def gradient_autocorrelation(net: nn.Module, first: Tensor, last: Tensor, points: int = 64) -> list[float]:
    """Correlation of the input gradient along a straight line of `points` images, at lags 0 … points / 2.

    The line goes from image `first` to `last`, each (3, H, W); the gradient is that of the summed logits. Where those
    of neighbours, nearly one image, are unrelated, gradients are "shattered" (Balduzzi 2017).
    """
    share = torch.linspace(0, 1, points, device=first.device)[:, None, None, None]
    line = (first + share * (last - first)).requires_grad_()  # (points, 3, H, W)
    with preserve_state(net), torch.enable_grad():
        (gradient,) = torch.autograd.grad(net.train()(line).sum(), line)
    gradient = gradient.flatten(1).double()
    gradient -= gradient.mean(0)
    products = gradient @ gradient.T
    return [(products.diagonal(lag).mean() / products.diagonal().mean()).item() for lag in range(points // 2 + 1)]
