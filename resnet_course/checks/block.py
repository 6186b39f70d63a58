"""Self-checks of the assignment on the block: addition, block, the test of a block, gradient, stage, network."""

import copy
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..networks import blocks, models
from ..networks.network import Network
from . import check, expect, values
from .behaviours import borrowing, learning, modules, shapes
from .behaviours.authorship import BLOCKS, NETWORKS, is_the_students_own
from .behaviours.modules import Likeness
from .behaviours.stubs import Given, stirred
from .behaviours.twins import Maker, peek
from .calling import call
from .wrong_blocks import Join, Joined, cut_joins, edits, joined_wrongly, joins

Answer = Callable[..., object]


def joined_by_the_package(f: Tensor, x: Tensor) -> Tensor:
    """What the package's residual block gives out when its branch gives f and its shortcut x."""
    block = blocks.ResidualBlock(1, 1)
    block.residual = Given(f)
    block.shortcut = Given(x)
    return block(x)


@check
def add_and_activate(answer: Answer) -> None:
    """Values that tell the order of addition and ReLU, gradients, other sizes and types."""
    f = torch.randn(2, 4, 6, 6)
    x = torch.randn(2, 4, 6, 6)
    got = values.tensor(call(answer, f, x), f.shape)
    is_the_students_own(lambda: answer(f, x), *BLOCKS)
    faults = {sentence: join(f, x) for sentence, join in joins().items()}
    values.diagnose(
        got, joined_by_the_package(f, x), faults, "the shape is right, the values are not"
    )
    maps = shapes.maps_of_any_size(f)
    cases = {sentence: (f, torch.randn_like(f) * f.std()) for sentence, f in maps.items()}
    shapes.works_for_other_shapes(answer, joined_by_the_package, cases)
    shapes.works_for_other_shapes(
        answer, joined_by_the_package, {shapes.DOUBLE: (f.double(), x.double())}
    )
    learning.flows_back(answer, joined_by_the_package, [f.double(), x.double()], cut_joins())
    shapes.works_on_any_device(lambda device: answer(f.to(device), x.to(device)), "your function")


@check
def residual_block(answer: Answer) -> None:
    """The two parts by their names, then the whole; where the shape stays, and where it changes."""
    for inside, outside, stride in ((4, 6, 2), (4, 4, 1), (4, 6, 1), (4, 4, 2)):
        what = f"ResidualBlock({inside}, {outside}, {stride})"
        make = modules.maker(answer, inside, outside, stride, what=what)
        twin = partial(blocks.ResidualBlock, inside, outside, stride, "B")
        x = torch.randn(3, inside, 8, 8)
        is_the_students_own(lambda: make()(x), *BLOCKS)  # noqa: B023, called at once
        residual = _branch(make, twin, x, what)
        shortcut = _shortcut(make, twin, x, what)
        likeness = Likeness(
            what,
            make,
            twin,
            "the two parts of the block are right, and are put together to something else",
            joined_wrongly(residual, shortcut, joins()),
            joined_wrongly(residual, shortcut, cut_joins()),
        )
        modules.is_like(likeness, x)


def _branch(make: Maker, twin: Maker, x: Tensor, what: str) -> Maker:
    """Look at F by itself; makes the reference's."""
    right = modules.part(twin, "residual", what)
    named = f"the branch `residual` of {what}"
    likeness = Likeness(
        named,
        modules.part(make, "residual", what),
        right,
        "F has layers of the right sizes, and computes something else with them",
        edits(lambda: list(right().children())),
    )
    modules.computes_likewise(likeness, x)
    return right


def _shortcut(make: Maker, twin: Maker, x: Tensor, what: str) -> Maker:
    """Look at the shortcut by itself; makes the reference's."""
    right = modules.part(twin, "shortcut", what)
    named = f"the `shortcut` of {what}"
    otherwise = f"{named} has the right parameters, and computes something else with them"
    modules.computes_likewise(
        Likeness(named, modules.part(make, "shortcut", what), right, otherwise), x
    )
    return right


