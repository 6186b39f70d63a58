"""What several self-checks need of layers: modules of some types, and the layers that ran, in order."""

from torch import Tensor, nn

from .behaviours.twins import peek


def of_type(net: nn.Module, *types: type[nn.Module]) -> list[nn.Module]:
    """The modules of some types, in the order in which they are registered."""
    return [module for module in net.modules() if isinstance(module, types)]


def ran(module: nn.Module, x: Tensor, *types: type[nn.Module]) -> list[nn.Module]:
    """Modules of some types (convolutions, batch norms and linear layers) in the order in which x runs them."""
    seen: list[nn.Module] = []

    def note(part: nn.Module, _inputs: object, _output: object) -> None:
        seen.append(part)

    parts = of_type(module, *(types or (nn.Conv2d, nn.BatchNorm2d, nn.Linear)))
    hooks = [part.register_forward_hook(note) for part in parts]
    try:
        peek(module, x)
    finally:
        for hook in hooks:
            hook.remove()
    return seen
