"""Self-checks of assignment 9, exhibits of networks: strides, shortcut, last sum, stem, test."""

import copy

import torch
from torch import nn

from ..networks import blocks, models, variants
from . import check, expect, result, same
from .diagnosis import diagnose, of_type


@check
def stages(answer) -> None:
    """The side of the map behind every block."""
    net, x, sides = result(answer, 2, 2, of=nn.Sequential), torch.randn(2, 2, 16, 16), []
    expect(len(net) == 6, f"3 stages of 2 blocks are 6 blocks, found {len(net)}")
    for block in net:
        x = block(x)
        sides.append(x.shape[-1])
    expect(sides[0] == 16, f"the very first block must not halve the map: sides {sides}")
    expect(
        sides == [16, 16, 8, 8, 4, 4],
        f"the first block of later stages halves the map, no other: sides {sides}",
    )
    expect(
        x.shape[1] == 8,
        f"the third stage has 4 times the width, found {x.shape[1]} channels instead of 8",
    )


@check
def shortcut(answer) -> None:
    """No parameters; the pixels that are kept; where the zeros are."""
    x, wide = torch.randn(2, 4, 6, 6), result(answer, 4, 8, 2, of=nn.Module)
    expect(not list(wide.parameters()), "it has parameters: this is still a projection")
    expect(same(result(answer(4, 4, 1), x), x), "where the shape stays it should hand on its input")
    got, kept = result(wide, x, shape=(2, 8, 3, 3)), x[:, :, ::2, ::2]
    faults = {"all new channels lie behind the old ones": torch.cat([kept, 0 * kept], 1)}
    diagnose(
        got,
        nn.functional.pad(kept, (0, 0, 0, 0, 2, 2)),
        faults,
        "take every second pixel as it is; pad channels by 0",
    )


@check
def finish(answer) -> None:
    """What reaches the head, against what the last sum gives."""
    net, x = models.cifar(8, width=4, variant="full-preactivation"), torch.randn(16, 3, 16, 16)
    net.stages = net.stages[:3]
    raw, seen = net.stages(net.stem(x)), []
    expect(result(answer, net, of=nn.Module) is net, "finish the network in place and return it")
    net.head.register_forward_pre_hook(lambda _m, inputs: seen.append(inputs[0]))
    net.train()(x)
    expect(len(of_type(net, variants.PreActivation)) == 3, "the blocks must stay as they are")
    normal = nn.BatchNorm2d(16)(raw)
    faults = {
        "features are still negative": raw.mean((2, 3)),
        "features are still negative: normalised, not activated": normal.mean((2, 3)),
        "a ReLU alone leaves their size as it is": raw.relu().mean((2, 3)),
        "it works after the mean; it belongs before": nn.BatchNorm1d(16)(raw.mean((2, 3))).relu(),
    }
    diagnose(
        seen[0],
        normal.relu().mean((2, 3)),
        faults,
        "what reaches the head is not relu(batch norm(last sum))",
    )


@check
def mend_stem(answer) -> None:
    """Sides, layers, scale of the weights."""
    net, x = models.imagenet(18, classes=10), torch.randn(2, 3, 32, 32)
    expect(result(answer, net, of=nn.Module) is net, "mend the network in place and return it")
    side = net.stem(x).shape[-1]
    expect(
        side == 32,
        f"behind the stem the map has side {side}, not 32: what else halves it, or cuts its rim?",
    )
    (conv, *more), norms = of_type(net.stem, nn.Conv2d), of_type(net.stem, nn.BatchNorm2d)
    expect(not more and conv.kernel_size == (3, 3), "one 3x3 convolution is asked for")
    expect(
        conv.bias is None and conv.out_channels == 64, "the convolution has 64 channels and no bias"
    )
    expect(len(norms) == 1, "a batch norm is missing behind the convolution")
    expect(
        same(net.stem(x), norms[0](conv(x)).relu()),
        "convolution, batch norm, ReLU: the stem gives something else",
    )
    scale = (conv.weight.std() / (2 / 27) ** 0.5).item()
    expect(
        0.9 < scale < 1.1,
        f"the weights are {scale:.2f} times as large as He's initialisation makes them",
    )


@check
def accepts(answer) -> None:
    """A small bank of right blocks and wrong ones."""

    def spoils(self, x):
        out = (self.residual(x) + x).relu()
        x.zero_()
        return out

    wrong = {
        "without the addition": lambda self, x: self.residual(x).relu(),
        "with a ReLU before the addition": lambda self, x: self.residual(x).relu() + x,
        "without the last ReLU": lambda self, x: self.residual(x) + x,
        "with half a shortcut": lambda self, x: (self.residual(x) + x / 2).relu(),
        "without its branch": lambda self, x: x.relu() + 0 * self.residual(x),
        "that adds x in training mode only": lambda self, x: (
            self.residual(x) + self.training * x
        ).relu(),
        "that gives another shape": lambda self, x: (self.residual(x) + x).relu()[:, :4],
        "that changes its input": spoils,
    }
    sound, idle = blocks.ResidualBlock(8, 8).eval(), blocks.ResidualBlock(8, 8)
    nn.init.zeros_(idle.residual[-1].weight)
    before = copy.deepcopy(sound.state_dict())
    expect(result(answer, sound, of=bool), "a right block is refused")
    kept = not sound.training and all(
        torch.equal(t, before[n]) for n, t in sound.state_dict().items()
    )
    expect(kept, "the block under test is not left as it was: parameters, statistics or mode")
    expect(
        answer(blocks.BottleneckBlock(8, 8)),
        "a bottleneck computes relu(F(x) + x), too, and is refused",
    )
    expect(answer(idle), "a block whose branch starts at zero is right, too, and is refused")
    for what, rule in wrong.items():
        for start in (nn.init.ones_, nn.init.zeros_):
            block = type("Block", (blocks.ResidualBlock,), {"forward": rule})(8, 8)
            start(block.residual[-1].weight)
            expect(
                answer(block) is False,
                f"a block {what} passes{' if its F is 0' * (start is nn.init.zeros_)}",
            )