# Ways to put F and the shortcut together, and whether a zero test should let a block pass that does so.
ENDS: dict[str, Join] = {
    "without the addition": lambda f, s: f.relu(),
    "with half of the shortcut": lambda f, s: (f + s / 2).relu(),
    "whose shortcut is a thousandth too small": lambda f, s: (f + 0.999 * s).relu(),
    "with the shortcut subtracted": lambda f, s: (f - s).relu(),
    "with F and the shortcut multiplied": lambda f, s: (f * s).relu(),
    "that adds the shortcut turned left to right": lambda f, s: (f + s.flip(3)).relu(),
    "that adds the shortcut's channels in another order": lambda f, s: (f + s.roll(1, 1)).relu(),
    "that adds a shortcut to the first image only": lambda f, s: torch.cat(
        [(f + s)[:1], f[1:]]
    ).relu(),
    "that adds a shortcut to the later images only": lambda f, s: torch.cat(
        [f[:1], (f + s)[1:]]
    ).relu(),
    "that adds a shortcut to the upper rows only": lambda f, s: torch.cat(
        [(f + s)[:, :, :2], f[:, :, 2:]], 2
    ).relu(),
    "that adds the shortcut and a little more": lambda f, s: (f + s + 0.01).relu(),
    "with another function than ReLU at its end": lambda f, s: F.softplus(f + s),
}
ENDS_THAT_ONLY_A_PROJECTION_SHOWS: dict[str, Join] = {
    "with the ReLU before the addition": lambda f, s: f.relu() + s,
    "without the last ReLU": lambda f, s: f + s,
}
SHAPES = ((4, 4, 1, "A"), (4, 6, 2, "B"))


def _block_with(join: Join, shape: tuple[int, int, int, str]) -> nn.Module:
    """A block in the middle of a training whose parts are put together by `join`."""
    sound = blocks.ResidualBlock(*shape)
    return stirred(Joined(sound.residual, sound.shortcut, join))


@check
def passes_zero_test(answer: Answer) -> None:
    """The student's test lets residual blocks pass, no other one, and leaves them as they were."""
    x = torch.rand(3, 4, 6, 6)
    for shape in SHAPES:
        where = f"from {shape[0]} to {shape[1]} channels"
        for kind in (blocks.ResidualBlock, blocks.BottleneckBlock):
            for training in (True, False):
                sound = stirred(kind(*shape)).train(training)
                passes = values.truth(call(answer, sound, x))
                expect(
                    passes,
                    f"a right block {where}, with trained batch norms, does not pass your test",
                )
        shown = ENDS if shape[0] == shape[1] else ENDS | ENDS_THAT_ONLY_A_PROJECTION_SHOWS
        for fault, join in shown.items():
            passes = values.truth(call(answer, _block_with(join, shape), x))
            expect(not passes, f"a block {fault}, {where}, passes your test")
    _looks_in_eval_mode(answer, x)
    _does_not_depend_on_size(answer, x)
    for shape in SHAPES:
        borrowing.keeps_the_callers_state(
            lambda block: answer(block, x), partial(blocks.ResidualBlock, *shape)
        )


class AddsInOneMode(Joined):
    """A block that adds its shortcut in training mode alone, or in eval mode alone, like one with dropout."""

    def __init__(self, residual: nn.Module, shortcut: nn.Module, in_training: bool):
        super().__init__(residual, shortcut, torch.add)
        self.in_training = in_training

    def forward(self, x: Tensor) -> Tensor:
        adds = self.training is self.in_training
        return torch.relu(self.residual(x) + (self.shortcut(x) if adds else 0))


def _looks_in_eval_mode(answer: Answer, x: Tensor) -> None:
    for in_training in (True, False):
        for training in (True, False):
            sound = blocks.ResidualBlock(*SHAPES[0])
            block = stirred(AddsInOneMode(sound.residual, sound.shortcut, in_training)).train(
                training
            )
            passes = values.truth(call(answer, block, x))
            if in_training:
                expect(
                    not passes,
                    "a block that adds its shortcut in training mode only passes your test",
                )
            else:
                expect(
                    passes,
                    "a block that is right in eval mode, the mode that is asked for, does not pass your test",
                )


def _does_not_depend_on_size(answer: Answer, x: Tensor) -> None:
    """Small numbers, large ones and float64 change nothing about what passes."""
    halved = ENDS["with half of the shortcut"]
    for size in (1e-4, 1e4):
        word = "small" if size < 1 else "large"
        sound = stirred(blocks.ResidualBlock(4, 4))
        expect(
            values.truth(call(answer, sound, size * x)),
            f"a right block does not pass your test when the numbers of `x` are {word}",
        )
        expect(
            not values.truth(call(answer, _block_with(halved, SHAPES[0]), size * x)),
            f"a block with half of the shortcut passes when the numbers of `x` are {word}: how much may two outputs "
            "differ and still be equal?",
        )
    double = stirred(blocks.ResidualBlock(4, 4)).double()
    expect(
        values.truth(call(answer, double, x.double())),
        "a right block in float64 does not pass your test",
    )


