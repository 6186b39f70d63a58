"""What a linear classifier can read off a layer (Alain and Bengio 2016)."""

import math

import torch
from torch import Tensor, nn


def pooled(x: Tensor, features: int) -> Tensor:
    """(N, C, H, W) -> (N, features), averaged over areas of the maps.

    Layers of any shape then give equally many numbers. Raises ValueError when `features` is not C
    times a number of areas that the maps have.
    """
    areas, rest = divmod(features, x.shape[1])
    rows = 2 ** (int(math.log2(max(areas, 1))) // 2)
    if rest or not areas or areas % rows or rows > x.shape[2] or areas // rows > x.shape[3]:
        raise ValueError(f"cannot average {tuple(x.shape[1:])} into {features} numbers")
    return nn.functional.adaptive_avg_pool2d(x, (rows, areas // rows)).flatten(1)


def linear_probe(
    features: Tensor, labels: Tensor, unseen: Tensor, answers: Tensor, ridge: float = 1e-3
) -> float:
    """Test error (percent) of a linear classifier on features of a layer.

    Ridge regression to one-hot targets, solved exactly; features are standardised, constant ones
    ignored.

    Args:
        features: (N, D), to fit to.
        labels: int64 (N,), to fit to.
        unseen: (M, D), to test on.
        answers: int64 (M,), to test on.
        ridge: Relative to N.

    Source: Alain and Bengio 2016 (arXiv 1610.01644), who train theirs by gradient descent.
    """
    std, mean = torch.std_mean(features.double(), 0)
    keep = std > 1e-6 * std.max()

    def prepare(x: Tensor) -> Tensor:
        x = (x.double()[:, keep] - mean[keep]) / std[keep]
        return torch.cat([x, torch.ones_like(x[:, :1])], 1)

    x, targets = prepare(features), nn.functional.one_hot(labels).double()
    damping = ridge * len(x) * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    weights = torch.linalg.solve(x.T @ x + damping, x.T @ targets)
    scores = prepare(unseen) @ weights
    return 100 * (scores.argmax(1) != answers).double().mean().item()
