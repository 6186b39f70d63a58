"""Self-checks of the assignment on the block: addition, block, the test of a block, gradient, stage, network."""

import copy
from itertools import product

import torch
from torch import nn

from ..networks import blocks, models, variants
from . import check, expect, learns, result, same, stirred
from .layers import a, alternate, changes, ran, two_layers


@check
def add_and_activate(answer) -> None:
    """relu(F + x), values that tell the order of addition and ReLU, and the inputs left alone."""
    f, x = torch.randn(2, 4, 6, 6), torch.randn(2, 4, 6, 6)
    got = result(answer, f, x, shape=f.shape)
    expect(not same(got, f.relu()), "the shortcut has no effect: is the addition missing?")
    expect(
        not same(got, f + x),
        "right sum, but the output goes below zero: what follows the addition?",
    )
    expect(
        not same(got, f.relu() + x), "the ReLU comes before the addition; here it should come after"
    )
    expect(same(got, (f + x).relu()), "the shape is right, the values are not")


@check
def residual_block(answer) -> None:
    """Branch and shortcut by their names, then relu(F + shortcut), then gradients and batch norm."""
    for inside, outside, stride in ((4, 4, 1), (4, 8, 2)):
        block, twin = (
            answer(inside, outside, stride),
            blocks.ResidualBlock(inside, outside, stride, "B"),
        )
        a(nn.Module, block)
        for part in ("residual", "shortcut"):
            expect(
                isinstance(getattr(block, part, None), nn.Module),
                f"the block needs a module named {part}",
            )
        x = torch.randn(2, inside, 8, 8)
        shape = (2, outside, 8 // stride, 8 // stride)
        result(stirred(block).eval().residual, x, shape=shape)
        out = result(block, x, shape=shape)
        alternate(layers := ran(block.residual, x), 2)
        branch, carried = block.residual(x), block.shortcut(x)
        expect(
            branch.min() < 0,
            "F itself ends with a ReLU, so it can only add: the branch ends with batch norm",
        )
        linear, swapped = (
            two_layers(layers, x, (stride, 1), between=False),
            two_layers(layers, x, (1, stride)),
        )
        expect(not same(branch, linear), "nothing bends the signal between the two layers of F")
        expect(
            stride == 1 or not same(branch, swapped),
            "the stride sits in the second convolution of F",
        )
        expect(
            same(branch, two_layers(layers, x, (stride, 1))),
            "F has the right layers, and they work otherwise",
        )
        count, wanted = (sum(p.numel() for p in m.parameters()) for m in (block, twin))
        expect(
            count == wanted,
            f"{wanted} parameters are expected from {inside} to {outside} channels, not {count}",
        )
        nn.init.zeros_(layers[-1].weight), nn.init.zeros_(layers[-1].bias)
        broken = "output shape is right, but with F = 0 the block does not return its input"
        expect(
            same(block(x), carried.relu()),
            f"{broken}: is the addition missing, or the ReLU in another place?",
        )
        expect(
            same(out, (branch + carried).relu()),
            "the parts are right, and put together to something else",
        )
        learns(stirred(block), x)


@check
def passes_zero_test(answer) -> None:
    """The student's test lets residual blocks pass, no other one, and leaves them as they were."""
    before_sum = (
        "the ReLU before the addition"  # which a silent branch shows only beside negative numbers
    )
    ways = {"no fault": blocks.ResidualBlock, "no addition": blocks.PlainBlock}
    ways |= {
        "half of the shortcut": variants.ScaledShortcut,
        before_sum: variants.ReLUBeforeAddition,
    }
    for (fault, way), arguments in product(ways.items(), ((4, 4), (4, 8, 2, "B"))):
        block = stirred(
            type("Block", (blocks.ResidualBlock,), {"forward": way.forward})(*arguments)
        )
        x, before = torch.rand(2, 4, 8, 8), copy.deepcopy(block.state_dict())
        passes, where = (
            result(answer, block, x, of=bool),
            f"from {arguments[0]} to {arguments[1]} channels",
        )
        if fault == "no fault":
            expect(
                passes, f"a right block {where}, with trained batch norms, does not pass your test"
            )
        elif fault != before_sum or len(arguments) > 2:
            expect(not passes, f"a block with {fault}, {where}, passes your test")
        moved = changes(block, before)
        expect(not moved, f"after the test the block is not what it was: {moved}")
        expect(block.training, "the block came in training mode and is handed back in eval mode")


@check
def input_gradient(answer) -> None:
    """Norm of the gradient of the summed output with respect to the input; nothing else gets a gradient."""
    net, x = nn.Linear(3, 2), torch.randn(5, 3)
    found, each = result(answer, net, x, of=float), net.weight.detach().sum(0).expand(5, 3)
    expect(not same(found, each.norm() ** 2), "this is the square of the norm")
    expect(
        not same(found, each.abs().sum()),
        "this is the sum of all sizes; the Euclidean norm is asked for",
    )
    expect(
        not same(found, each.norm() / 10),
        "this is the gradient of the mean output; the sum was asked for",
    )
    expect(
        same(found, each.norm()),
        f"for a linear layer {each.norm():.4f} is right, and you return {found:.4f}",
    )
    expect(
        not x.requires_grad,
        "the tensor that was given now asks for gradients itself: work on a copy",
    )
    expect(
        all(p.grad is None for p in net.parameters()),
        "gradients were left on the parameters of the net",
    )


@check
def make_stage(answer) -> None:
    """So many different blocks, the first of which changes the shape."""
    for inside, outside, count, stride in ((4, 8, 3, 2), (4, 4, 2, 1), (8, 8, 1, 2)):
        stage, said = (
            answer(inside, outside, count, stride),
            f"make_stage({inside}, {outside}, {count}, {stride})",
        )
        a(nn.Sequential, stage)
        expect(len(stage) == count, f"{said} should have {count} blocks, it has {len(stage)}")
        expect(
            len({*stage}) == count,
            f"{said}: one block stands in several places, and its copies learn as one",
        )
        where = [tuple(b.residual[0].stride) for b in stage]
        expect(
            where == [(stride, stride)] + [(1, 1)] * (count - 1),
            f"{said}: the strides of its blocks are {where}",
        )
        x = torch.randn(2, inside, 8, 8)
        result(stage, x, shape=(2, outside, 8 // stride, 8 // stride))
        learns(stage, x)


@check
def resnet(answer) -> None:
    """Layers, parameters and answers of the CIFAR networks."""
    for depth, size in ((8, 16), (20, 32)):
        net, twin, x = answer(depth), models.cifar(depth), torch.randn(2, 3, size, size)
        a(nn.Module, net)
        result(net.eval(), x, shape=(2, 10))
        mine, theirs = ran(stirred(net), x), ran(twin.eval(), x)
        layers = sum(isinstance(m, nn.Conv2d | nn.Linear) for m in mine)
        expect(layers == depth, f"resnet({depth}) runs {layers} convolutions and linear layers")
        count, wanted = (sum(p.numel() for p in m.parameters()) for m in (net, twin))
        expect(
            count == wanted, f"resnet({depth}) should have {wanted:,} parameters, it has {count:,}"
        )
        for one, other in zip(mine, theirs, strict=True):
            kinds = [type(m).__name__ for m in (one, other)]
            expect(kinds[0] == kinds[1], f"a {kinds[0]} runs where a {kinds[1]} is expected")
            expect(
                getattr(one, "stride", 0) == getattr(other, "stride", 0),
                f"a {one} has the wrong stride",
            )
            other.load_state_dict(one.state_dict())
        out, wanted = net(x), twin(x)
        expect(not same(out, wanted.softmax(1)), "probabilities come out; logits are asked for")
        expect(
            same(out, wanted),
            "the right layers, other answers: what stands between the stem, stages and head?",
        )
