"""What training keeps in memory: segments that are computed again, and bytes counted."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..networks.network import Network

RANDOM = (nn.Dropout,)


def checkpoint_segments(net: Network, blocks: int) -> None:
    """Keep, for the way back, only what enters each segment of `blocks` blocks, in place.

    Activations within a segment are computed again in the backward pass, with the same dropout and
    without moving batch-norm statistics a second time: weights and buffers become those of a step
    that keeps everything.

    Raises:
        ValueError: Less than one block.

    Source: Chen et al. 2016 (arXiv 1604.06174).
    """
    if blocks < 1:
        raise ValueError(f"a segment has at least one block, got {blocks}")
    for stage in net.stages:
        assert isinstance(stage, nn.Sequential)
        # Keeping the random state asks the device for it, which a graph capture forbids.
        is_random = any(isinstance(module, RANDOM) for module in stage.modules())
        # On this stage alone, not on its class, and without a wrapper that would rename weights.
        vars(stage)["forward"] = partial(_in_segments, stage, blocks, is_random)


def _in_segments(stage: nn.Sequential, blocks: int, is_random: bool, x: Tensor) -> Tensor:
    for start in range(0, len(stage), blocks):
        segment = stage[start : start + blocks]
        if not torch.is_grad_enabled():
            x = segment(x)
            continue
        x = checkpoint(
            segment,
            x,
            use_reentrant=False,
            preserve_rng_state=is_random,
            context_fn=partial(_contexts, segment),
        )
    return x


def _contexts(
    segment: nn.Sequential,
) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """What surrounds the first pass through a segment, and the second."""
    return nullcontext(), _statistics_held(segment)


@contextmanager
def _statistics_held(net: nn.Module) -> Generator[None]:
    """Batch norms use the batch's statistics as ever, but do not count them into their own."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    held = [(norm, norm.momentum, norm.num_batches_tracked) for norm in norms]
    try:
        for norm in norms:
            norm.momentum = 0.0
            norm.num_batches_tracked = None
        yield
    finally:
        for norm, momentum, counter in held:
            norm.momentum = momentum
            norm.num_batches_tracked = counter


@contextmanager
def kept_for_backward() -> Generator[Callable[[], int]]:
    """Count the bytes that forward passes inside the `with` keep, parameters apart.

    >>> with kept_for_backward() as count:
    ...     loss = net(images).sum()
    >>> count()

    Each storage counts once. Of a checkpointed segment only its input counts; while it is computed
    again, the activations of one segment come on top.
    """
    kept: list[Tensor] = []

    def remember(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    def count() -> int:
        sizes = {}
        for tensor in kept:
            owner = tensor if tensor._base is None else tensor._base
            if not isinstance(owner, nn.Parameter):
                storage = tensor.untyped_storage()
                sizes[storage.data_ptr()] = storage.nbytes()
        return sum(sizes.values())

    with torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor):
        yield count
