"""Self-checks of assignment 8: the block of a Transformer, of a network for sound, of a policy; gradients."""

import torch
from torch import nn
from torch.nn.functional import conv1d, cross_entropy, gelu, pad, silu

from . import check, expect, result, same, stirred
from .diagnosis import diagnose, of_type
from .layers import ran


class _Mixing(nn.Module):
    """Stands for attention: hands each token a multiple of its neighbour."""

    def forward(self, x):
        self.seen = x
        return 3 * x.roll(1, dims=1)


@check
def pre_norm_block(answer) -> None:
    """What is read from the stream and what is written to it, in order."""
    block, x = answer(6, _Mixing(), 10), 4 * torch.randn(3, 5, 6) + 2
    result(block, x, shape=(3, 5, 6))
    norms, linear = of_type(block, nn.LayerNorm), of_type(block, nn.Linear)
    sizes = [(m.in_features, m.out_features) for m in linear]
    expect(
        sorted(sizes) == [(6, 10), (10, 6)],
        f"the mlp needs linear layers 6 -> 10 -> 6, found {sizes}",
    )
    down, up = sorted(linear, key=lambda m: m.out_features)
    expect(
        norms and all(m.normalized_shape == (6,) for m in norms),
        "layer norm must work over the width, by token",
    )
    stirred(block)
    calls: list = []
    for norm in norms:
        norm.register_forward_hook(lambda m, i, o: calls.append((m, i[0], o)))
    got = block(x)
    expect(same(calls[0][1], x), "the first norm must read the stream as it comes in")
    expect(same(block.attention.seen, calls[0][2]), "attention must see the normalised stream")
    expect(
        len(calls) == 2,
        f"a block normalises twice, here {len(calls)} times; nothing is normalised on the stream",
    )
    expect(
        calls[0][0] is not calls[1][0], "the two norms share their parameters; each needs its own"
    )
    after, (_, read, normed) = x + 3 * calls[0][2].roll(1, dims=1), calls[1]
    faults = {
        "the mlp reads what was there before attention wrote to it": x,
        "attention is not added": after - x,
    }
    diagnose(read, after, faults, "the second norm does not read the stream as attention left it")
    mlp = down(gelu(up(normed)))
    faults = {
        "the mlp is not added: is `x +` missing?": mlp,
        "it must be GELU": after + down(up(normed).relu()),
    }
    diagnose(got, after + mlp, faults, "the output is not the stream plus what the mlp makes")


@check
def audio_block(answer) -> None:
    """Length, then from which samples an output comes, then the value."""
    block, x = answer(3, 4), torch.randn(2, 3, 40)
    result(block, x, shape=(2, 3, 40))
    convs = sorted(of_type(block, nn.Conv1d), key=lambda m: -m.kernel_size[0])
    expect(
        [m.kernel_size[0] for m in convs] == [3, 1],
        "convolutions with kernel 3 and kernel 1 are needed",
    )
    for parameter in block.parameters():
        nn.init.normal_(parameter)
    far = [
        _samples_behind(block, 3, 24) for _ in range(8)
    ]  # a ReLU may hide a sample from one signal, not from all
    reached = sorted(set().union(*far))
    expect(
        min(reached) >= 0,
        f"the output depends on the future, {-min(reached)} later: which side is padded?",
    )
    expect(
        reached == [0, 4, 8],
        f"with dilation 4 an output should reach 0, 4 and 8 samples back, here {reached}",
    )
    branch = convs[1](conv1d(pad(x, (8, 0)), convs[0].weight, convs[0].bias, dilation=4).relu())
    faults = {"x is not added": branch, "the last ReLU does not belong there": (x + branch).relu()}
    diagnose(
        block(x),
        x + branch,
        faults,
        "the samples are right; the branch is not convolution, ReLU, convolution",
    )


def _samples_behind(block: nn.Module, channels: int, time: int) -> set[int]:
    """How far behind `time` the samples are on which the output at `time` depends."""
    x = torch.randn(1, channels, 2 * time, requires_grad=True)
    (gradient,) = torch.autograd.grad(block(x)[:, :, time].square().sum(), x)
    return {time - int(t) for t in gradient[0].abs().sum(0).nonzero()}


@check
def receptive_field(answer) -> None:
    """From one sample up."""
    expect(
        result(answer, 3, [], of=int) == 1, "without any block an output sees one sample, its own"
    )
    expect(answer(3, [1]) == 3, "one block of kernel 3 and dilation 1 sees 3 samples")
    expect(answer(3, [1, 2]) == 7, "a second block of dilation 2 looks 4 samples further back")
    expect(
        answer(2, [1, 2, 4]) == 8,
        "with another kernel the count is off: how far does one block look back?",
    )


@check
def deep_policy(answer) -> None:
    """Parameters, the shallow start, whether every block learns, then the value."""
    net, x, y = answer(4, 3, 8, 5), torch.randn(64, 4), torch.randint(3, (64,))
    result(net, x, shape=(64, 3))
    count, wanted = sum(p.numel() for p in net.parameters()), 40 + 27 + 5 * (16 + 2 * 72)
    expect(
        count == wanted,
        f"{wanted} parameters are expected, {count} are registered: 5 blocks of their own?",
    )
    linear, norms = of_type(net, nn.Linear), of_type(net, nn.LayerNorm)
    first, last = (next(m for m in linear if size in m.weight.shape) for size in (4, 3))
    expect(
        same(net(x), last(first(x))),
        "untrained, the blocks already change what the first layer gives",
    )
    before, sgd = (
        [p.detach().clone() for p in net.parameters()],
        torch.optim.SGD(net.parameters(), 0.1),
    )
    for _ in range(3):
        sgd.zero_grad()
        cross_entropy(net(x), y).backward()
        sgd.step()
    stuck = sum(torch.equal(p, q) for p, q in zip(before, net.parameters(), strict=True))
    expect(
        not stuck, f"{stuck} parameters have not moved after 3 steps: does a gradient reach them?"
    )
    stirred(net)
    inner, h = ran(net, x)[1:-1], first(x)
    for norm, up, down in zip(norms, inner[::2], inner[1::2], strict=True):
        h = h + down(silu(up(norm(h))))
    expect(same(net(x), last(h), 1e-3), "a block should add linear(silu(linear(norm(x)))) to x")


@check
def first_over_last(answer) -> None:
    """Against the gradients of a plain backward pass."""
    net = nn.Sequential(
        *(nn.Sequential(nn.Linear(5, 5), nn.Tanh()) for _ in range(4)), nn.Linear(5, 3)
    )
    x, y = torch.randn(20, 5), torch.arange(20) % 3
    got = result(answer, net, x, y, of=float)
    expect(
        all(p.grad is None for p in net.parameters()),
        "parameters have a `.grad` now: use torch.autograd.grad",
    )
    cross_entropy(net(x), y).backward()
    first, last, bias = (
        net[0][0].weight.grad.norm(),
        net[-1].weight.grad.norm(),
        net[-1].bias.grad.norm(),
    )
    faults = {
        "upside down: the first layer's gradient comes on top": last / first,
        "these are squares of norms": (first / last) ** 2,
        "the last parameter is a bias; asked is the last weight": first / bias,
    }
    diagnose(
        got, first / last, faults, "the ratio is not right: which layers, which loss, which norm?"
    )
