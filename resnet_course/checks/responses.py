"""Self-checks of assignment 5: a probe, relative sizes, Fig. 7 from records, weight decay alone."""

import copy
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from .. import probes
from ..networks import models
from . import check, expect, values
from .behaviours import borrowing
from .behaviours.authorship import is_the_students_own
from .behaviours.state import listed
from .behaviours.stubs import Given, stirred
from .behaviours.twins import peek
from .calling import call
from .layers import of_type

Answer = Callable[..., object]


class Block(nn.Module):
    """A layer and a projection beside it, put together in place."""

    def __init__(self) -> None:
        super().__init__()
        self.residual = nn.Sequential(nn.Conv2d(4, 5, 3, bias=False), nn.BatchNorm2d(5))
        self.shortcut = nn.Sequential(nn.Conv2d(4, 5, 3, bias=False), nn.BatchNorm2d(5))
        self.last = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        f = self.residual(x)
        return self.last(f.add_(self.shortcut(x)))


def small() -> nn.Sequential:
    """A network of two layers, whose ReLUs work in place."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), Block())


def made_by_hand(net: nn.Sequential, x: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """What goes into each batch norm of the main path of `net` in eval mode, and what comes out."""
    conv, norm, _, block = copy.deepcopy(net).eval()
    first = peek(conv, x)
    normalised = peek(norm, first)
    second = peek(block.residual[0], normalised.relu())
    return {"1": (first, normalised), "3.residual.1": (second, peek(block.residual[1], second))}


@check
def layer_stds(answer: Answer) -> None:
    """Names and type, then what it measured, then how it ran the network and what it left behind."""
    x = torch.randn(6, 3, 9, 7) * torch.tensor([1.0, 1, 1, 1, 1, 3]).view(6, 1, 1, 1)
    _runs_once_in_eval_mode(answer, x)
    net = stirred(small())
    for dtype in (torch.float32, torch.float64):
        net.to(dtype)
        stds = values.a_dict(call(answer, copy.deepcopy(net), x.to(dtype), changes=True))
        _has_the_names(stds, ["1", "3.residual.1"])
        for name, (before, after) in made_by_hand(net, x.to(dtype)).items():
            got = values.python_float(stds[name], f"the value of {name}")
            values.diagnose(
                got, after.std(correction=0), _other_stds(before, after), _not_right(name), 1e-4
            )
    is_the_students_own(
        lambda: answer(net, x.double()), probes.layer_responses, probes.capture_outputs
    )
    _of_a_whole_network(answer)
    borrowing.keeps_the_callers_state(lambda net: answer(net, x), small)


def _not_right(name: str) -> str:
    return f"the standard deviation of {name} is not right"


def _has_the_names(stds: Mapping[object, object], wanted: Sequence[str]) -> None:
    """One entry for each batch norm of the main path, and no other."""
    beside = [str(name) for name in stds if "shortcut" in str(name)]
    expect(not beside, f"projections are not on the main path: leave {listed(beside)} out")
    values.mapping(stds, wanted, "what you return")


def _other_stds(before: Tensor, after: Tensor) -> dict[str, Tensor]:
    """What is often taken for a response, by what it is."""
    centred = after - after.mean((0, 2, 3), keepdim=True)
    return {
        "you measured what goes into batch norm, not what comes out": before.std(correction=0),
        "you measured after the nonlinearity: an in-place ReLU may have overwritten the output": after.relu().std(
            correction=0
        ),
        "you measured each channel by itself; asked is one number over all channels": centred.std(
            correction=0
        ),
        "you measured a mean over channels of their deviations": after.std(
            (0, 2, 3), correction=0
        ).mean(),
        "you measured a mean over images of their deviations": after.std(
            (1, 2, 3), correction=0
        ).mean(),
        "this is the variance; the standard deviation is its root": after.var(correction=0),
        "this is the deviation of a sample (n - 1), not of a population": after.std(),
        "this is the root of the mean square: the mean is not taken away": after.square()
        .mean()
        .sqrt(),
        "you measured the first image alone": after[0].std(correction=0),
        "you measured a mean over pixels first": after.mean((2, 3)).std(correction=0),
    }


def _runs_once_in_eval_mode(answer: Answer, x: Tensor) -> None:
    """One pass, every layer in eval mode, no gradients."""
    seen: list[tuple[bool, bool]] = []

    def note(module: nn.Module, _inputs: object) -> None:
        seen.append((module.training, torch.is_grad_enabled()))

    net = stirred(small()).train()
    net[0].register_forward_pre_hook(note)
    net[3].residual[1].register_forward_pre_hook(note)
    values.a_dict(call(answer, net, x, changes=True))
    expect(
        not any(training for training, _ in seen),
        "the network runs in training mode; eval mode is asked for",
    )
    expect(
        not any(gradients for _, gradients in seen),
        "the network runs with gradients, which nobody needs here",
    )
    expect(
        len(seen) == 2,
        f"the images run through the network {len(seen) // 2} times; once is asked for",
    )


def _of_a_whole_network(answer: Answer) -> None:
    net = stirred(models.cifar(14, width=2, shortcut="B"))
    wanted = [
        name
        for name, m in net.named_modules()
        if isinstance(m, nn.BatchNorm2d) and "shortcut" not in name
    ]
    found = values.a_dict(call(answer, net, torch.randn(4, 3, 8, 8), changes=True))
    _has_the_names(found, wanted)
    numbers = [values.python_float(value, f"the value of {name}") for name, value in found.items()]
    expect(
        len(set(numbers)) == len(numbers),
        "several layers get one and the same number: a loop variable's last value?",
    )


def network_with_given_parts(parts: Sequence[tuple[Tensor, Tensor]]) -> nn.Module:
    """A network whose blocks have branches and shortcuts that give out certain tensors."""
    net = models.cifar(8, width=2).eval()
    for stage, (f, s) in zip(net.stages, parts, strict=True):
        stage[0].residual = Given(f)
        stage[0].shortcut = Given(s)
    return net


@check
def relative_sizes(answer: Answer) -> None:
    """Names, then each ratio, told apart from the usual confusions, then what is left behind."""
    x = torch.randn(4, 3, 8, 8)
    uneven = torch.tensor([10.0, 1, 2, 0.1]).view(4, 1, 1, 1)
    shapes = ((4, 2, 8, 8), (4, 4, 4, 4), (4, 8, 2, 2))
    parts = [(torch.randn(shape) * uneven, 3 * torch.randn(shape)) for shape in shapes]
    net = network_with_given_parts(parts)
    sizes = values.mapping(
        call(answer, net, x), [f"stages.{number}.0" for number in range(3)], "what you return"
    )
    for number, (f, s) in enumerate(parts):
        name = f"stages.{number}.0"
        got = values.number(sizes[name], f"the value of {name}")
        came_in = (
            (parts[number - 1][0] + parts[number - 1][1]).relu() if number else peek(net.stem, x)
        )
        values.diagnose(
            got,
            f.norm() / s.norm(),
            _other_ratios(f, s, came_in),
            f"the ratio of block {name} is not right",
        )
    is_the_students_own(lambda: answer(net, x), probes.branch_ratios, probes.capture_outputs)
    _of_other_parts(answer, x)
    make = partial(models.cifar, 8, width=2, shortcut="B")
    borrowing.keeps_the_callers_state(lambda net: answer(net, x), make, modes=(False,), mixed=False)


def _other_ratios(f: Tensor, s: Tensor, came_in: Tensor) -> dict[str, Tensor]:
    """What is often taken for the ratio, by what it is."""
    each = f.flatten(1).norm(dim=1) / s.flatten(1).norm(dim=1)
    return {
        "the squares of the norms were divided: take the root": (f.norm() / s.norm()) ** 2,
        "the branch was divided by the block's output, not by what is carried": f.norm()
        / (f + s).relu().norm(),
        "the ratio is upside down": s.norm() / f.norm(),
        "this is a mean over images; take each norm over all images together": each.mean(),
        "this is the ratio for the first image alone": each[0],
        "the branch was divided by the block's input; the shortcut may carry less": f.norm()
        / came_in.norm(),
        "standard deviations were divided; the norm does not take the mean away": f.std() / s.std(),
        "sums of sizes were divided; the Euclidean norm is asked for": f.abs().sum()
        / s.abs().sum(),
        "the largest sizes were divided; the Euclidean norm is asked for": f.abs().max()
        / s.abs().max(),
        "this is the size of the branch alone": f.norm(),
        "a ReLU came before the norm": f.relu().norm() / s.norm(),
    }


def _of_other_parts(answer: Answer, x: Tensor) -> None:
    """Large and small branches; the network of a whole stage; and the same network once more, changed."""
    shapes = ((4, 2, 8, 8), (4, 4, 4, 4), (4, 8, 2, 2))
    parts = [
        (size * torch.ones(shape), torch.ones(shape))
        for size, shape in zip((1e4, 1e-4, 0.25), shapes, strict=True)
    ]
    sizes = values.mapping(
        call(answer, network_with_given_parts(parts), x), [f"stages.{n}.0" for n in range(3)]
    )
    for number, size in enumerate((1e4, 1e-4, 0.25)):
        got = values.number(sizes[f"stages.{number}.0"])
        expect(
            values.same(got, size, 1e-3),
            "a ratio that is large or small is not right: is something clamped or rounded?",
        )
    net = stirred(models.cifar(14, width=2)).eval()
    names = [f"stages.{stage}.{number}" for stage in range(3) for number in range(2)]
    before = values.mapping(call(answer, net, x), names, "what you return for a deeper network")
    last = net.stages[2][1].residual[-1]
    with torch.no_grad():
        for parameter in last.parameters():
            parameter.mul_(3)
    after = values.mapping(call(answer, net, x), names)
    wanted = 3 * values.number(before["stages.2.1"])
    expect(
        values.same(values.number(after["stages.2.1"]), wanted, 1e-3),
        "when the net has changed, your answer has not",
    )


@dataclass(frozen=True)
class Run:
    """A record of a run: what it was, and the responses of its layers at two iterations."""

    arch: str
    depth: int
    seed: int
    label: str
    responses: list[float]

    def profile(self, quantity: str, iteration: int | None = None) -> list[float]:
        """The responses after training, or before it."""
        expect(quantity == "response", f"a record has no profile {quantity!r}")
        return [1.0] * len(self.responses) if iteration == 0 else self.responses


@check
def sorted_responses(answer: Answer) -> None:
    """On made-up records whose right answer can be seen at a glance."""
    seeds = ([1.0, 4.0, 2.0], [3.0, 2.0, 0.0])
    records = [
        Run("residual", 8, seed, "", list(responses)) for seed, responses in enumerate(seeds)
    ]
    records += [Run("residual", 8, seed, "decay-1", [90.0, 90.0, 90.0]) for seed in range(2)]
    found = values.mapping(call(answer, records), [("residual", 8)], "what you return")
    curve = _curve(found["residual", 8], 3)
    expect(max(curve) < 20, "runs with a label (another weight decay) are among those you averaged")
    faults = {
        "these are the responses before training": [1, 1, 1],
        "the curve is sorted from smallest to largest": [1, 2, 3],
        "the curve is not sorted": [2, 3, 1],
        "the curve is turned around, and not sorted": [1, 3, 2],
        "you sorted each seed before the mean, which mixes up the layers": [3.5, 2, 0.5],
        "this is one seed alone, not the mean over seeds": [4, 2, 1],
        "this is one seed alone, the last, not the mean over seeds": [3, 2, 0],
        "these are sums over seeds; the mean is asked for": [6, 4, 2],
        "these are the largest of all seeds; the mean is asked for": [4, 3, 2],
        "these are the smallest of all seeds; the mean is asked for": [2, 1, 0],
    }
    values.diagnose(
        curve, [3, 2, 1], faults, f"seeds {seeds[0]} and {seeds[1]} should not give {curve}"
    )
    _of_other_runs(answer)


def _curve(got: object, layers: int) -> list[float]:
    """A curve as a list of numbers, one a layer."""
    if not isinstance(got, Sequence) and not hasattr(got, "__array__"):
        expect(False, f"a curve should be a list of numbers, it is a {type(got).__name__}")
    numbers = [values.number(value, "a number of a curve") for value in list(got)]  # type: ignore[call-overload]
    expect(len(numbers) == layers, f"a curve of {layers} layers has {len(numbers)} numbers")
    return numbers


def _of_other_runs(answer: Answer) -> None:
    """Several networks and depths at once, with other numbers of seeds, in any order."""
    profiles = {
        ("plain", 8): [[0.125, 0.75, 0.25], [0.5, 0.25, 1.0], [0.5, 0.5, 0.5]],
        ("residual", 8): [[3.0, 1.0, 2.0]],
        ("residual", 14): [[1.0, 2.0, 3.0, 4.0], [8.0, 1.0, 1.0, 1.0]],
    }
    runs = [
        Run(arch, depth, seed, "", list(responses))
        for (arch, depth), several in profiles.items()
        for seed, responses in enumerate(several)
    ]
    runs.append(Run("plain", 20, 0, "decay-0", [5.0, 6.0]))
    for order in (runs, runs[::-1], runs[::2] + runs[1::2]):
        found = values.mapping(
            call(answer, list(order)), list(profiles), "what you return for several networks"
        )
        for key, several in profiles.items():
            means = [statistics.fmean(layer) for layer in zip(*several, strict=True)]
            curve = _curve(found[key], len(means))
            sentence = f"of several networks in one list, the curve of {key} is not right"
            values.diagnose(curve, sorted(means, reverse=True), {}, sentence, 1e-6)


def by_the_optimizer(
    scale: float, rates: Sequence[float], weight_decay: float, momentum: float, **other: bool
) -> float:
    """What torch.optim.SGD makes of a parameter whose gradient is zero."""
    parameter = nn.Parameter(torch.tensor(scale, dtype=torch.float64))
    parameter.grad = torch.zeros_like(parameter)
    optimizer = torch.optim.SGD([parameter], 1.0, momentum, weight_decay=weight_decay, **other)
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
    return parameter.item()


@check
def decayed(answer: Answer) -> None:
    """Cases that can be done by hand, then the optimizer itself."""
    is_the_students_own(lambda: answer(1.0, [0.1], 0.1, 0.9))
    nothing = values.number(call(answer, 1.0, [0.1], 0.0, 0.9))
    expect(values.same(nothing, 1.0, 1e-6), "without weight decay nothing should move")
    expect(
        values.same(values.number(call(answer, 3.5, [], 0.1, 0.9)), 3.5, 1e-6),
        "after no step at all the scale has moved",
    )
    once = values.number(call(answer, 2.0, [0.5], 0.1, 0.9))
    faults = {
        "the scale grows; weight decay makes it smaller": 2.1,
        "the learning rate is left out": 1.8,
    }
    values.diagnose(
        once, 1.9, faults, "one step of 2.0 with lr 0.5 and decay 0.1 is not right", 1e-6
    )
    twice = values.number(call(answer, 3.0, [0.5, 0.25], 0.3, 0.0))
    values.diagnose(
        twice, 2.35875, {}, "already without momentum the second step is not right", 1e-6
    )
    rates = [0.3, 0.3, 0.1, 0.2]
    got = values.number(call(answer, 2.0, rates, 0.2, 0.8))
    values.diagnose(
        got,
        by_the_optimizer(2.0, rates, 0.2, 0.8),
        _other_decays(rates),
        "with momentum it differs from torch.optim.SGD",
        1e-5,
    )
    for start, more in ((-1.5, [0.0, 0.4, 0.0, 0.7]), (40.0, [0.01] * 30), (0.003, [1.0, 0.5] * 4)):
        got = values.number(call(answer, start, more, 0.3, 0.6))
        sentence = f"for a scale that starts at {start}, over {len(more)} steps, it differs from torch.optim.SGD"
        values.diagnose(got, by_the_optimizer(start, more, 0.3, 0.6), {}, sentence, 1e-5)


def _other_decays(rates: list[float]) -> dict[str, float]:
    """What is often computed instead, by what it is."""
    without = by_the_optimizer(2.0, rates, 0.2, 0.0)
    damped = 2.0
    average = 0.0
    for rate in rates:
        average = 0.8 * average + 0.2 * 0.2 * damped
        damped -= rate * average
    return {
        "momentum has no effect: what is the running sum of gradients?": without,
        "this is Nesterov's momentum; the plain one is asked for": by_the_optimizer(
            2.0, rates, 0.2, 0.8, nesterov=True
        ),
        "the running sum is an average: SGD adds the whole gradient to it": damped,
        "every step has the first learning rate": by_the_optimizer(
            2.0, rates[:1] * len(rates), 0.2, 0.8
        ),
        "every step has the last learning rate": by_the_optimizer(
            2.0, rates[-1:] * len(rates), 0.2, 0.8
        ),
        "one step is missing": by_the_optimizer(2.0, rates[:-1], 0.2, 0.8),
        "the momentum is applied as if it had acted for ever": _in_the_long_run(rates),
    }


def _in_the_long_run(rates: list[float]) -> float:
    scale = 2.0
    for rate in rates:
        scale *= 1 - 0.2 * rate / (1 - 0.8)
    return scale