@check
def input_gradient(answer: Answer) -> None:
    """Norm of the gradient of the summed output with respect to the input; nothing else gets a gradient."""
    images = torch.randn(4, 2, 5, 5)
    for training in (True, False):
        net = stirred(_small_net()).train(training)
        other = copy.deepcopy(net).train(not training)
        found = _measured(answer, net, images)
        word = "training" if training else "eval"
        expect(
            not values.same(found, slopes(other, images).norm(), 1e-3),
            f"the net came in {word} mode, and your gradient is that of the other mode",
        )
        _norm_is(found, slopes(net, images), outputs=4 * 2 * 9)
    linear = nn.Linear(3, 2)
    row = linear.weight.detach().sum(0)
    _norm_is(_measured(answer, linear, torch.randn(5, 3)), row.expand(5, 3), outputs=10)
    _of_any_size(answer)
    borrowing.keeps_the_callers_state(
        lambda net: answer(net, images), _small_net, under_no_grad=False
    )
    _keeps_the_input(answer, images)


def _measured(answer: Answer, net: nn.Module, x: Tensor) -> float:
    """What the answer measures of copies, whatever it does to them."""
    got = call(answer, copy.deepcopy(net), x.clone(), changes=True)
    return values.python_float(got)


def _small_net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Tanh(), nn.Conv2d(3, 2, 1))


def slopes(net: nn.Module, x: Tensor, step: float = 1e-5) -> Tensor:
    """How fast sum(net(x)) changes with each number of x, measured by small steps in float64."""
    double = copy.deepcopy(net).double()
    x = x.double()
    found = torch.zeros_like(x)
    for place in range(x.numel()):
        nudge = torch.zeros_like(x)
        nudge.view(-1)[place] = step
        rise = peek(double, x + nudge).sum() - peek(double, x - nudge).sum()
        found.view(-1)[place] = rise / (2 * step)
    return found


def _norm_is(found: float, gradient: Tensor, outputs: int) -> None:
    """A norm, told apart from what is often taken for it."""
    norm = gradient.norm()
    each = gradient.flatten(1).norm(dim=1)
    faults = {
        "this is the square of the norm": norm**2,
        "this is the sum of all sizes; the Euclidean norm is asked for": gradient.abs().sum(),
        "this is the largest size; the Euclidean norm is asked for": gradient.abs().max(),
        "this is the root of a mean of squares: the norm adds them up": norm
        / gradient.numel() ** 0.5,
        "this is the gradient of the mean output; the sum was asked for": norm / outputs,
        "this is the norm for the first image alone": each[0],
        "this is a mean over images of their norms; one norm over everything is asked for": each.mean(),
        "this is a sum over images of their norms; one norm over everything is asked for": each.sum(),
        "this is the sum of the gradient, and not its norm": gradient.sum(),
    }
    values.diagnose(
        found,
        norm,
        faults,
        "the norm is not right: of the gradient of what, with respect to what?",
        1e-3,
    )


def _of_any_size(answer: Answer) -> None:
    x = torch.randn(5, 3)
    for word, factor in (("large", 1e4), ("small", 1e-4)):
        net = nn.Linear(3, 2)
        nn.init.constant_(net.weight, factor)
        wanted = factor * 2 * x.numel() ** 0.5
        expect(
            values.same(_measured(answer, net, x), wanted, 1e-3),
            f"for a net with a {word} gradient the norm is not right: is something clamped, clipped or rounded?",
        )
    double = nn.Linear(3, 2).double()
    wanted = double.weight.detach().sum(0).norm() * 5**0.5
    expect(
        values.same(_measured(answer, double, x.double()), wanted, 1e-9),
        "for a net in float64 the norm is that of float32: something is converted or rounded",
    )


def _keeps_the_input(answer: Answer, images: Tensor) -> None:
    """Inputs that ask for gradients, and have one, keep both; and the answer follows the net when it changes."""
    net = stirred(_small_net()).eval()
    asking = images.clone().requires_grad_()
    asking.grad = torch.ones_like(asking)
    one = values.python_float(call(answer, net, asking))
    expect(
        values.same(call(answer, net, images), one, 1e-5),
        "asked twice of the same net, you give two answers",
    )
    with torch.no_grad():
        net[3].weight.mul_(2)
    expect(
        values.same(call(answer, net, images), 2 * one, 1e-3),
        "when the net has changed, your answer has not",
    )


def _stage_of_the_package(
    inside: int, outside: int, count: int, stride: int, block: type[nn.Module]
) -> nn.Module:
    """Only the first stage of the package's networks keeps the size of its map, so a second one is made to halve it."""
    earlier = stride - 1
    return models.make_stages(
        block, inside, (inside,) * earlier + (outside,), (1,) * earlier + (count,)
    )[-1]


