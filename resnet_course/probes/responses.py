"""How strongly layers and branches respond (He 2015, Fig. 7)."""

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import Tensor, nn

from .hooks import capture_outputs
from .parts import blocks, main_path

Moments = tuple[int, Tensor, Tensor]  # count, variance, mean


def layer_responses(
    net: nn.Module, kind: type[nn.Module] = nn.BatchNorm2d
) -> AbstractContextManager[dict[str, float]]:
    """Standard deviation of each layer's response over all images, channels and pixels.

    >>> with layer_responses(net) as stds:
    ...     net(images)

    The response is the output of every `kind` of module on the main path: after batch norm, before
    the nonlinearity or the addition.

    Raises:
        ValueError: `net` is in training mode, or has no such module.

    Source: He 2015, Fig. 7.
    """
    return capture_outputs(net, main_path(net, kind), _moments, _pooled_std)


def block_outputs(
    net: nn.Module, reduce: Callable[[Tensor], Tensor]
) -> AbstractContextManager[dict[str, Tensor]]:
    """What `reduce` keeps of every block's output, by name, all batches joined.

    Raises ValueError when `net` is in training mode or has no blocks.
    """
    return capture_outputs(net, blocks(net), reduce, _joined)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(parts))


def _moments(x: Tensor) -> Moments:
    """In two passes: torch.var_mean takes twenty times as long on a CPU."""
    x = x.float()
    mean = x.mean()
    variance = torch.linalg.vector_norm(x - mean).square() / x.numel()
    return x.numel(), variance, mean


def _pooled_std(parts: Sequence[Moments]) -> float:
    counts, variances, means = torch.tensor(parts, dtype=torch.float64).T
    mean = (counts * means).sum() / counts.sum()
    pooled = (counts * (variances + (means - mean) ** 2)).sum() / counts.sum()
    return math.sqrt(pooled)


@contextmanager
def branch_ratios(net: nn.Module) -> Generator[dict[str, float]]:
    """Norm of F(x) over that of shortcut(x), of each block, over all images.

    The dict is filled when the `with` ends. Raises ValueError when `net` is in training mode, and
    when no block has both a `residual` and a `shortcut`.
    """
    parts: dict[tuple[str, str], nn.Module] = {}
    names = []
    for name, block in blocks(net).items():
        branch, shortcut = getattr(block, "residual", None), getattr(block, "shortcut", None)
        if isinstance(branch, nn.Module) and isinstance(shortcut, nn.Module):
            parts[name, "residual"] = branch
            parts[name, "shortcut"] = shortcut
            names.append(name)
    if not names:
        raise ValueError(
            f"{type(net).__name__} has no block with a branch and a shortcut to compare"
        )
    ratios: dict[str, float] = {}
    with capture_outputs(net, parts, _squared_norm, _total) as squares:
        yield ratios
    for name in names:
        ratio = squares[name, "residual"] / squares[name, "shortcut"]
        ratios[name] = ratio.sqrt().item()


def _squared_norm(x: Tensor) -> Tensor:
    return x.double().square().sum()


def _total(parts: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(parts)).sum()
