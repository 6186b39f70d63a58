"""Self-checks of the assignment on degradation: depth, the plain block, error, seeds, what errors say, choosing."""

import copy
import math
from types import SimpleNamespace

import torch
from torch import nn

from . import check, expect, learns, result, same, stirred
from .layers import a, alternate, changes, ran, refuses, two_layers


@check
def blocks_per_stage(answer) -> None:
    """A network of 6n + 2 layers has n blocks in each stage; no other depth has an answer."""
    for depth in (8, 14, 20, 56, 110, 1202):
        made = 6 * result(answer, depth, of=int) + 2
        expect(
            made == depth,
            f"{answer(depth)} blocks a stage make a network of {made} layers, not of {depth}",
        )
    for depth in (2, 21, 24, -4):
        refuses(answer, depth, why=f"no network of this family has {depth} layers")


@check
def plain_block(answer) -> None:
    """Twice convolution, batch norm, ReLU; the stride in the first convolution; no way around them."""
    for inside, outside, stride in ((4, 4, 1), (4, 8, 2)):
        block, x = answer(inside, outside, stride), torch.randn(2, inside, 8, 8)
        a(nn.Module, block)
        out = result(stirred(block).eval(), x, shape=(2, outside, 8 // stride, 8 // stride))
        alternate(layers := ran(block, x), 2)
        branch, swapped = (two_layers(layers, x, strides) for strides in ((stride, 1), (1, stride)))
        expect(
            not same(out, branch),
            "negative numbers come out: the last step of the block is missing",
        )
        linear = two_layers(layers, x, (stride, 1), between=False).relu()
        expect(not same(out, linear), "nothing bends the signal between the two layers")
        expect(
            stride == 1 or not same(out, swapped.relu()),
            "the stride sits in the second convolution",
        )
        silenced = copy.deepcopy(block)
        for parameter in ran(silenced, x)[-1].parameters():
            nn.init.zeros_(parameter)
        way_around = "with the last batch norm at zero something still comes out: a plain block has no way around"
        expect(not silenced(x).any(), way_around)
        expect(
            same(out, branch.relu()),
            "shape and layers are right, the numbers are not: look at padding and order",
        )
        learns(block, x)


@check
def error_rate(answer) -> None:
    """Percent of wrong answers in eval mode; the network is left as it was."""
    net = nn.Sequential(nn.BatchNorm2d(3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 5))
    images = torch.randn(40, 3, 4, 4) + torch.tensor([1.0, -1.0, 0.0]).view(3, 1, 1)
    truth = copy.deepcopy(net).eval()(images).argmax(1)
    labels = torch.where(torch.arange(40) < 14, (truth + 1) % 5, truth)  # so the error is 14 of 40
    in_training = 100 * (copy.deepcopy(net)(images).argmax(1) != labels).double().mean().item()
    before = copy.deepcopy(net.state_dict())
    found = result(answer, net, images, labels, of=float)
    expect(not same(found, 0.35), "this is a fraction; percent were asked for")
    expect(not same(found, 65), "this is the share of right answers")
    expect(
        not same(found, in_training),
        "the images were normalised by their own batch: which mode was the net in?",
    )
    expect(same(found, 35), f"14 of 40 answers are wrong, and you return {found}")
    expect(not changes(net, before), f"measuring changed the network: {changes(net, before)}")
    expect(net.training, "the network came in training mode and is handed back in eval mode")
    expect(
        same(answer(net.eval(), images, truth), 0),
        "no answer is wrong, and yours is not 0: are the labels used?",
    )
    expect(not net.training, "the network came in eval mode and is handed back in training mode")


@check
def over_seeds(answer) -> None:
    """Mean and sample deviation of the last epoch, by depth."""
    curves = {
        (20, 1): [90, 50, 56],
        (8, 0): [90, 60, 41],
        (20, 0): [80, 70, 50],
        (20, 2): [85, 55, 56],
    }
    records = [
        SimpleNamespace(depth=d, curves={"train_error": c, "loss": [9, 9, 9]})
        for (d, _), c in curves.items()
    ]
    found = result(answer, records, "train_error", of=dict)
    expect(
        set(found) == {8, 20}, f"the keys should be the depths 8 and 20, they are {sorted(found)}"
    )
    mean, std = found[20]
    lucky = any(same(mean, best) for best in (52, 155 / 3))
    expect(not lucky, "this is the best epoch of each run, which can only be named afterwards")
    expect(same(mean, 54), f"the three runs of 20 layers end at 50, 56 and 56; your mean is {mean}")
    expect(not same(std, 8**0.5), "the deviation is taken as if the three seeds were all there are")
    expect(not same(std, 12), "this is the variance")
    expect(
        same(std, 12**0.5),
        f"the three runs of 20 layers end at 50, 56 and 56; your deviation is {std}",
    )
    expect(
        math.isnan(found[8][1]),
        "one seed has no spread that could be measured, and you say it has: return nan",
    )
    expect(
        same(answer(records, "loss")[20][0], 9),
        "another metric gives the same numbers: is `metric` used?",
    )


@check
def diagnose(answer) -> None:
    """Degradation, overfitting or neither, from training and test error."""
    cases = (
        ((40, 50), (60, 65), "degradation", "both errors rise"),
        ((40, 50), (20, 62), "overfitting", "training error falls while test error rises"),
        (
            (40, 50),
            (47, 51),
            "degradation",
            "training error rises by more than the margin, test error does not",
        ),
        (
            (40, 50),
            (42, 57),
            "overfitting",
            "test error rises by more than the margin, training error does not",
        ),
        ((40, 50), (42, 52), "neither", "no error rises by more than the margin"),
        (
            (40, 50),
            (45, 55),
            "neither",
            "both errors rise by exactly the margin, which is not more",
        ),
        ((20, 50), (15, 48), "neither", "the gap is wide, but the deeper network does better"),
    )
    for shallow, deep, wanted, why in cases:
        pair = (
            dict(zip(("train_error", "test_error"), errors, strict=True))
            for errors in (shallow, deep)
        )
        found = result(answer, *pair, 5, of=str)
        expect(
            found == wanted,
            f"training and test error go from {shallow} to {deep}, margin 5: {why}; you say {found}",
        )


@check
def choose_depth(answer) -> None:
    """Depth by mean validation error; test error only of what was chosen."""
    data = (
        (20, 0, 30, 41),
        (8, 0, 20, 45),
        (20, 1, 32, 43),
        (8, 1, 60, 35),
        (32, 0, 33, 36),
        (32, 1, 35, 38),
    )
    keys = ("depth", "seed", "validation_error", "test_error")
    rows = [dict(zip(keys, row, strict=True)) for row in data]
    depth, error = result(answer, rows, of=tuple)
    expect(
        depth != 32, "32 layers have the lowest test error: the test images took part in the choice"
    )
    expect(depth != 8, "8 layers win by a single lucky run; what does the other seed say?")
    expect(
        error != 31,
        "this is the validation error of the chosen depth, by which it was chosen: too kind",
    )
    expect(
        (depth, error) == (20, 42),
        f"20 layers have 41 and 43 % test error, and you return {(depth, error)}",
    )
    other = answer([row | {"test_error": 100 - row["test_error"]} for row in rows])
    expect(
        other == (20, 58),
        f"with other test errors, and the same validation errors, you return {other}",
    )