@check
def make_stage(answer: Answer) -> None:
    """So many different blocks, the first of which changes the shape."""
    for inside, outside, count, stride in ((4, 6, 3, 2), (4, 4, 2, 1), (4, 4, 1, 2), (4, 6, 2, 1)):
        what = f"make_stage({inside}, {outside}, {count}, {stride})"
        make = modules.maker(answer, inside, outside, count, stride, what=what)
        x = torch.randn(3, inside, 8, 8)
        _has_blocks(values.module(make(), nn.Sequential, what), count, stride, x, what)
        likeness = Likeness(
            what,
            make,
            partial(_stage_of_the_package, inside, outside, count, stride, blocks.ResidualBlock),
            f"{what} has the right shapes, and computes something else than residual blocks in a row",
            {
                "these blocks have no shortcut: plain blocks instead of residual ones": partial(
                    _stage_of_the_package, inside, outside, count, stride, blocks.PlainBlock
                )
            },
        )
        modules.is_like(likeness, x)


def _has_blocks(stage: nn.Sequential, count: int, stride: int, x: Tensor, what: str) -> None:
    """As many blocks as asked for, each with weights of its own, and a map that shrinks in the first alone."""
    expect(len(stage) == count, f"{what} should have {count} blocks, it has {len(stage)}")
    different = {id(block) for block in stage}
    expect(
        len(different) == count,
        f"{what}: one block stands in several places, and its copies learn as one",
    )
    sides = []
    for block in stage:
        out = call(block, x, what=f"a block of {what}")
        expect(
            isinstance(out, Tensor) and out.dim() == 4,
            f"{what}: what its blocks give out is no map (N, C, H, W)",
        )
        x = out
        sides.append(x.shape[-1])
    expect(
        sides == [8 // stride] * count,
        f"{what} on a map of side 8: behind its blocks the sides are {sides}",
    )
    weights = [[p for p in block.parameters() if p.dim() > 1] for block in stage]
    copies = len(weights) > 2 and all(map(torch.equal, weights[-1], weights[-2]))
    expect(
        not copies,
        f"{what}: blocks start with the same weights, as copies of one another; each draws its own",
    )


@check
def resnet(answer: Answer) -> None:
    """Numbers, statistics and gradients of the CIFAR networks, for images of any size."""
    for depth in (8, 20):
        what = f"resnet({depth})"
        is_the_students_own(partial(answer, depth), *NETWORKS)
        likeness = Likeness(
            what,
            modules.maker(answer, depth, what=what),
            partial(models.cifar, depth),
            f"{what} has the right layers, and computes something else: what stands between stem, stages and head?",
            _wrong_networks(depth),
        )
        modules.is_like(likeness, torch.randn(4, 3, 16, 16))


def _wrong_networks(depth: int) -> dict[str, Maker]:
    """Networks with the parameters of the right one that compute something else."""

    def made(change: Callable[[Network], nn.Module], kind: str = "residual") -> Maker:
        return lambda: change(models.cifar(depth, kind))

    return {
        "probabilities come out; logits are asked for": made(
            lambda net: nn.Sequential(net, nn.Softmax(1))
        ),
        "logarithms of probabilities come out; logits are asked for": made(
            lambda n: nn.Sequential(n, nn.LogSoftmax(1))
        ),
        "the logits go through a ReLU: nothing follows the linear layer": made(
            lambda n: nn.Sequential(n, nn.ReLU())
        ),
        "the blocks have no shortcut: plain blocks instead of residual ones": made(
            lambda net: net, "plain"
        ),
        "the largest number of each channel reaches the head; the mean is asked for": made(
            lambda net: nn.Sequential(
                net.stem, net.stages, nn.AdaptiveMaxPool2d(1), nn.Flatten(), net.head
            )
        ),
        "no ReLU follows the stem's batch norm": made(
            lambda n: nn.Sequential(
                n.stem[:2], n.stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), n.head
            )
        ),
        "the first stage halves the map: only the second and third do": made(_halved_at_once),
        "a max pool stands behind the stem, as for photographs": made(
            lambda n: nn.Sequential(
                n.stem,
                nn.MaxPool2d(3, 2, 1),
                n.stages,
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                n.head,
            )
        ),
        "a dropout stands before the head": made(
            lambda n: nn.Sequential(
                n.stem, n.stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), n.head
            )
        ),
    }


def _halved_at_once(net: Network) -> nn.Module:
    first = net.stages[0][0]
    first.residual[0].stride = (2, 2)
    first.shortcut = blocks.ZeroPadShortcut(0, 2)
    return net
