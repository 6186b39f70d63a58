"""What several self-checks need to know of layers: which ran, what they make of x, what changed."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import expect


def ran(module: nn.Module, x: Tensor) -> list[nn.Module]:
    """Convolutions, batch norms and linear layers of a module, in the order in which it runs them on x."""
    seen: list[nn.Module] = []
    parts = [m for m in module.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d | nn.Linear)]
    hooks = [
        part.register_forward_hook(lambda part, _inputs, _output: seen.append(part))
        for part in parts
    ]
    try:
        module(x)
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def two_layers(
    layers: list[nn.Module], x: Tensor, strides: tuple[int, int] = (1, 1), between: bool = True
) -> Tensor:
    """What [conv, norm, conv, norm] should make of x in eval mode, by their weights alone."""
    for number, (conv, norm, stride) in enumerate(
        zip(layers[::2], layers[1::2], strides, strict=True)
    ):
        x = F.conv2d(x.relu() if number and between else x, conv.weight, stride=stride, padding=1)
        x = F.batch_norm(
            x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
        )
    return x


def alternate(layers: list[nn.Module], count: int) -> None:
    """Convolution and batch norm, `count` times, and no bias where batch norm has one."""
    kinds = [type(layer).__name__ for layer in layers]
    fits = kinds == ["Conv2d", "BatchNorm2d"] * count
    expect(
        fits,
        f"convolution and batch norm should alternate, {count} of each; these run: {', '.join(kinds) or 'none'}",
    )
    biased = any(layer.bias is not None for layer in layers[::2])
    expect(not biased, "a convolution has a bias, which the batch norm after it takes away again")


def a(kind: type[nn.Module], thing: object) -> None:
    """Refuse what is not of a kind."""
    expect(
        isinstance(thing, kind),
        f"an nn.{kind.__name__} is expected, a {type(thing).__name__} is returned",
    )


def refuses(answer: Callable, *arguments, why: str) -> None:
    """The answer raises a ValueError for what cannot be."""
    try:
        found = answer(*arguments)
    except ValueError:
        return
    what = f"a {type(found).__name__}" if isinstance(found, nn.Module) else repr(found)
    expect(False, f"{why}; you return {what} instead of a ValueError")


def changes(net: nn.Module, before: dict[str, Tensor]) -> str:
    """Names of the parameters and buffers that are not what they were."""
    return ", ".join(
        name for name, value in net.state_dict().items() if not torch.equal(value, before[name])
    )


def off(out: Tensor, wanted: Tensor) -> str:
    """How far two tensors lie apart, in words."""
    return f"by up to {(out - wanted).abs().max():.2g}"
