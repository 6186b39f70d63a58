"""Self-checks of the assignment on the construction: copies, silent branches, grafts, answers, drift."""

import copy
from itertools import product

import torch
from torch import nn

from ..networks.blocks import PlainBlock, ResidualBlock
from . import check, expect, result, same, stirred
from .diagnosis import diagnose
from .layers import a, changes, off, refuses


@check
def copying_convolution(answer) -> None:
    """A convolution that returns its input, whatever its sign, to the last bit."""
    for channels, size in ((4, 3), (3, 5), (2, 1)):
        conv, x = answer(channels, size), torch.randn(2, channels, 9, 8)
        a(nn.Conv2d, conv)
        expect(
            conv.kernel_size == (size, size),
            f"the kernel should be {size}x{size}, it is {conv.kernel_size}",
        )
        out = result(conv, x, shape=x.shape)
        expect(
            not same(out, 0 * x + x.sum(1, keepdim=True)),
            "each channel is the sum of all the input channels",
        )
        steps = [step for step in product((-2, -1, 0, 1, 2), repeat=2) if any(step)]
        shifted = any(
            same(out[..., 2:-2, 2:-2], x.roll(step, (2, 3))[..., 2:-2, 2:-2]) for step in steps
        )
        expect(
            not shifted,
            "the picture is copied and moved: which number of the kernel meets the pixel itself?",
        )
        expect(torch.equal(out, x), f"the output differs from the input {off(out, x)}")
        expect(
            conv.weight.requires_grad, "the kernel is frozen: training could not go on from here"
        )


@check
def disguised_copy(answer) -> None:
    """A plain block that copies to the last bit, though its middle is permuted and scaled."""
    for order, factors in (
        ([2, 0, 3, 1], [4.0, 0.5, 1.0, 2.0]),
        ([1, 2, 3, 0], [0.25, 8.0, 2.0, 1.0]),
    ):
        block, x, times = (
            answer(order, factors),
            torch.rand(2, 4, 6, 6),
            torch.tensor(factors)[:, None, None],
        )
        expect(
            isinstance(block, PlainBlock),
            f"a PlainBlock is expected, a {type(block).__name__} is returned",
        )
        expect(
            not block.training,
            "the block is in training mode, where batch norm uses the batch's own statistics",
        )
        middle, places, scaled = block.residual[:3](x), torch.tensor(order).argsort(), times * x
        faults = {
            "channel c of the middle holds the input's channel order[c]: what goes where?": scaled[
                :, order
            ]
        }
        faults |= {
            "nothing is in disguise: the middle is the input": x,
            "the factors are missing": x[:, places],
        }
        diagnose(
            middle,
            scaled[:, places],
            faults,
            "after the first ReLU the numbers are not those asked for",
        )
        out, moved = result(block, x, shape=x.shape), (middle / times)[:, places]
        faults = {
            "the factors are not undone": scaled,
            "the channels are moved on instead of back": moved,
        }
        diagnose(out, x, faults, f"the output differs from the input {off(out, x)}")
        expect(
            torch.equal(out, x),
            "nearly the input, not to the last bit: what exactly does batch norm divide by?",
        )
    refuses(answer, [1, 0], [-2.0, 1.0], why="after the factor -2 the ReLU lets nothing through")


@check
def silence(answer) -> None:
    """F = 0 by the last batch norm alone, in both modes, in place; all else is left, and can learn."""
    for arguments in ((4, 4), (4, 8, 2, "B")):
        block, x = stirred(ResidualBlock(*arguments)).eval(), torch.rand(3, 4, 6, 6)
        parts, before = list(block.modules()), copy.deepcopy(block.state_dict())
        expect(
            answer(block) is block,
            "the block that was given should be changed in place and returned",
        )
        expect(
            list(block.modules()) == parts, "layers are to be silenced, and not removed or replaced"
        )
        others = [
            name
            for name in changes(block, before).split(", ")
            if not name.startswith("residual.4.")
        ]
        expect(not any(others), f"more than the last layer of F has changed: {', '.join(others)}")
        for mode in (True, False):
            out, carried = block.train(mode)(x), block.shortcut(x).relu()
            expect(
                torch.equal(out, carried),
                f"F still changes the output {off(out, carried)} (training: {mode})",
            )
        out, scale = block(x), block.residual[-1].weight
        (out + 0 * x.requires_grad_().sum()).sum().backward()
        expect(
            scale.grad is not None and scale.grad.any(),
            "no gradient reaches F's scale: it can never wake up",
        )


