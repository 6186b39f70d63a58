"""Watching and changing a network without a trace: hooks, modes and buffers put back."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

@contextmanager
def preserve_state(net: nn.Module) -> Iterator[None]:
    """Put back the network's buffers (batch-norm statistics) and modes when the `with` ends, however it ends."""
    with ExitStack() as afterwards:
        for module in net.modules():
            afterwards.callback(setattr, module, "training", module.training)
        for buffer in net.buffers():
            afterwards.callback(buffer.data.copy_, buffer.clone())
        yield


@contextmanager
def with_batch_statistics(net: nn.Module, images: Tensor) -> Iterator[nn.Module]:
    """The network with the batch-norm statistics of `images` (N, 3, H, W) in place of its own, until the `with` ends.

    An untrained network has none of its own yet, and those of a network in training lag behind its weights.
    """
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    with preserve_state(net), torch.no_grad(), ExitStack() as afterwards:
        for norm in norms:
            afterwards.callback(setattr, norm, "momentum", norm.momentum)
            norm.reset_running_stats()
            norm.momentum = 1.0  # take the batch's statistics whole
            norm.train()
        net(images)
        for norm in norms:
            norm.eval()
        yield net


@contextmanager
def hooked(hooks: Iterable) -> Iterator[None]:
    """Remove the hooks (as returned by register_forward_hook) when the `with` ends, however it ends."""
    with ExitStack() as afterwards:
        for hook in hooks:
            afterwards.callback(hook.remove)
        yield


@contextmanager
def capture_outputs(net: nn.Module, modules: Mapping, reduce: Callable[[Tensor], Any], join: Callable) -> Iterator[dict]:
    """`join` of the `reduce`d outputs of each of `modules` (by any key) over all forward passes of `net`.

    Filled when the `with` ends, also by an exception, for the modules that ran. Raises ValueError when `net` is in
    training mode: a forward pass would move its batch-norm statistics.
    """
    if net.training:
        raise ValueError("this probe would move batch-norm statistics in training mode; call net.eval() first")
    seen, joined = {key: [] for key in modules}, {}

    def watch(values: list) -> Callable:
        return lambda _module, _inputs, output: values.append(reduce(output.detach()))

    with hooked(module.register_forward_hook(watch(seen[key])) for key, module in modules.items()):
        try:
            yield joined
        finally:
            joined |= {key: join(values) for key, values in seen.items() if values}
