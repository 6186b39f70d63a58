"""Self-checks of assignment 7: learning rate, memory, checkpointing, stochastic depth, cost."""

import copy
import math

import torch
from torch import nn

from ..networks import blocks
from . import check, expect, result, same
from .diagnosis import diagnose


@check
def lr_at(answer) -> None:
    """The corners of the schedule, forward and backward in time."""
    expect(
        result(answer, 0, of=float) == 0.01, "the first step must have the warm-up's learning rate"
    )
    expect(answer(399) == 0.01, "step 399 is the 400th step and belongs to the warm-up")
    expect(answer(400) == 0.1, "step 400 is the 401st: the warm-up is over, the rate is `lr`")
    expect(
        answer(31_999) == 0.1,
        "nothing may drop before step 32,000: is the warm-up undone, or counted twice?",
    )
    expect(math.isclose(answer(32_000), 0.01), "step 32,000 is the first with the smaller rate")
    expect(math.isclose(answer(50_000), 0.001), "after two drops the rate is divided by 10 twice")
    expect(
        answer(20_000) == 0.1,
        "asked again for an earlier step, the function remembers the later one",
    )
    custom = [answer(s, 1.0, 2, 0.5, (3, 4)) for s in range(6)]
    expect(
        all(map(math.isclose, custom, [0.5, 0.5, 1, 0.1, 0.01, 0.01])),
        "the arguments are not all used",
    )


@check
def saved_bytes(answer) -> None:
    """Networks whose memory can be counted by hand."""
    net, x = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), torch.randn(3, 4)
    got, right, weight, again = result(answer, net, x, of=int), 4 * 3 * (4 + 8), 4 * 16, 4 * 24
    faults = {
        "nothing was counted: does the forward pass run inside the `with`, and with gradients?": 0,
        "these are numbers, not bytes": right // 4,
        "the ReLU's output is counted twice: it is one piece of memory, saved twice": right + again,
        "a weight is counted: parameters exist anyway": right + weight,
        "the images are missing: the first layer's gradient needs them": right - 4 * 12,
        "these are the layers' outputs; asked is what autograd saves": 4 * 3 * (8 + 8 + 2),
    }
    diagnose(
        got,
        right,
        faults,
        f"3 images through 4-8-2 keep {got} bytes, you say; what does each layer save?",
    )
    expect(
        answer(net.double(), x.double()) == 2 * right,
        "in float64 the same network keeps twice the bytes",
    )
    norm = nn.Sequential(blocks.conv3x3(3, 4), nn.BatchNorm2d(4), nn.ReLU())
    rest = answer(norm, torch.randn(2, 3, 8, 8)) - 4 * 2 * 64 * (3 + 4 + 4)
    expect(
        0 <= rest <= 64, "with a batch norm the count is off: are its buffers or its weights in it?"
    )


@check
def checkpointed(answer) -> None:
    """Against the block alone, for three steps: outputs, gradients, buffers; then how often the block ran."""
    plain = blocks.ResidualBlock(4, 8, stride=2, shortcut="B")
    lean, ran = answer(copy.deepcopy(plain)), []
    lean.block.residual[0].register_forward_pre_hook(lambda *_: ran.append(torch.is_grad_enabled()))
    for step in (1, 2, 3):
        x = torch.randn(4, 4, 8, 8)
        one, two = x.clone().requires_grad_(), x.clone().requires_grad_()
        y, z = plain(one), lean(two)
        expect(same(y, z), "in training mode the output differs from the block's")
        (y**2).sum().backward()
        expect(z.requires_grad, "no gradient comes back: the block ran without autograd")
        try:
            (z**2).sum().backward()
        except RuntimeError:  # torch refuses what the second run has saved
            expect(
                False, "the backward pass fails: the second run must do exactly what the first did"
            )
        grads = [
            (p.grad, q.grad)
            for p, q in zip(plain.parameters(), lean.block.parameters(), strict=True)
        ]
        expect(all(q is not None for _, q in grads), "some parameters get no gradient")
        expect(
            all(same(*pair) for pair in [*grads, (one.grad, two.grad)]),
            "gradients differ from the block's",
        )
        pairs = [
            (n, p, q) for (n, p), q in zip(plain.named_buffers(), lean.block.buffers(), strict=True)
        ]
        counts = {(int(p), int(q)) for n, p, q in pairs if n.endswith("tracked")}
        expect(
            all(p == q for p, q in counts),
            f"after {step} steps batch norms counted (block, yours): {counts}",
        )
        expect(
            all(same(p, q) for _, p, q in pairs),
            f"after {step} steps the running statistics differ",
        )
    expect(
        len(ran) == 6,
        f"it ran {len(ran)} times in 3 steps: if nothing is computed again, no memory is saved",
    )
    x = torch.randn(2, 4, 8, 8)
    expect(
        torch.equal(plain.eval()(x), lean.eval()(x)),
        "in eval mode the output differs from the block's",
    )


