"""Blocks that are wrong, each in one way that has a name: what a student's block is compared with when it is not right.

A branch is a list of layers, made by a function; an edit changes one thing about it. A join puts branch and shortcut
together.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .behaviours.twins import Maker

Layers = Callable[[], Sequence[nn.Module]]
Join = Callable[[Tensor, Tensor], Tensor]
ELEMENTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "leaky ReLU": F.leaky_relu,
    "leaky ReLU (0.1)": partial(F.leaky_relu, negative_slope=0.1),
    "leaky ReLU (0.2)": partial(F.leaky_relu, negative_slope=0.2),
    "GELU": F.gelu,
    "SiLU": F.silu,
    "ELU": F.elu,
    "SELU": F.selu,
    "ReLU6": F.relu6,
    "hard swish": F.hardswish,
    "softplus": F.softplus,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "the absolute value": torch.abs,
    "the square": torch.square,
}


class Apply(nn.Module):
    """A function as a layer."""

    def __init__(self, function: Callable[[Tensor], Tensor]):
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Joined(nn.Module):
    """A branch and a shortcut, put together by `join`."""

    def __init__(self, residual: nn.Module, shortcut: nn.Module, join: Join):
        super().__init__()
        self.residual = residual
        self.shortcut = shortcut
        self.join = join

    def forward(self, x: Tensor) -> Tensor:
        return self.join(self.residual(x), self.shortcut(x))


def joins() -> dict[str, Join]:
    """Ways to put F and what the shortcut carries together that are wrong, each with its sentence."""
    ways: dict[str, Join] = {
        "the shortcut has no effect: is the addition missing?": lambda f, s: f.relu(),
        "the shortcut has no effect, and no ReLU follows": lambda f, s: f,
        "the branch has no effect: only what the shortcut carries comes out": lambda f, s: s.relu(),
        "the branch has no effect, and no ReLU follows": lambda f, s: s,
        "right sum, but the output goes below zero: what follows the addition?": lambda f, s: f + s,
        "the ReLU comes before the addition; here it should come after": lambda f, s: f.relu() + s,
        "a ReLU acts on F before the addition, so F can only add": lambda f, s: (
            f.relu() + s
        ).relu(),
        "a ReLU acts on the shortcut before the addition": lambda f, s: (f + s.relu()).relu(),
        "both parts go through a ReLU of their own; one follows the sum": lambda f, s: (
            f.relu() + s.relu()
        ),
        "F is subtracted": lambda f, s: (s - f).relu(),
        "what the shortcut carries is subtracted": lambda f, s: (f - s).relu(),
        "F and the shortcut are multiplied instead of added": lambda f, s: (f * s).relu(),
        "the larger of the two comes out instead of the sum": lambda f, s: torch.maximum(
            f, s
        ).relu(),
        "the mean of the two comes out instead of the sum": lambda f, s: (f / 2 + s / 2).relu(),
        "the shortcut counts by half": lambda f, s: (f + s / 2).relu(),
        "F counts by half": lambda f, s: (f / 2 + s).relu(),
        "the shortcut is added twice": lambda f, s: (f + 2 * s).relu(),
        "the shortcut is added once more after the ReLU": lambda f, s: (f + s).relu() + s,
        "F is added twice": lambda f, s: (2 * f + s).relu(),
        "the sum is turned around before the ReLU": lambda f, s: (-(f + s)).relu(),
        "the sum is divided by the root of two": lambda f, s: ((f + s) / 2**0.5).relu(),
    }
    for name, function in ELEMENTWISE.items():
        sentence = f"another function than ReLU follows the addition ({name})"
        ways[sentence] = partial(lambda f, s, function: function(f + s), function=function)
    return ways


def cut_joins() -> dict[str, Join]:
    """Ways that give the right numbers and a gradient that is cut."""
    return {
        "no gradient flows through the shortcut: what it carries is cut off from autograd": (
            lambda f, s: (f + s.detach()).relu()
        ),
        "no gradient flows through the branch: F is cut off from autograd": lambda f, s: (
            f.detach() + s
        ).relu(),
        "the gradient passes the ReLU where the output is zero: it should be stopped there": (
            lambda f, s: (f + s) + ((f + s).relu() - (f + s)).detach()
        ),
    }


def edits(layers: Layers, ends: str = "F") -> dict[str, Maker]:
    """Stacks of layers with one thing wrong, each with its sentence.

    `layers` makes the right ones: convolution, batch norm, ReLU and so on, without a ReLU at the end. `ends` is the
    stack in words.
    """
    wrong: dict[str, Maker] = {}
    kinds = [type(layer) for layer in layers()]
    bends = [place for place, kind in enumerate(kinds) if kind is nn.ReLU]

    def edited(sentence: str, change: Callable[[list[nn.Module]], Sequence[nn.Module]]) -> None:
        wrong[sentence] = lambda: nn.Sequential(*change(list(layers())))

    edited(
        f"nothing bends the signal between the layers of {ends}",
        lambda parts: without(parts, bends),
    )
    if len(bends) > 1:
        for place in bends:
            edited(
                f"somewhere between the layers of {ends} nothing bends the signal (place {place})",
                partial(without, places=[place]),
            )
    edited(
        f"{ends} itself ends with a ReLU, so it can only add: what comes last in it?",
        lambda p: [*p, nn.ReLU()],
    )
    edited(f"the input of {ends} goes through a ReLU first", lambda parts: [nn.ReLU(), *parts])
    edited("the ReLU stands before the batch norm instead of after it", swapped)
    if all(norm.num_features == conv.in_channels for conv, norm in pairs(layers())):
        edited(
            "batch norm and ReLU come before the convolution, as in a pre-activated block",
            pre_activated,
        )
    if len({norm.num_features for _, norm in pairs(layers())}) == 1:
        edited("all convolutions come first, and then all batch norms", sorted_by_kind)
    for name, function in ELEMENTWISE.items():
        edited(
            f"another function than ReLU stands between the layers of {ends} ({name})",
            partial(replaced, function=function),
        )
    _edits_of_convolutions(layers, edited)
    edited("each image is normalised by itself, and not with the others of its batch", by_image)
    return wrong


Editor = Callable[[str, Callable[[list[nn.Module]], Sequence[nn.Module]]], None]


def _edits_of_convolutions(layers: Layers, edited: Editor) -> None:
    places = [place for place, layer in enumerate(layers()) if isinstance(layer, nn.Conv2d)]
    strides = [layer.stride for layer in layers() if isinstance(layer, nn.Conv2d)]
    ordinals = ("first", "second", "third")
    for number, place in enumerate(places):
        if max(strides) != (1, 1) and strides[number] == (1, 1):
            edited(
                f"the stride sits in the {ordinals[number]} convolution",
                partial(restrided, at=place),
            )
    for mode in ("reflect", "replicate", "circular"):
        edited(f"the convolutions do not pad with zeros ({mode})", partial(padded, mode=mode))


def without(parts: list[nn.Module], places: Sequence[int]) -> list[nn.Module]:
    """The layers but those at some places."""
    return [part for place, part in enumerate(parts) if place not in places]


def swapped(parts: list[nn.Module]) -> list[nn.Module]:
    """Each ReLU before the batch norm it followed."""
    parts = list(parts)
    for place in range(1, len(parts)):
        if isinstance(parts[place], nn.ReLU) and isinstance(parts[place - 1], nn.BatchNorm2d):
            parts.insert(place - 1, parts.pop(place))
    return parts


def pairs(parts: Sequence[nn.Module]) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Each convolution with the batch norm that follows it."""
    convolutions = [part for part in parts if isinstance(part, nn.Conv2d)]
    norms = [part for part in parts if isinstance(part, nn.BatchNorm2d)]
    return list(zip(convolutions, norms, strict=True))


