"""Everything that is asked of a module which computes what a reference does, in the order of what a student sees."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ..calling import call
from ..values import module, same, tensor
from ..verdict import CheckFailed, expect
from . import learning, shapes, twins
from .twins import Maker, Pair


@dataclass(frozen=True)
class Likeness:
    """A student's module and what it should be like.

    Args:
        what: how a student would make it, for messages.
        mine: makes the student's.
        twin: makes the reference.
        otherwise: the sentence for a fault that none of `wrong` shows.
        wrong: sentences, and references that are wrong in the way each says.
        cut: sentences, and references with the same output whose gradient is cut.
    """

    what: str
    mine: Maker
    twin: Maker
    otherwise: str
    wrong: Mapping[str, Maker] = field(default_factory=dict)
    cut: Mapping[str, Maker] = field(default_factory=dict)


def maker(answer: Callable[..., object], *arguments: object, what: str) -> Maker:
    """Makes a student's module, anew each time."""

    def make() -> nn.Module:
        return module(call(answer, *arguments, what=what, draws=True), what=what)

    return make


def is_like(likeness: Likeness, x: Tensor, sizes: Mapping[str, Tensor] | None = None) -> Pair:
    """The student's module is like the reference: numbers, statistics, gradients, sizes, types, devices.

    Args:
        likeness: both modules.
        x: a float32 input.
        sizes: other inputs, by the sentence for a module that fails there; maps of any size by default.

    Returns:
        Both modules, with the same weights and statistics, in eval mode.
    """
    what = likeness.what
    starts_anew_each_time(likeness.mine, what)
    pair = computes_likewise(likeness, x)
    double = x.double()
    twins.keeps_the_same_statistics(
        pair, [double, 3 - 2 * double, double.flip(0) ** 2], double, what
    )
    learning.has_the_gradients_of(pair, double, what, likeness.cut)
    pair.mine.eval()
    pair.twin.eval()
    inputs = shapes.maps_of_any_size(double) if sizes is None else sizes
    shapes.computes_the_same_of_all(pair.mine, pair.twin, inputs, what)
    shapes.works_in_float32(pair.mine, double, what)
    keeps_what_it_learns(likeness.mine, pair.mine, double, what)
    works_elsewhere(likeness.mine, x, what)
    return pair


def computes_likewise(likeness: Likeness, x: Tensor) -> Pair:
    """The student's module gives out what the reference does, in training mode; both in float64."""
    has_the_shape_of(likeness, x)
    make, twin = likeness.mine, likeness.twin
    return twins.computes_the_same(
        make, twin, x.double(), likeness.what, likeness.wrong, likeness.otherwise
    )


def part(make: Maker, name: str, what: str) -> Maker:
    """Makes a student's module, and takes a part of it."""

    def make_part() -> nn.Module:
        try:
            return make().get_submodule(name)
        except AttributeError as error:
            raise CheckFailed(f"{what} needs a module named `{name}`") from error

    return make_part


def starts_anew_each_time(make: Maker, what: str) -> None:
    """Two modules made one after the other share nothing, and begin with weights of their own."""
    one, two = make(), make()
    shared = {*map(id, one.parameters())} & {*map(id, two.parameters())}
    expect(
        not shared,
        f"two of {what}, made one after the other, share parameters: what one learns changes the other",
    )
    random = [
        (p, q) for p, q in zip(one.parameters(), two.parameters(), strict=False) if p.dim() > 1
    ]
    alike = [p.shape == q.shape and torch.equal(p, q) for p, q in random]
    expect(
        not any(alike),
        f"two of {what}, made one after the other, start with the same weights: is a seed set inside?",
    )


def has_the_shape_of(likeness: Likeness, x: Tensor) -> None:
    """The student's module gives out a tensor of the right shape, and leaves its input alone."""
    shape = twins.output(likeness.twin(), x).shape
    tensor(
        call(likeness.mine(), x, what=f"what {likeness.what} returns", draws=True),
        shape,
        likeness.what,
    )


def keeps_what_it_learns(make: Maker, trained: nn.Module, x: Tensor, what: str) -> None:
    """Weights and statistics that are saved from one module make another the same."""
    other = make().to(x.dtype).eval()
    try:
        other.load_state_dict(trained.state_dict())
    except RuntimeError as error:
        text = " ".join(str(error).split())
        raise CheckFailed(
            f"what one {what} has learnt another one does not load: {text[:200]}"
        ) from error
    expect(
        same(twins.output(other, x), twins.output(trained.to(x.dtype), x), twins.FINE),
        f"another {what} with the same state_dict computes something else: something is kept outside of it",
    )


def works_elsewhere(make: Maker, x: Tensor, what: str) -> None:
    """The module runs on another device than the CPU."""

    def run(device: torch.device) -> None:
        make().to(device)(x.to(device))

    shapes.works_on_any_device(run, what)
