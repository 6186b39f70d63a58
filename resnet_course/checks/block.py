"""Self-checks of the assignment on the block: the addition, the residual block, its identity."""

import torch
from torch import nn

from .. import blocks
from . import check, expect, learns, result, same, stirred


@check
def add_and_activate(answer) -> None:
    """relu(F + x), values that tell the order of addition and ReLU, and the inputs left alone."""
    f, x = torch.randn(2, 4, 6, 6), torch.randn(2, 4, 6, 6)
    got = result(answer, f, x, shape=f.shape)
    expect(not same(got, f.relu()), "the shortcut has no effect: is the addition missing?")
    expect(not same(got, f + x), "right sum, but the output goes below zero: what follows the addition?")
    expect(not same(got, f.relu() + x), "the ReLU comes before the addition; here it should come after")
    expect(same(got, (f + x).relu()), "the shape is right, the values are not")


@check
def residual_block(answer) -> None:
    """Branch and shortcut by their names, then relu(F + shortcut), then gradients and batch norm."""
    for arguments in ((4, 4), (4, 8, 2)):
        block, twin = answer(*arguments), blocks.ResidualBlock(*arguments, shortcut="B")
        expect(isinstance(block, nn.Module), f"an nn.Module is expected, not a {type(block).__name__}")
        for part in ("residual", "shortcut"):
            expect(isinstance(getattr(block, part, None), nn.Module), f"the block needs a module named {part}")
        x, size = torch.randn(2, 4, 8, 8), 8 // (arguments[2:] or (1,))[0]
        result(stirred(block), x, shape=(2, arguments[-1] if size == 8 else 8, size, size))
        count, wanted = (sum(p.numel() for p in m.parameters()) for m in (block, twin))
        expect(count == wanted, f"{wanted} parameters are expected for {arguments}, the block has {count}")
        block.eval()
        branch, carried = block.residual(x), block.shortcut(x)
        expect(branch.min() < 0, "F itself ends with a ReLU, so it can only add: the branch ends with batch norm")
        for parameter in block.residual.parameters():
            parameter.data.zero_()
        for norm in (m for m in block.residual.modules() if isinstance(m, nn.BatchNorm2d)):
            norm.running_mean.zero_()
        rest = result(block, x)
        expect(
            same(rest, carried.relu()),
            "output shape is right, but with F = 0 the block does not return its input: "
            "is the addition missing, or the ReLU in another place?",
        )
        learns(stirred(block), x)