def pre_activated(parts: list[nn.Module]) -> list[nn.Module]:
    """Batch norm, ReLU, convolution, where the norms fit the channels that go in."""
    order: list[nn.Module] = []
    for convolution, norm in pairs(parts):
        order += [norm, nn.ReLU(), convolution]
    return order


def sorted_by_kind(parts: list[nn.Module]) -> list[nn.Module]:
    """Convolutions, then a ReLU, then batch norms."""
    both = pairs(parts)
    return [*(convolution for convolution, _ in both), nn.ReLU(), *(norm for _, norm in both)]


def replaced(parts: list[nn.Module], function: Callable[[Tensor], Tensor]) -> list[nn.Module]:
    """Another function in place of each ReLU."""
    return [Apply(function) if isinstance(part, nn.ReLU) else part for part in parts]


def restrided(parts: list[nn.Module], at: int) -> list[nn.Module]:
    """The stride in another convolution."""
    stride = max(part.stride for part in parts if isinstance(part, nn.Conv2d))
    for place, part in enumerate(parts):
        if isinstance(part, nn.Conv2d):
            part.stride = stride if place == at else (1, 1)
    return parts


def padded(parts: list[nn.Module], mode: str) -> list[nn.Module]:
    """Convolutions that pad with something else than zeros."""
    made: list[nn.Module] = []
    for part in parts:
        if isinstance(part, nn.Conv2d) and part.padding != (0, 0):
            shape = (
                part.in_channels,
                part.out_channels,
                part.kernel_size,
                part.stride,
                part.padding,
            )
            made.append(nn.Conv2d(*shape, bias=False, padding_mode=mode))
        else:
            made.append(part)
    return made


def by_image(parts: list[nn.Module]) -> list[nn.Module]:
    """Instance norms in place of batch norms."""
    return [
        nn.InstanceNorm2d(part.num_features, affine=True)
        if isinstance(part, nn.BatchNorm2d)
        else part
        for part in parts
    ]


def joined_wrongly(residual: Maker, shortcut: Maker, ways: Mapping[str, Join]) -> dict[str, Maker]:
    """Blocks of a right branch and a right shortcut in wrong (or cut) ways."""

    def maker(join: Join) -> Maker:
        return lambda: Joined(residual(), shortcut(), join)

    return {sentence: maker(join) for sentence, join in ways.items()}


def with_branches(twin: Maker, branches: Mapping[str, Maker]) -> dict[str, Maker]:
    """Blocks like the reference, but for the branch `residual`."""

    def maker(residual: Maker) -> Maker:
        def make() -> nn.Module:
            block = twin()
            block.set_submodule("residual", residual())
            return block

        return make

    return {sentence: maker(residual) for sentence, residual in branches.items()}
