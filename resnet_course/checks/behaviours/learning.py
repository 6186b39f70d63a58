"""Whether gradients flow: to the input and to every parameter, and as the function has them."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from ..calling import call
from ..values import same
from ..verdict import CheckFailed, expect
from .state import listed
from .twins import FINE, Maker, Pair, in_double, peek

Function = Callable[..., object]
Gradients = list[Tensor | None]
HIDDEN = (
    "gives the right numbers with wrong gradients: something on the way is hidden from autograd (`detach`, `.data`, "
    "`no_grad`) or replaced on the way back"
)


def gradients(
    function: Function, inputs: Sequence[Tensor], pull: Tensor, weights: Sequence[Tensor] = ()
) -> Gradients:
    """Gradients of `pull` times what comes out, with respect to inputs and weights; None where none flows."""
    own = [x.detach().clone().requires_grad_() for x in inputs]
    out = call(function, *own, draws=True)
    if not isinstance(out, Tensor) or not out.requires_grad:
        return [None] * (len(inputs) + len(weights))
    return list(torch.autograd.grad(out, [*own, *weights], pull, allow_unused=True))


def learns_everywhere(module: nn.Module, x: Tensor, what: str) -> None:
    """A gradient reaches the input and every parameter of a module in training mode."""
    module.train()
    named = dict(module.named_parameters())
    reached = gradients(module, [x], torch.randn_like(peek(module, x)), list(named.values()))
    _reach_all(reached, list(named), what)


def _reach_all(reached: Gradients, names: Sequence[str], what: str) -> None:
    first, *others = reached
    idle = [name for name, g in zip(names, others, strict=True) if g is None or not g.any()]
    nothing = first is None and len(idle) == len(names)
    expect(
        not nothing, f"no gradient comes back from {what}: what comes out is cut off from autograd"
    )
    expect(not idle, f"parameters of {what} get no gradient, so they cannot learn: {listed(idle)}")
    expect(first is not None and first.any(), f"no gradient reaches the input of {what}")


def has_the_gradients_of(pair: Pair, x: Tensor, what: str, cut: Mapping[str, Maker]) -> None:
    """The gradients of a student's module are those of the reference.

    Args:
        pair: both modules, with parameters in corresponding order.
        x: an input, float64.
        what: the module in words.
        cut: sentences, and references with the same output and a gradient that is cut where each says.
    """
    pair.mine.train()
    pair.twin.train()
    pull = torch.randn_like(peek(pair.twin, x))
    got = gradients(pair.mine, [x], pull, pair.ours)
    wanted = gradients(pair.twin, [x], pull, pair.theirs)
    if alike(got, wanted):
        return
    for sentence, make in cut.items():
        twin = in_double(make)
        twin.load_state_dict(pair.twin.state_dict())
        named = dict(twin.named_parameters())
        names = {id(p): name for name, p in pair.twin.named_parameters()}
        fault = gradients(twin, [x], pull, [named[names[id(p)]] for p in pair.theirs])
        expect(not alike(got, fault), sentence)
    names = {id(p): name for name, p in pair.mine.named_parameters()}
    _reach_all(got, [names[id(p)] for p in pair.ours], what)
    raise CheckFailed(f"{what} {HIDDEN}")


def flows_back(
    answer: Function, wanted: Function, inputs: Sequence[Tensor], cut: Mapping[str, Function]
) -> None:
    """The gradients of a function of tensors are those of the reference; `cut` names what may be wrong with them."""
    pull = torch.randn_like(wanted(*inputs))
    got = gradients(answer, inputs, pull)
    if alike(got, gradients(wanted, inputs, pull)):
        return
    expect(
        any(g is not None and g.any() for g in got),
        "no gradient flows back: what comes out is cut off from autograd",
    )
    for sentence, function in cut.items():
        expect(not alike(got, gradients(function, inputs, pull)), sentence)
    raise CheckFailed(f"your function {HIDDEN}")


def alike(one: Gradients, other: Gradients) -> bool:
    """Whether gradients are equal, none counting as zero."""
    return all(map(_equal, one, other))


def _equal(one: Tensor | None, other: Tensor | None) -> bool:
    if one is None or other is None:
        present = one if other is None else other
        return present is None or not present.any()
    return same(one.reshape(other.shape), other, 10 * FINE)
