"""Blocks taken out of a trained network, or put in another order (Veit 2016)."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ..networks.blocks import ZeroPadShortcut
from .hooks import hooked
from .parts import blocks


@contextmanager
def lesion(net: nn.Module, names: Iterable[str]) -> Generator[nn.Module]:
    """The network without the named blocks until the `with` ends.

    A block that is out hands on what its shortcut carries, or else its input; one without shortcut
    that changes the shape hands on its input as option A would: every stride-th pixel, new channels
    zero.

    Raises:
        ValueError: A name that is no block.

    Source: Veit 2016 (arXiv 1605.06431).
    """
    known, names = blocks(net), list(names)
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no block {', '.join(unknown)}; blocks are {', '.join(known)}")
    with hooked(_cut(known[name]) for name in names):
        yield net


def _cut(block: nn.Module) -> RemovableHandle:
    if hasattr(block, "residual") and hasattr(block, "shortcut"):
        assert isinstance(block.residual, nn.Module)
        return block.residual.register_forward_hook(_nothing)
    return block.register_forward_hook(_hand_on)


def _nothing(_module: nn.Module, _inputs: tuple[Tensor], output: Tensor) -> Tensor:
    return torch.zeros_like(output)


def _hand_on(block: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
    (x,) = inputs
    projection = getattr(block, "downsample", None)  # torchvision's; None where shapes agree
    if isinstance(projection, nn.Module):
        return torch.relu(projection(x))
    stride = x.shape[2] // output.shape[2]
    return ZeroPadShortcut(output.shape[1] - x.shape[1], stride)(x)


@contextmanager
def reordered(stage: nn.Sequential, order: Sequence[int]) -> Generator[nn.Sequential]:
    """A stage with its blocks in another order until the `with` ends.

    Raises ValueError for no order, or one that mixes shapes.
    """
    original = list(stage)
    if sorted(order) != list(range(len(original))):
        last = len(original) - 1
        raise ValueError(f"order must contain each of 0 … {last} once, got {list(order)}")
    shapes = [[parameter.shape for parameter in block.parameters()] for block in original]
    if any(shapes[place] != shapes[taken] for place, taken in enumerate(order)):
        raise ValueError(
            "only blocks of one shape can change places; the first block of a stage often differs"
        )
    with ExitStack() as afterwards:
        for place, taken in enumerate(order):
            afterwards.callback(stage.__setitem__, place, original[place])
            stage[place] = original[taken]
        yield stage