@check
def graft(answer) -> None:
    """New blocks before a position, each its own, each doing nothing; the stage that was given is left alone."""
    stage = nn.Sequential(*(stirred(ResidualBlock(4, 4)) for _ in range(3))).eval()
    x, before = torch.rand(2, 4, 6, 6), copy.deepcopy(stage.state_dict())
    for at, count in ((1, 1), (2, 3), (3, 2)):
        grown, said = answer(stage, at, count), f"graft(stage, {at}, {count})"
        expect(
            len(stage) == 3 and not changes(stage, before),
            "the given stage has changed; a new one was asked for",
        )
        a(nn.Sequential, grown)
        expect(
            len(grown) == 3 + count,
            f"{said}: 3 blocks and {count} new ones, and you return {len(grown)}",
        )
        expect(
            len({*grown}) == len(grown),
            "one block stands in several places: its copies would learn as one",
        )
        common = {*stage.parameters()} & {*grown.parameters()}
        expect(
            not common,
            "old and new stage have parameters in common: training one would change the other",
        )
        out = result(grown, x, shape=x.shape)
        expect(
            torch.equal(out, stage(x)),
            f"{said}: the answers differ from the old stage's {off(out, stage(x))}",
        )
        old = [block for place, block in enumerate(grown) if not at <= place < at + count]
        there = all(torch.equal(b(x), s(x)) for b, s in zip(old, stage, strict=True))
        expect(
            there, f"{said}: the new blocks do not stand at the positions {at} to {at + count - 1}"
        )
    for at in (0, 4):
        refuses(answer, stage, at, 1, why=f"there is no block before position {at}")


@check
def same_answers(answer) -> None:
    """Equal to the last bit in eval mode; both networks are left as they were."""
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    nn.init.constant_(stirred(net)[1].bias, 3)
    x, (twin, nearby, shifted, scaled) = (
        torch.randn(6, 3, 5, 5),
        (copy.deepcopy(net) for _ in range(4)),
    )
    nearby[1].bias.data[0] += 1e-6
    shifted[1].bias.data += 1
    scaled[1].running_var *= 2
    before = copy.deepcopy(net.state_dict())
    expect(
        result(answer, net, twin, x, of=bool),
        "a network and its copy give the same answers, and you say no",
    )
    expect(
        not changes(net, before) and not changes(twin, before),
        "comparing moved the statistics of batch norm",
    )
    expect(
        net.training and twin.training,
        "the networks came in training mode and are handed back in eval mode",
    )
    expect(
        not answer(net, shifted, x),
        "the most likely class is the same, the logits are not, and you say they are",
    )
    expect(
        not answer(net, scaled, x),
        "with other running statistics the answers differ: which mode were they in?",
    )
    expect(
        not answer(net, nearby, x),
        "the logits differ by a millionth, more than the last bit, and you say equal",
    )


@check
def drift(answer) -> None:
    """Largest change of the input in training mode; the block is left as it was."""
    norm = nn.Sequential(stirred(nn.BatchNorm2d(3))).eval()
    nn.init.constant_(norm[0].bias, -2)  # the largest change is a change downwards
    x, before = torch.randn(4, 3, 5, 5), copy.deepcopy(norm.state_dict())
    gaps = {mode: copy.deepcopy(norm).train(mode)(x) - x for mode in (True, False)}
    found = result(answer, norm, x, of=float)
    expect(
        not same(found, gaps[False].abs().max()),
        "this is the change in eval mode; asked for is training mode",
    )
    expect(
        not same(found, gaps[True].abs().mean()),
        "this is the mean change; asked for is the largest",
    )
    expect(not same(found, gaps[True].max()), "a change downwards is a change as well")
    expect(
        same(found, gaps[True].abs().max()),
        f"{found:.4g} is not the largest change in training mode",
    )
    expect(
        not changes(norm, before),
        f"measuring moved the statistics of batch norm: {changes(norm, before)}",
    )
    expect(not norm.training, "the block came in eval mode and is handed back in training mode")
