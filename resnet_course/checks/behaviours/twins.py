"""Whether a module computes what another one does, whatever its layers, their names and their order.

The parameters of the student's module are tried in the roles of the reference's: in the order in which layers run,
as registered, and then in every order that the sizes allow. If one of them makes both compute the same, the module is
right, be it built of nn.Conv2d, of torch.nn.functional, of unfold and a matrix product, or of einsum. If the roles of
a *wrong* reference fit, the fault has a name.
"""

import copy
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import EllipsisType

import torch
from torch import Tensor, nn

from ... import probes
from ..calling import call
from ..values import same
from ..verdict import CheckFailed, expect
from .state import listed

MOST_ORDERS = 6_000
COARSE = 1e-3  # a wrong layer changes more than this, another eps of a batch norm less
FINE = 1e-9  # of float64

Maker = Callable[[], nn.Module]
Part = tuple[slice | EllipsisType, ...]
ALL: Part = (...,)
PARTS: dict[str, Part] = {
    "it is right for the first image of a batch, and not for the others": (slice(1),),
    "it is right for the last image of a batch, and not for the others": (slice(-1, None),),
    "it is right inside the map and not at its rim: what is the padding?": (
        slice(None),
        slice(None),
        slice(2, -2),
        slice(2, -2),
    ),
    "it is right for the first channel, and not for the others": (
        slice(None),
        slice(1),
        slice(None),
    ),
}


@dataclass(frozen=True)
class Pair:
    """A student's module and a reference, in float64 and training mode, with parameters in corresponding order."""

    mine: nn.Module
    twin: nn.Module
    ours: list[nn.Parameter]
    theirs: list[nn.Parameter]

    def copy_weights(self) -> None:
        """Give the reference the student's parameters."""
        with torch.no_grad():
            for own, other in zip(self.ours, self.theirs, strict=True):
                other.copy_(own.reshape(other.shape))


def scatter(module: nn.Module) -> nn.Module:
    """Give every parameter random numbers of both signs, so that none can be left out unseen."""
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.dim() < 2:
                parameter.copy_(0.4 + 0.8 * torch.randn_like(parameter))
            else:
                fan_in = parameter[0].numel()
                parameter.copy_(torch.randn_like(parameter) / math.sqrt(fan_in))
    return module


def running_order(module: nn.Module, x: Tensor) -> list[nn.Parameter]:
    """The parameters in the order in which the layers that hold them run; empty if some run nowhere."""
    seen: list[nn.Parameter] = []

    def note(part: nn.Module, _inputs: object) -> None:
        seen.extend(p for p in part.parameters(recurse=False) if not any(p is q for q in seen))

    trial = [part for part in module.modules() if list(part.parameters(recurse=False))]
    hooks = [part.register_forward_pre_hook(note) for part in trial]
    try:
        peek(module, x)
    finally:
        for hook in hooks:
            hook.remove()
    return seen if len(seen) == len(list(module.parameters())) else []


def orders(
    mine: nn.Module, wanted: Sequence[nn.Parameter], x: Tensor
) -> Iterator[list[nn.Parameter]]:
    """The student's parameters in every order whose sizes fit the reference's, the likeliest first."""
    own = list(mine.parameters())
    for order in (running_order(mine, x), own):
        if [p.numel() for p in order] == [p.numel() for p in wanted]:
            yield order
    sizes = list(dict.fromkeys(p.numel() for p in wanted))
    groups = [[p for p in own if p.numel() == size] for size in sizes]
    if math.prod(math.factorial(len(group)) for group in groups) > MOST_ORDERS:
        return
    for chosen in itertools.product(*(itertools.permutations(group) for group in groups)):
        queues = {size: iter(group) for size, group in zip(sizes, chosen, strict=True)}
        yield [next(queues[p.numel()]) for p in wanted]


def output(module: nn.Module, x: Tensor) -> Tensor:
    """What a module makes of x, without gradients; its statistics may move."""
    with torch.no_grad():
        return module(x)


def peek(module: nn.Module, x: Tensor) -> Tensor:
    """What a module makes of x, its statistics left as they were.

    No copy is made of it: functions that a student keeps in a module would go on working with the original's layers.
    """
    with probes.preserve_state(module):
        return output(module, x)


