"""What several checks share: a wrong value named by the fault that gives it, and traces that a probe leaves."""

from collections.abc import Mapping

from torch import nn

from . import expect, same


def diagnose(got, right, faults: Mapping[str, object], otherwise: str) -> None:
    """Fail unless `got` is right, with the sentence of `faults` whose value it is, or else with `otherwise`."""
    if not same(got, right):
        expect(
            False, next((fault for fault, value in faults.items() if same(got, value)), otherwise)
        )


def no_hooks(net: nn.Module, when: str = "when the function has returned") -> None:
    """Fail when a forward hook is left on any module."""
    expect(
        not any(module._forward_hooks for module in net.modules()),
        f"hooks are still attached {when}",
    )


def of_type(net: nn.Module, *types: type) -> list:
    """The modules of some types, in order."""
    return [module for module in net.modules() if isinstance(module, types)]
