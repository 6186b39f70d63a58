"""Watching and changing a network without a trace: hooks, modes and buffers are put back."""

from collections.abc import Callable, Generator, Hashable, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

Key = TypeVar("Key", bound=Hashable)
Reduced = TypeVar("Reduced")
Joined = TypeVar("Joined")


@contextmanager
def preserve_state(net: nn.Module) -> Generator[None]:
    """Put back buffers (batch-norm statistics) and modes when the `with` ends, however it ends."""
    with ExitStack() as afterwards:
        for module in net.modules():
            afterwards.callback(setattr, module, "training", module.training)
        for buffer in net.buffers():
            afterwards.callback(buffer.data.copy_, buffer.clone())
        yield


@contextmanager
def with_batch_statistics(net: nn.Module, images: Tensor) -> Generator[nn.Module]:
    """The network, in eval mode, with the batch-norm statistics of `images` until the `with` ends.

    An untrained network has no statistics of its own yet, and those of a network in training lag
    behind its weights.

    Args:
        net: The network; statistics and modes are put back.
        images: (N, 3, H, W), normalised.
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
def hooked(hooks: Iterable[RemovableHandle]) -> Generator[None]:
    """Remove hooks, as register_forward_hook returns them, when the `with` ends."""
    with ExitStack() as afterwards:
        for hook in hooks:
            afterwards.callback(hook.remove)
        yield


@contextmanager
def capture_outputs(
    net: nn.Module,
    modules: Mapping[Key, nn.Module],
    reduce: Callable[[Tensor], Reduced],
    join: Callable[[Sequence[Reduced]], Joined],
) -> Generator[dict[Key, Joined]]:
    """What modules put out over all forward passes of `net` inside the `with`.

    Args:
        net: The network, in eval mode.
        modules: Which of its modules, by any key.
        reduce: From the output of one pass to what is kept of it.
        join: From what was kept of all passes to the value.

    Yields:
        A dict that is filled when the `with` ends, also by an exception, for the modules that ran.

    Raises:
        ValueError: `net` is in training mode, where a pass would move its batch-norm statistics.
    """
    if net.training:
        raise ValueError(
            "this probe would move batch-norm statistics in training mode; call net.eval() first"
        )
    kept: dict[Key, list[Reduced]] = {key: [] for key in modules}
    joined: dict[Key, Joined] = {}

    def watch(values: list[Reduced]) -> Callable[[nn.Module, object, Tensor], None]:
        def remember(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            values.append(reduce(output.detach()))

        return remember

    hooks = [module.register_forward_hook(watch(kept[key])) for key, module in modules.items()]
    with hooked(hooks):
        try:
            yield joined
        finally:
            for key, values in kept.items():
                if values:
                    joined[key] = join(values)