def matched(
    mine: nn.Module, twin: nn.Module, x: Tensor, thorough: bool = True, part: Part = ALL
) -> Pair | None:
    """The pair in corresponding order, when there is an order in which both compute the same of x.

    Args:
        mine: the student's module; float64.
        twin: the reference; likewise.
        x: an input for both.
        thorough: whether to try every order that fits, and not only the likely ones.
        part: the part of what comes out that has to be the same.
    """
    ours = [p.numel() for p in mine.parameters()]
    theirs = running_order(twin, x)
    if sorted(ours) != sorted(p.numel() for p in theirs):
        return None
    wanted = peek(mine, x)[part]
    for number, order in enumerate(orders(mine, theirs, x)):
        if number > 1 and not thorough:
            break
        pair = Pair(mine, twin, order, theirs)
        pair.copy_weights()
        if same(peek(twin, x)[part], wanted, COARSE):
            return pair
    return None


def run_several_times(module: nn.Module, x: Tensor) -> list[str]:
    """Names of the batch norms that run more than once in one pass."""
    counts = dict.fromkeys(
        (name for name, m in module.named_modules() if isinstance(m, nn.BatchNorm2d)), 0
    )

    def counter(name: str) -> Callable[[nn.Module, object], None]:
        def count(_module: nn.Module, _inputs: object) -> None:
            counts[name] += 1

        return count

    hooks = [module.get_submodule(name).register_forward_pre_hook(counter(name)) for name in counts]
    try:
        peek(module, x)
    finally:
        for hook in hooks:
            hook.remove()
    return [name for name, count in counts.items() if count > 1]


def in_double(make: Maker) -> nn.Module:
    """A new module in float64 and training mode."""
    return make().double().train()


def numbers_of(module: nn.Module) -> int:
    """How many parameters a module has."""
    return sum(p.numel() for p in module.parameters())


def has_the_parameters_of(mine: nn.Module, twin: nn.Module, what: str) -> None:
    """As many parameters as the reference, of the same sizes; what is too much or too little is named."""
    expect(
        list(mine.parameters()) or not numbers_of(twin),
        f"{what} has no parameters: are its layers registered?",
    )
    frozen = [name for name, p in mine.named_parameters() if not p.requires_grad]
    expect(not frozen, f"{what} has parameters that cannot learn: {listed(frozen)}")
    biased = [
        name for name, m in mine.named_modules() if isinstance(m, nn.Conv2d) and m.bias is not None
    ]
    allowed = any(isinstance(m, nn.Conv2d) and m.bias is not None for m in twin.modules())
    expect(
        allowed or not biased,
        f"a convolution has a bias ({listed(biased)}), which the batch norm after it takes away again",
    )
    own, wanted = (sorted(p.numel() for p in m.parameters()) for m in (mine, twin))
    if own != wanted:
        raise CheckFailed(_other_parameters(mine, twin, what))


def _other_parameters(mine: nn.Module, twin: nn.Module, what: str) -> str:
    """Which layers are too many, missing or of another size, as far as can be said."""
    if len(list(mine.parameters())) < len(list(mine.named_parameters(remove_duplicate=False))):
        return f"parts of {what} share their parameters: each layer needs its own, or two of them learn as one"
    usual = {"convolutions": nn.Conv2d, "batch norms": nn.BatchNorm2d, "linear layers": nn.Linear}
    others = [m for m in mine.modules() if not isinstance(m, tuple(usual.values()))]
    by_hand = any(list(m.parameters(recurse=False)) for m in others)
    for name, kind in usual.items():
        own, wanted = (
            sum(isinstance(m, kind) for m in module.modules()) for module in (mine, twin)
        )
        if own != wanted and not by_hand:
            return f"{what} has too {'many' if own > wanted else 'few'} {name}"
    sizes = [tuple(p.shape) for p in twin.parameters()]
    strange = [
        f"{name} {tuple(p.shape)}"
        for name, p in mine.named_parameters()
        if tuple(p.shape) not in sizes
    ]
    if strange:
        return f"{what} has layers of another size than those that are asked for: {listed(strange)}"
    word = "more" if numbers_of(mine) > numbers_of(twin) else "fewer"
    return f"{what} has {word} parameters than the layers that are asked for: which layer is too many, or missing?"