@check
def survival(answer) -> None:
    """Length, ends, slope."""
    got = result(answer, 4, 0.2, of=list)
    expect(len(got) == 4, f"4 blocks have 4 probabilities, found {len(got)}")
    expect(got[0] > got[-1], "later blocks must be away more often than early ones")
    expect(math.isclose(got[-1], 0.2), "the last block must survive with probability `last`")
    expect(
        got[0] != 1, "the first block (l = 1) is already away now and then; Python counts from 0"
    )
    expect(
        same(got, [0.8, 0.6, 0.4, 0.2]), f"for 4 blocks and 0.2 found {got}: fall in equal steps"
    )


@check
def stochastic_depth(answer) -> None:
    """Each pass is with or without the branch, as often as asked; then batch norms, then eval mode."""
    inner, x, calls = blocks.ResidualBlock(2, 2), torch.randn(3, 2, 4, 4), []
    nn.init.normal_(inner.residual[-1].bias)
    block, kept = answer(inner, 0.3), copy.deepcopy(inner)
    inner.residual.register_forward_hook(lambda *_: calls.append(1))
    with torch.no_grad():
        f = kept.residual(x)
        there = []
        for _ in range(400):
            got = block(x)
            there.append(same(got, torch.relu(f + x)))
            expect(
                there[-1] or same(got, x.relu()),
                "in training: neither relu(F(x) + s(x)) nor relu(s(x))",
            )
        share = sum(there) / 400
        expect(share not in (0, 1), "in training nothing is random")
        expect(
            not 0.6 < share < 0.8,
            "the branch survives when it should be away, and the other way round",
        )
        expect(
            0.2 < share < 0.4,
            f"with survival 0.3 the branch was there in {share:.0%} of 400 passes",
        )
        expect(
            len(calls) == sum(there),
            "the branch is computed although it is away: its batch norms move",
        )
        kept.load_state_dict(inner.state_dict())
        got, f = block.eval()(x), kept.eval().residual(x)
        expect(torch.equal(got, block(x)), "in eval mode the output is still random")
        faults = {"in eval mode the branch must count as often as it was there": torch.relu(f + x)}
        diagnose(
            got,
            torch.relu(0.3 * f + x),
            faults,
            "in eval mode the factor is not in the right place",
        )


@check
def estimate(answer) -> None:
    """A line through two points, then through none of three."""
    got = result(answer, [10, 20], [3.0, 5.0], 30, 2, of=float)
    faults = {
        "this is one step; asked are all iterations": 7,
        "time is not proportional to depth": 15,
    }
    diagnose(
        got,
        14,
        faults,
        f"steps of 3 s at 10 and 5 s at 20 layers: 2 steps at 30 cannot take {got:.3g} s",
    )
    expect(
        math.isclose(answer([0, 1, 2], [0.0, 0.0, 3.0], 1, 10), 10),
        "use all pairs, by least squares",
    )
