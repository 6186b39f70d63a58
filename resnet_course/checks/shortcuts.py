"""Self-checks of the assignment on shortcuts: option A, which shortcut where, the block, its price, paired records."""

from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional as F

from ..networks.blocks import BottleneckBlock
from . import check, expect, learns, result, same, stirred
from .layers import alternate, ran, refuses


@check
def zero_pad(answer) -> None:
    """Option A: every stride-th pixel, and zero channels before and after."""
    for channels, out_channels, stride in ((4, 4, 1), (2, 8, 1), (4, 8, 2), (3, 7, 2)):
        x = torch.randn(2, channels, 6, 6)
        out = result(
            answer, x, out_channels, stride, shape=(2, out_channels, 6 // stride, 6 // stride)
        )
        before = (out_channels - channels) // 2
        middle, pixels = out[:, before : before + channels], x[:, :, ::stride, ::stride]
        if stride == 2:
            expect(
                not same(middle, F.avg_pool2d(x, 2)),
                "pixels are averaged; option A takes some, drops the rest",
            )
            expect(
                not same(middle, x[:, :, 1::2, 1::2]),
                "every second pixel is taken, but from the wrong one on",
            )
        first = before and same(out[:, :channels], pixels)
        expect(not first, "the new channels all come after the old ones; how should they be split?")
        expect(
            torch.equal(middle, pixels),
            "the old channels are not where they should be, or not what they were",
        )
        others = torch.cat([out[:, :before], out[:, before + channels :]], 1)
        expect(not others.any(), "the new channels are not zero")
    x = torch.randn(1, 2, 4, 4, requires_grad=True)
    out = answer(x, 4, 2)
    expect(out.requires_grad, "no gradient flows back through the shortcut")
    out.sum().backward()
    expect(
        x.grad.sum() == 8,
        "a gradient of 1 should reach each pixel that is taken, and 0 each of the others",
    )


@check
def shortcut_kind(answer) -> None:
    """Which shortcut each of the three options uses, and where."""
    shapes = {
        "nothing changes": (16, 16, 1),
        "more channels": (16, 64, 1),
        "smaller map": (16, 16, 2),
    }
    kinds = {
        "A": ("identity", "zero-pad"),
        "B": ("identity", "projection"),
        "C": ("projection", "projection"),
    }
    for option, (kept, changed) in kinds.items():
        for name, (inside, outside, stride) in (shapes | {"both": (16, 32, 2)}).items():
            found = result(answer, option, inside, outside, stride, of=str)
            where = f"option {option}, {inside} to {outside} channels, stride {stride} ({name})"
            expect(
                found in ("identity", "zero-pad", "projection"),
                f"{where}: {found!r} is no kind of shortcut",
            )
            expect(
                found == (kept if name == "nothing changes" else changed), f"{where}: not {found}"
            )
    refuses(answer, "D", 16, 16, 1, why="there is no option D")


@check
def bottleneck(answer) -> None:
    """relu(F(x) + shortcut(x)), F of 1x1, 3x3, 1x1 layers; a projection where the shape changes, and only there."""
    for inside, outside, stride in ((8, 16, 2), (16, 16, 1), (8, 16, 1)):
        block, twin = (
            stirred(answer(inside, outside, stride)).eval(),
            BottleneckBlock(inside, outside, stride).eval(),
        )
        x, said, wide = (
            torch.randn(2, inside, 8, 8),
            f"Bottleneck({inside}, {outside}, {stride})",
            (outside, inside),
        )
        out = result(block, x, shape=(2, outside, 8 // stride, 8 // stride))
        mine, theirs = ran(block, x), ran(twin, x)
        across = [
            n for n, m in enumerate(mine) if isinstance(m, nn.Conv2d) and m.weight.shape[:2] == wide
        ]
        if across:  # the projection may run before the branch
            mine = [m for n, m in enumerate(mine) if n - across[0] not in (0, 1)] + mine[
                across[0] : across[0] + 2
            ]
        count, wanted = (sum(isinstance(m, nn.Conv2d) for m in layers) for layers in (mine, theirs))
        expect(
            count == wanted,
            f"{said} should run {wanted} convolutions, and {count} run: what of the projection?",
        )
        alternate(mine, wanted)
        for one, other in zip(mine, theirs, strict=True):
            fits = [tuple(p.shape) for p in one.parameters()] == [
                tuple(p.shape) for p in other.parameters()
            ]
            expect(fits, f"{said} has a {one} where a {other} is expected")
            other.load_state_dict(one.state_dict())
        strides = [m.stride for m in mine if isinstance(m, nn.Conv2d)]
        right = strides == [m.stride for m in theirs if isinstance(m, nn.Conv2d)]
        expect(right, f"{said}: the stride sits in another layer: the convolutions have {strides}")
        branch, carried = twin.residual(x), twin.shortcut(x)
        expect(not same(out, branch.relu()), "what the shortcut carries is not used")
        expect(
            not same(out, branch.relu() + carried),
            "ReLU acts before the addition, and nothing acts after it",
        )
        expect(
            not same(out, (branch.relu() + carried).relu()),
            "F ends with a ReLU, so it can only add",
        )
        expect(not same(out, branch + carried), "nothing follows the addition")
        expect(
            same(out, (branch + carried).relu()),
            "the right layers, another result than ReLU(F(x) + shortcut)",
        )
        learns(block, x)


@check
def shortcut_parameters(answer) -> None:
    """What the shortcuts add to the parameters of a CIFAR network."""
    known = {
        (20, "A"): 0,
        (20, "B"): 2752,
        (20, "C"): 14240,
        (56, "B"): 2752,
        (56, "C"): 47840,
        (110, "C"): 98240,
    }
    for (depth, option), number in known.items():
        found, net = result(answer, depth, option, of=int), f"ResNet-{depth} with option {option}"
        blocks = {"A": (0, 0, 0), "B": (0, 1, 1), "C": (depth // 6,) * 3}[option]
        norms = sum(2 * width * count for width, count in zip((16, 32, 64), blocks, strict=True))
        expect(
            found != number - norms or not norms,
            f"{net}: the batch norms of the projections are left out",
        )
        expect(
            option != "B" or found <= number,
            f"{net}: {found}; in how many blocks does the shape change?",
        )
        expect(found == number, f"{net}: {found} is not the number of parameters of its shortcuts")


@check
def multiply_adds(answer) -> None:
    """Multiply-adds of one convolution on one map."""
    for changed in ({}, {"stride": 2}, {"padding": 0}, {"groups": 4}, {"bias": True}):
        conv = nn.Conv2d(8, 12, **({"kernel_size": 3, "padding": 1, "bias": False} | changed))
        written = conv(torch.zeros(1, 8, 10, 14)).shape[-2:].numel()
        wanted, found = written * conv.weight.numel(), result(answer, conv, 10, 14, of=int)
        said = f"{conv} on a map of 10 x 14"
        expect(
            found != 2 * wanted, f"{said}: a multiply-add is counted as one, not as two operations"
        )
        by_input = written != 140 and found == 140 * conv.weight.numel()
        expect(not by_input, f"{said}: a weight works once for every pixel of which map?")
        expect(
            conv.groups == 1 or found != 4 * wanted,
            f"{said}: how many channels does one of the new ones read?",
        )
        expect(found == wanted, f"{said}: {found} is not the count")


@check
def paired_difference(answer) -> None:
    """Mean and deviation, over seeds, of what an option costs each seed."""
    errors = {
        ("B", 2): 33,
        ("A", 0): 20,
        ("A", 1): 40,
        ("B", 0): 21,
        ("A", 2): 30,
        ("B", 1): 45,
        ("C", 0): 90,
    }
    records = [
        SimpleNamespace(shortcut=o, seed=s, final={"test_error": e}) for (o, s), e in errors.items()
    ]
    mean, std = result(answer, records, "B", of=tuple)
    expect(
        not same(mean, -3),
        "the sign is wrong: positive should mean that the option does worse than A",
    )
    expect(same(mean, 3), f"the seeds differ by 1, 5 and 3; your mean is {mean}")
    expect(
        not same(std, (8 / 3) ** 0.5),
        "the deviation is taken as if the three seeds were all there are",
    )
    expect(
        std < 8,
        f"{std:.1f} is about the spread of the runs themselves, not of the differences seed by seed",
    )
    expect(
        same(std, 2),
        f"the seeds differ by 1, 5 and 3; your deviation is {std}: which run belongs to which?",
    )
    expect(
        answer(records, "A") == (0, 0), "option A differs from itself: are records and option used?"
    )
