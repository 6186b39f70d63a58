"""Self-checks of assignment 6: the pre-activated block, its network, the two formulas of propagation."""

import math

import torch
from torch import nn

from ..networks import models, variants
from . import check, expect, result, same, stirred
from .diagnosis import diagnose, no_hooks, of_type


@check
def pre_activation_block(answer) -> None:
    """Parts and shapes, then the identity when F is zero, then the value, told apart from the usual confusions."""
    steady, changing, x = answer(4, 4), answer(4, 6, 2), torch.randn(3, 4, 8, 8)
    for block, shape in ((steady, (3, 4, 8, 8)), (changing, (3, 6, 4, 4))):
        result(block, x, shape=shape)
    convs = of_type(changing, nn.Conv2d)
    sizes = sorted((m.kernel_size[0], m.in_channels, m.stride[0]) for m in convs)
    expect(
        (1, 4, 2) in sizes, "where the shape changes a 1x1 convolution with the stride is needed"
    )
    expect(
        sizes == [(1, 4, 2), (3, 4, 2), (3, 6, 1)],
        f"(kernel, in channels, stride) should not be {sizes}",
    )
    expect(all(m.bias is None for m in convs), "the convolutions are to be without bias")
    norms = sorted(of_type(changing, nn.BatchNorm2d), key=lambda m: m.num_features)
    expect(
        [m.num_features for m in norms] == [4, 6],
        "expected a batch norm before each 3x3 convolution, of its width",
    )
    expect(len(of_type(steady, nn.Conv2d)) == 2, "where the shape stays nothing is to be projected")
    for conv in of_type(steady, nn.Conv2d):
        nn.init.zeros_(conv.weight)
    faults = {
        "with F = 0 only zeros come out: is `+ x` missing?": 0 * x,
        "a ReLU stands on the clean path": x.relu(),
    }
    diagnose(
        steady(x),
        x,
        faults,
        "with F = 0 the block does not return its input: what stands on the shortcut?",
    )
    stirred(changing)
    bn1, bn2 = norms
    project, conv1, conv2 = sorted(convs, key=lambda m: (m.kernel_size, m.in_channels))
    starts = bn1(x).relu(), bn1(x), bn1(x.relu())
    right, no_relu, swapped = (conv2(bn2(conv1(a)).relu()) + project(a) for a in starts)
    faults = {
        "the projection must see the activated input, not the input itself": right
        + project(x)
        - project(starts[0]),
        "the first ReLU is missing": no_relu,
        "batch norm comes first, then ReLU": swapped,
    }
    diagnose(
        changing(x), right, faults, "the order of layers, or what feeds the two paths, is not right"
    )


@check
def preactivation_network(answer) -> None:
    """Shape, then what each part is fed with."""
    net, x = result(answer, 2, 4, of=nn.Module), torch.randn(8, 3, 16, 16)
    seen: dict[type, list] = {variants.PreActivation: [], nn.BatchNorm2d: [], nn.Linear: []}
    for module in net.modules():
        if type(module) in seen:
            module.register_forward_hook(lambda m, i, o: seen[type(m)].append((i[0], o)))
    result(net, x, shape=(8, 10))
    stages, norms, heads = seen.values()
    shapes = [tuple(out.shape[1:]) for _, out in stages]
    wanted = [(4, 16, 16)] * 2 + [(8, 8, 8)] * 2 + [(16, 4, 4)] * 2
    expect(
        shapes == wanted,
        f"the blocks should give out {wanted}, found {shapes}: which block has stride 2?",
    )
    expect(
        (stages[0][0] < 0).any(),
        "the first block brings its own batch norm and ReLU: the stem is a bare convolution",
    )
    features = heads[0][0]
    expect(
        (features >= 0).all(),
        "negative features reach the linear layer: what does the last sum lack?",
    )
    expect(
        len(norms) == 13,
        f"6 blocks with 2 batch norms, and one after the last sum: 13, found {len(norms)}",
    )
    expect(
        norms[-1][0].shape == stages[-1][1].shape,
        "the last batch norm must see the whole map, before the mean",
    )
    expect(
        same(features, norms[-1][1].relu().mean((2, 3))),
        "after the last ReLU only the mean follows",
    )


@check
def unrolled(answer) -> None:
    """On pre-activated blocks, where the formula is exact, and on the original ones, where it is not."""
    x = torch.randn(2, 4, 8, 8)
    for variant in ("full-preactivation", ""):
        stage = models.cifar(20, width=4, variant=variant).stages[0].eval()
        h, fs = x, []
        for block in stage:
            fs.append(block.residual(h))
            h = block(h)
        got, right = result(answer, stage, x, shape=x.shape), x + sum(fs)
        faults = {
            "x itself is missing in the sum": sum(fs),
            "every F sees x; it should see what the block before gives out": x
            + sum(b.residual(x) for b in stage),
            "this is what the stage gives out; asked is the sum, without the ReLUs": h,
        }
        diagnose(
            got, right, faults, "with the original blocks, F_i must see the stage's own signal"
        )


@check
def untouched_share(answer) -> None:
    """Exactly 1 for clean shortcuts; what ReLU and factors leave for others; nothing left behind."""
    x = torch.randn(3, 4, 8, 8)
    stage = models.cifar(20, width=4, variant="full-preactivation").stages[0].eval()
    clean = result(answer, stage, x, of=float)
    faults = {
        "divide by the norm at the output": math.sqrt(x.numel()),
        "the shortcuts are cut, not the branches": 0,
    }
    diagnose(
        clean, 1, faults, "along three clean shortcuts all arrives; do branches still carry a part?"
    )
    for variant, factor in (("", 1.0), ("scaled-shortcut", 0.5)):
        stage, h, alive = (
            models.cifar(20, width=4, variant=variant).stages[0].eval(),
            x,
            torch.ones_like(x),
        )
        for block in stage:
            h = block(h).detach()
            alive *= factor * (h > 0)
        right = alive.norm().item() / math.sqrt(x.numel())
        fault = "blocks the share is not right: forward, the numbers must stay what they are"
        expect(same(answer(stage, x), right), f"with {variant or 'original'} {fault}")
        no_hooks(stage)
        expect(
            all(p.grad is None for p in stage.parameters()),
            "parameters have a `.grad` now: use torch.autograd.grad",
        )


@check
def deepest(answer) -> None:
    """Corners first."""
    expect(answer(1.0, 0.5) == math.inf, "a factor of 1 loses nothing, at any depth")
    expect(answer(0.5, 0.2) == 0, "8 layers have 3 blocks, and 0.5 ** 3 is below 0.2: return 0")
    got = result(answer, 0.5, 0.1, of=int)
    expect(got == 8, f"3 blocks leave 0.125 and 6 blocks 0.016; for 0.1 you return {got}")
    expect(answer(0.5, 0.5**6) == 14, "exactly enough is enough")
