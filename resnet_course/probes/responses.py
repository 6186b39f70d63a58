"""How strongly layers and branches respond (He 2015, Fig. 7)."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import Tensor, nn

from .hooks import capture_outputs
from .parts import blocks, main_path

def layer_responses(net: nn.Module, of: type | tuple = nn.BatchNorm2d) -> AbstractContextManager[dict]:
    """Standard deviation of each layer's response over all images, channels and pixels (He 2015, Fig. 7).

    >>> with layer_responses(net) as stds:
    ...     net(images)

    The response is the output of every `of` module on the main path: after batch norm, before the nonlinearity or the
    addition. Raises ValueError as `capture_outputs` does, and when `net` has no such module.
    """
    return capture_outputs(net, main_path(net, of), _moments, _pooled_std)


def block_outputs(net: nn.Module, reduce: Callable[[Tensor], Tensor]) -> AbstractContextManager[dict]:
    """`reduce`d output of every block, all batches joined. Raises ValueError as `capture_outputs` does."""
    return capture_outputs(net, blocks(net), reduce, torch.cat)


def _moments(x: Tensor) -> tuple[int, Tensor, Tensor]:
    """Count, variance and mean, in two passes: torch.var_mean takes twenty times as long on a CPU."""
    x = x.float()
    mean = x.mean()
    return x.numel(), torch.linalg.vector_norm(x - mean).square() / x.numel(), mean


def _pooled_std(parts: Sequence[tuple[int, Tensor, Tensor]]) -> float:
    counts, variances, means = torch.tensor(parts, dtype=torch.float64).T
    mean = (counts * means).sum() / counts.sum()
    return math.sqrt((counts * (variances + (means - mean) ** 2)).sum() / counts.sum())


@contextmanager
def branch_ratios(net: nn.Module) -> Iterator[dict[str, float]]:
    """|F(x)| / |shortcut(x)| of each block, by the Euclidean norms over all images; filled when the `with` ends.

    Raises ValueError as `capture_outputs` does, and when no block has both a `residual` and a `shortcut`.
    """
    both = {n: b for n, b in blocks(net).items() if hasattr(b, "residual") and getattr(b, "shortcut", None)}
    if not both:
        raise ValueError(f"{type(net).__name__} has no block with a branch and a shortcut to compare")
    parts = {(name, part): getattr(block, part) for name, block in both.items() for part in ("residual", "shortcut")}
    ratios: dict[str, float] = {}
    with capture_outputs(net, parts, lambda x: x.double().square().sum(), sum) as squares:
        yield ratios
    ratios |= {name: (squares[name, "residual"] / squares[name, "shortcut"]).sqrt().item() for name in both}
