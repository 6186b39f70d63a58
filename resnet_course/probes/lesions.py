"""Blocks taken out of a trained network, or put in another order (Veit 2016)."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ..networks.blocks import ZeroPadShortcut
from .hooks import hooked
from .parts import blocks

@contextmanager
def lesion(net: nn.Module, names: Iterable[str]) -> Iterator[nn.Module]:
    """The network without the named blocks: each hands on what its shortcut carries, or its input (Veit 2016).

    A block without shortcut that changes the shape hands on its input as option A would: every stride-th pixel, new
    channels zero. Raises ValueError for a name that is no block.
    """
    known, names = blocks(net), list(names)
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no block {', '.join(unknown)}; blocks are {', '.join(known)}")
    with hooked(_cut(known[name]) for name in names):
        yield net


def _cut(block: nn.Module):
    if hasattr(block, "residual") and hasattr(block, "shortcut"):
        return block.residual.register_forward_hook(lambda _module, _inputs, output: torch.zeros_like(output))

    def hand_on(_module, inputs, output: Tensor) -> Tensor:
        (x,) = inputs
        if (projection := getattr(block, "downsample", None)) is not None:
            return torch.relu(projection(x))
        return ZeroPadShortcut(output.shape[1] - x.shape[1], stride=x.shape[2] // output.shape[2])(x)

    return block.register_forward_hook(hand_on)


@contextmanager
def reordered(stage: nn.Sequential, order: Sequence[int]) -> Iterator[nn.Sequential]:
    """A stage with its blocks in another order. Raises ValueError for no order, or one that mixes shapes."""
    original = list(stage)
    if sorted(order) != list(range(len(original))):
        raise ValueError(f"order must contain each of 0 … {len(original) - 1} once, got {list(order)}")
    shapes = [[p.shape for p in block.parameters()] for block in original]
    if any(shapes[place] != shapes[taken] for place, taken in enumerate(order)):
        raise ValueError("only blocks of one shape can change places; the first block of a stage often differs")
    with ExitStack() as afterwards:
        for place, taken in enumerate(order):
            afterwards.callback(stage.__setitem__, place, original[place])
            stage[place] = original[taken]
        yield stage