def explain(mine: nn.Module, make_twin: Maker, wrong: Mapping[str, Maker], x: Tensor) -> str | None:
    """What is wrong with a module: where it is right all the same, or the wrong reference that does what it does."""
    for reason, make in wrong.items():
        if matched(mine, in_double(make), x, thorough=False):
            return reason
    if matched(mine, in_double(make_twin).eval(), x, thorough=False):
        return "in training mode it works with running statistics, as in eval mode, and not with those of the batch"
    twin = in_double(make_twin)
    out = peek(twin, x)
    for place, part in PARTS.items():
        if (
            len(part) <= out.dim()
            and 0 < out[part].numel() < out.numel()
            and matched(mine, twin, x, False, part)
        ):
            return place
    unused = parameters_without_effect(mine, x)
    return f"layers are made and not used: {listed(unused)}" if unused else None


def parameters_without_effect(module: nn.Module, x: Tensor) -> list[str]:
    """Names of the parameters that no gradient of the output reaches."""
    named = dict(module.named_parameters())
    with probes.preserve_state(module), torch.enable_grad():
        out = module(x)
        if not out.requires_grad:
            return []
        found = torch.autograd.grad(
            (out * torch.randn_like(out)).sum(), list(named.values()), allow_unused=True
        )
    return [name for name, gradient in zip(named, found, strict=True) if gradient is None]


def computes_the_same(
    make: Maker, make_twin: Maker, x: Tensor, what: str, wrong: Mapping[str, Maker], otherwise: str
) -> Pair:
    """A student's module computes, in training mode, what the reference does; returns both in float64.

    Args:
        make: makes the student's module.
        make_twin: makes the reference.
        x: an input, float64.
        what: the module in words.
        wrong: sentences, and references that are wrong in the way each says.
        otherwise: the sentence for a fault that none of them shows.
    """
    mine = scatter(in_double(make))
    has_the_parameters_of(mine, make_twin(), what)
    with probes.preserve_state(mine):
        got = call(mine, x, what=what, draws=True)
    expect(isinstance(got, Tensor), f"{what} returns a {type(got).__name__} and no Tensor")
    _deterministic(mine, x, what)
    pair = matched(mine, in_double(make_twin), x)
    if pair is None:
        raise CheckFailed(explain(mine, make_twin, wrong, x) or otherwise)
    fine = same(peek(pair.mine, x), peek(pair.twin, x), FINE)
    expect(
        fine,
        f"what {what} makes of float64 is nearly right: has a batch norm another `eps`, or is something computed in "
        "float32, rounded or clamped?",
    )
    return pair


def _deterministic(mine: nn.Module, x: Tensor, what: str) -> None:
    one, two = (peek(mine, x) for _ in range(2))
    expect(
        same(one, two, FINE),
        f"in training mode {what} makes something else of the same input each time",
    )


def keeps_the_same_statistics(pair: Pair, batches: Sequence[Tensor], x: Tensor, what: str) -> None:
    """After the same training batches both give the same in eval mode: batch norms saw each batch once."""
    twice = copy.deepcopy(pair.twin)
    untrained = copy.deepcopy(pair.twin)
    for batch in batches:
        for module, times in ((pair.mine, 1), (pair.twin, 1), (twice, 2)):
            for _ in range(times):
                output(module, batch)
    got, wanted = (output(module.eval(), x) for module in (pair.mine, pair.twin))
    if same(got, wanted, FINE):
        return
    faults = {
        f"in eval mode batch norms of {what} work with the statistics of the batch, as in training": output(
            pair.twin.train(), x
        ),
        f"every batch moves the running statistics of {what} twice: some layers run twice": output(
            twice.eval(), x
        ),
        f"training does not move the running statistics of {what}": output(untrained.eval(), x),
    }
    for sentence, fault in faults.items():
        expect(not same(got, fault, FINE), sentence)
    several = run_several_times(pair.mine, x)
    expect(
        not several,
        f"layers of {what} see each batch more than once, and so do their statistics: {listed(several)}",
    )
    expect(
        False,
        f"{what} is right in training mode, and something else in eval mode after training: does every batch norm see "
        "each batch once, with the usual momentum?",
    )
