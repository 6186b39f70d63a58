"""Self-checks of assignment 5: a probe, relative sizes, Fig. 7 from records, weight decay alone."""

import copy
import math

import torch
from torch import nn

from ..networks import models
from ..recipes import RunConfig, live
from ..records import Provenance, Record
from . import check, expect, result, stirred
from .diagnosis import diagnose, no_hooks, of_type

MADE_UP = Provenance("", None, "", {}, "", "", 0.0)


@check
def layer_stds(answer) -> None:
    """Names and type, then what the probe left behind, then what it measured."""
    net, x = _network("B"), torch.randn(6, 3, 16, 16)
    before = copy.deepcopy(net.state_dict())
    stds = result(answer, net, x, of=dict)
    expect(
        not any("shortcut" in n for n in stds),
        "projections are not on the main path: leave `shortcut` out",
    )
    norms = {
        n: m
        for n, m in net.named_modules()
        if isinstance(m, nn.BatchNorm2d) and "shortcut" not in n
    }
    expect(
        set(stds) == set(norms),
        f"expected one entry for each of {len(norms)} batch norms, found {sorted(stds)}",
    )
    expect(
        all(isinstance(s, float) for s in stds.values()),
        "the values must be Python floats (`.item()`)",
    )
    moved = [k for k, v in net.state_dict().items() if not torch.equal(v, before[k])]
    expect(
        not moved,
        f"running statistics have moved ({len(moved)} tensors): in which mode did the network run?",
    )
    expect(net.training, "the network came in training mode and was left in another mode")
    no_hooks(net)
    twin, values = copy.deepcopy(net).eval(), {}
    for name, module in twin.named_modules():
        if name in norms:  # the response first, then what is often taken for it
            module.register_forward_hook(
                lambda _m, i, o, name=name: values.update(
                    {
                        name: [
                            t.std(correction=0).item()
                            for t in (o, i[0], o.relu(), o - o.mean((0, 2, 3), True))
                        ]
                    }
                )
            )
    twin(x)
    for name, (right, before_norm, after_relu, by_channel) in values.items():
        faults = {
            "you measured what goes into batch norm, not what comes out": before_norm,
            "you measured after the nonlinearity: an in-place ReLU may have overwritten the output": after_relu,
            "you measured each channel by itself; asked is one number over all channels": by_channel,
        }
        diagnose(stds[name], right, faults, f"the standard deviation of {name} is not right")
    try:
        answer(net.eval(), x[:, :2])  # two colours instead of three
    except RuntimeError:
        no_hooks(net, "after an exception")
    else:
        expect(False, "an error in the forward pass must reach the caller, not be swallowed")
    expect(not net.training, "the network came in eval mode and was left in another mode")


def _network(shortcut: str = "A") -> nn.Module:
    net = stirred(models.cifar(8, width=4, shortcut=shortcut))
    for relu in of_type(net, nn.ReLU):
        relu.inplace = True
    return net


@check
def relative_sizes(answer) -> None:
    """Names, then each ratio, told apart from the usual confusions, then hooks."""
    net, x = _network().eval(), torch.randn(4, 3, 16, 16)
    x[0] *= 10  # so that a mean over images differs from one norm over all
    sizes = result(answer, net, x, of=dict)
    names = [f"stages.{i}.0" for i in range(3)]
    expect(
        set(sizes) == set(names),
        f"expected the blocks {', '.join(names)}, found {', '.join(map(str, sizes))}",
    )
    no_hooks(net)
    h = net.stem(x).detach()
    for name, stage in zip(names, net.stages, strict=True):
        f, s, after = (
            part(h).detach() for part in (stage[0].residual, stage[0].shortcut, stage[0])
        )
        ratio, each = (
            (f.norm() / s.norm()).item(),
            f.flatten(1).norm(dim=1) / s.flatten(1).norm(dim=1),
        )
        faults = {
            "the squares of the norms were divided: take the root": ratio**2,
            "the branch was divided by the block's output, not by what is carried": f.norm()
            / after.norm(),
            "the ratio is upside down": 1 / ratio,
            "this is a mean over images; take each norm over all images together": each.mean(),
            "the branch was divided by the block's input; the shortcut may carry less": f.norm()
            / h.norm(),
        }
        diagnose(float(sizes[name]), ratio, faults, f"the ratio of block {name} is not right")
        h = after


@check
def sorted_responses(answer) -> None:
    """On made-up records whose right answer can be seen at a glance."""
    profiles = {
        "": ([1.0, 4.0, 2.0], [5.0, 2.0, 0.0]),
        "decay-1": ([9.0, 9.0, 9.0], [9.0, 9.0, 9.0]),
    }
    records = []
    for label, both in profiles.items():
        for seed, profile in enumerate(both):
            config = RunConfig("residual", 8, seed, live(), label=label)
            taken = {"response@0": [1.0, 1.0, 1.0], "response@124": profile}
            records.append(Record("layer_responses", config, {}, {}, MADE_UP, taken))
    found = result(answer, records, of=dict)
    expect(set(found) == {("residual", 8)}, f"the keys must be (net, depth), found {list(found)}")
    curve = [float(value) for value in found["residual", 8]]
    expect(max(curve) < 6, "runs with a label (another weight decay) are among those you averaged")
    expect(curve != [1, 1, 1], "these are the responses before training")
    expect(curve == sorted(curve, reverse=True), "the curve is not sorted from largest to smallest")
    expect(
        curve != [4.5, 2, 0.5], "you sorted each seed before the mean, which mixes up the layers"
    )
    expect(curve not in ([4, 2, 1], [5, 2, 0]), "this is one seed alone, not the mean over seeds")
    expect(
        curve == [3, 3, 1], f"seeds {profiles[''][0]} and {profiles[''][1]} should not give {curve}"
    )


@check
def decayed(answer) -> None:
    """Cases that can be done by hand, then the optimizer itself."""
    expect(
        result(answer, 1.0, [0.1], 0.0, 0.9, of=float) == 1,
        "without weight decay nothing should move",
    )
    expect(
        math.isclose(answer(2.0, [0.5], 0.1, 0.9), 1.9),
        "one step of 2.0 with lr 0.5 and decay 0.1 is not right",
    )
    plain = answer(2.0, [0.5, 0.5], 0.1, 0.0)
    expect(
        math.isclose(plain, 2 * 0.95**2), "already without momentum the second step is not right"
    )
    expect(
        math.isclose(answer(2.0, [0.5, 0.0], 0.1, 0.9), 1.9),
        "a step with learning rate 0 must not move anything",
    )
    expect(
        answer(2.0, [0.5, 0.5], 0.1, 0.9) < plain,
        "momentum has no effect: what is the running sum of gradients?",
    )
    w = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    w.grad, lrs = torch.zeros_like(w), [0.3, 0.3, 0.1, 0.2]
    sgd = torch.optim.SGD([w], 1.0, 0.8, weight_decay=0.2)
    for lr in lrs:
        sgd.param_groups[0]["lr"] = lr
        sgd.step()
    expect(
        math.isclose(answer(2.0, lrs, 0.2, 0.8), w.item()),
        "with momentum it differs from torch.optim.SGD",
    )
