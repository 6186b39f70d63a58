"""Self-checks of the assignment on degradation: depth, the plain block, error, seeds, what errors say, choosing."""

import copy
import math
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from ..networks import blocks, models
from . import check, expect, values
from .behaviours import borrowing, modules
from .behaviours.authorship import BLOCKS, is_the_students_own
from .behaviours.modules import Likeness
from .behaviours.stubs import stirred
from .behaviours.twins import Maker
from .calling import call, refuses
from .wrong_blocks import ELEMENTWISE, Apply, Join, Joined, edits, with_branches

Answer = Callable[..., object]


@check
def blocks_per_stage(answer: Answer) -> None:
    """A network of 6n + 2 layers has n blocks in each stage; no other depth has an answer."""
    is_the_students_own(lambda: answer(20), models.blocks_per_stage)
    for depth in (8, 14, 20, 56, 110, 1202):
        what = f"blocks_per_stage({depth})"
        got = values.whole(call(answer, depth, what=what), what)
        made = 6 * got + 2
        expect(
            made == depth, f"{got} blocks a stage make a network of {made} layers, not of {depth}"
        )
    for depth in (depth for depth in range(2, 40) if depth % 6 != 2 or depth == 2):
        refuses(answer, depth, why=f"no network of this family has {depth} layers", in_words=True)
    for depth in range(-20, 2):
        refuses(answer, depth, why=f"no network of this family has {depth} layers", in_words=True)


@check
def plain_block(answer: Answer) -> None:
    """Twice convolution, batch norm, ReLU; the stride in the first convolution; no way around them."""
    is_the_students_own(lambda: answer(4, 6, 2)(torch.randn(2, 4, 8, 8)), *BLOCKS)
    for shape in ((4, 6, 2), (4, 4, 1), (4, 6, 1), (4, 4, 2)):
        what = f"PlainBlock{shape}"
        twin = partial(blocks.PlainBlock, *shape)
        branch = modules.part(twin, "residual", what)
        wrong = _wrong_ends(branch, goes_around=shape[1:] == (4, 1))
        wrong |= with_branches(twin, edits(lambda: list(branch().children()), "the block"))  # noqa: B023, called at once
        likeness = Likeness(
            what,
            modules.maker(answer, *shape, what=what),
            twin,
            f"{what} has layers of the right sizes, and computes something else with them: in which order, and with "
            "what after each?",
            wrong,
        )
        modules.is_like(likeness, torch.randn(3, shape[0], 8, 8))


def _wrong_ends(branch: Maker, goes_around: bool) -> dict[str, Maker]:
    """The right layers with something else at the end, or with a way around them."""
    wrong: dict[str, Maker] = {
        "negative numbers come out: the last step of the block is missing": branch
    }
    for name, function in ELEMENTWISE.items():
        sentence = f"another function than ReLU comes last ({name})"
        wrong[sentence] = partial(_ended, branch, function)
    around = "something goes around the layers, and is added to what they make: a plain block has no shortcut"
    ways: dict[str, Join] = {
        around: lambda f, x: (f + x).relu(),
        f"{around} (after the ReLU)": lambda f, x: f.relu() + x,
        f"{around} (without a ReLU)": lambda f, x: f + x,
    }
    if goes_around:
        wrong |= {sentence: partial(_around, branch, join) for sentence, join in ways.items()}
    return wrong


def _ended(branch: Maker, function: Callable[[Tensor], Tensor]) -> nn.Module:
    return nn.Sequential(branch(), Apply(function))


def _around(branch: Maker, join: Join) -> nn.Module:
    return Joined(branch(), nn.Identity(), join)


def _classifier(classes: int = 5) -> nn.Module:
    """A network whose answers depend on the mode in which it runs."""
    return nn.Sequential(
        nn.BatchNorm2d(3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, classes)
    )


def _answers(net: nn.Module, images: Tensor, training: bool = False) -> Tensor:
    with torch.no_grad():
        return copy.deepcopy(net).train(training)(images).argmax(1)


def _smallest(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        smallest = copy.deepcopy(net).eval()(images).argmin(1)
    return (smallest != labels).double().mean().item()


@check
def error_rate(answer: Answer) -> None:
    """Percent of wrong answers in eval mode; the network is left as it was."""
    for classes, count, wrong in ((12, 83, 29), (5, 7, 3), (3, 301, 300), (2, 64, 0)):
        net = stirred(_classifier(classes))
        with torch.no_grad():
            net[3].weight.mul_(20)  # so that every class is the answer for some images
        images = torch.randn(count, 3, 4, 4) + torch.tensor([1.0, -1.0, 0.0]).view(3, 1, 1)
        truth = _answers(net, images)
        labels = torch.where(torch.randperm(count) < wrong, (truth + 1) % classes, truth)
        found = values.python_float(call(answer, copy.deepcopy(net), images, labels, changes=True))
        share = wrong / count
        in_training = (_answers(net, images, training=True) != labels).double().mean().item()
        faults = {
            "this is a fraction; percent were asked for": share,
            "this is the share of right answers": 100 * (1 - share),
            "this is the fraction of right answers; percent of wrong ones were asked for": 1
            - share,
            "the images were normalised by their own batch: which mode was the net in?": 100
            * in_training,
            "this is a number of images; percent were asked for": wrong,
            "the class with the smallest logit is taken, instead of the largest": 100
            * _smallest(net, images, labels),
        }
        missed = (labels != truth).double()
        for first in (1, 8, 10, 16, 32, 50, 64, 80, 100, 128, 256, 288, 300):
            faults[f"only the first {first} images are measured"] = (
                100 * missed[:first].mean().item()
            )
        different = {sentence: value for sentence, value in faults.items() if value != 100 * share}
        otherwise = f"{wrong} of {count} answers are wrong, and you return {found}"
        values.diagnose(found, 100 * share, different, otherwise, 1e-5)
    _measures_what_it_is_given(answer)
    images = torch.randn(20, 3, 4, 4)
    labels = torch.arange(20) % 5
    borrowing.keeps_the_callers_state(lambda net: answer(net, images, labels), _classifier)


def _measures_what_it_is_given(answer: Answer) -> None:
    """Other labels, other weights and other images give other errors, also of the same network."""
    net = stirred(_classifier()).eval()
    images = torch.randn(50, 3, 4, 4)
    truth = _answers(net, images)
    call(answer, net, images, truth)
    nothing = values.python_float(call(answer, net, images, truth))
    expect(nothing == 0, "no answer is wrong, and yours is not 0: are the labels used?")
    everything = values.python_float(call(answer, net, images, (truth + 1) % 5))
    expect(values.same(everything, 100), "with other labels the error is the same: are they used?")
    with torch.no_grad():
        net[3].weight.neg_()
    wanted = 100 * (_answers(net, images) != truth).double().mean().item()
    again = values.python_float(call(answer, net, images, truth))
    expect(
        values.same(again, wanted),
        "when the net has changed, your answer has not: does it remember one?",
    )


def runs_of(curves: dict[tuple[int, int], list[float]]) -> list[SimpleNamespace]:
    """Records of runs: depth, seed and a training error for each epoch."""
    return [
        SimpleNamespace(
            depth=depth, seed=seed, curves={"train_error": curve, "loss": [9.0] * len(curve)}
        )
        for (depth, seed), curve in curves.items()
    ]


@check
def over_seeds(answer: Answer) -> None:
    """Mean and sample deviation of the last epoch, by depth."""
    curves = {
        (20, 1): [90.0, 50, 56],
        (8, 0): [90, 60, 41.25],
        (20, 0): [80, 70, 50],
        (20, 2): [85, 55, 56],
    }
    ends = [50, 56, 56]
    found = values.mapping(call(answer, runs_of(curves), "train_error"), [8, 20])
    mean, std = values.pair(found[20], "the value of a depth")
    values.diagnose(
        values.number(mean, "the mean"),
        statistics.fmean(ends),
        {
            "this is the best epoch of each run, which can only be named afterwards": statistics.fmean(
                (50, 50, 55)
            ),
            "this is the first epoch; the last is asked for": 85,
            "this is a mean over all epochs; the last is asked for": statistics.fmean(
                (196 / 3, 200 / 3, 196 / 3)
            ),
            "this is the best run, and not the mean over runs": 50,
            "this is the worst run, or the last, and not the mean over runs": 56,
            "this is a sum": 162,
        },
        f"the three runs of 20 layers end at 50, 56 and 56; your mean is {mean}",
    )
    values.diagnose(
        values.number(std, "the deviation"),
        statistics.stdev(ends),
        {
            "the deviation is taken as if the three seeds were all there are": statistics.pstdev(
                ends
            ),
            "this is the variance": statistics.variance(ends),
            "this is the standard error of the mean; the deviation is asked for": statistics.stdev(
                ends
            )
            / 3**0.5,
            "this is the range": 6,
        },
        f"the three runs of 20 layers end at 50, 56 and 56; your deviation is {std}",
    )
    alone, spread = values.pair(found[8], "the value of a depth")
    values.diagnose(
        alone, 41.25, {}, f"the only run of 8 layers ends at 41.25; your mean is {alone}", 1e-7
    )
    nothing = isinstance(spread, float) and math.isnan(spread)
    expect(
        nothing,
        f"one seed has no spread that could be measured, and you return {spread}: return nan",
    )
    _of_other_runs(answer)


def _of_other_runs(answer: Answer) -> None:
    """Other depths, seeds, metrics and orders; runs of different lengths."""
    curves = {(depth, seed): [70 - depth / 7 - seed**1.5 / epoch for epoch in range(1, 3 + seed)]
              for depth in (110, 14) for seed in (5, 0, 3, 9)}  # fmt: skip
    other = values.mapping(call(answer, runs_of(curves), "loss"), [14, 110])
    mean, _ = values.pair(other[14], "the value of a depth")
    expect(values.same(mean, 9), "another metric gives the same numbers: is `metric` used?")
    for order in (sorted(curves), sorted(curves, reverse=True), list(curves)):
        found = values.mapping(
            call(answer, runs_of({key: curves[key] for key in order}), "train_error"), [14, 110]
        )
        for depth in (14, 110):
            ends = [curve[-1] for (its_depth, _), curve in curves.items() if its_depth == depth]
            wanted = statistics.fmean(ends), statistics.stdev(ends)
            values.diagnose(
                found[depth],
                wanted,
                {},
                "of four seeds, in another order, the numbers are not right",
                1e-7,
            )


CASES = (
    ((40, 50), (60, 65), 5, "degradation", "both errors rise"),
    ((40, 50), (20, 62), 5, "overfitting", "training error falls while test error rises"),
    (
        (40, 50),
        (47, 51),
        5,
        "degradation",
        "training error rises by more than the margin, test error does not",
    ),
    (
        (40, 50),
        (47, 30),
        5,
        "degradation",
        "training error rises by more than the margin, test error falls",
    ),
    (
        (40, 50),
        (42, 57),
        5,
        "overfitting",
        "test error rises by more than the margin, training error does not",
    ),
    ((40, 50), (42, 52), 5, "neither", "no error rises by more than the margin"),
    ((40, 50), (45, 55), 5, "neither", "both errors rise by exactly the margin, which is not more"),
    ((20, 50), (15, 48), 5, "neither", "the gap is wide, but the deeper network does better"),
    (
        (40, 50),
        (20, 30),
        5,
        "neither",
        "both errors fall by more than the margin; only a rise counts",
    ),
    ((40, 50), (42, 52), 1, "degradation", "training error rises by more than this margin"),
    ((40, 50), (39, 52), 1, "overfitting", "test error rises by more than this margin"),
    (
        (1, 1),
        (5, 1),
        10,
        "neither",
        "training error is five times as high, but rises by less than the margin",
    ),
    ((0, 0), (0, 0.5), 0, "overfitting", "without a margin any rise of the test error counts"),
    ((30, 20), (30.5, 20), 0.25, "degradation", "training error rises by more than the margin"),
)


@check
def diagnose(answer: Answer) -> None:
    """Degradation, overfitting or neither, from training and test error."""
    for shallow, deep, margin, wanted, why in CASES:
        pair = [
            dict(zip(("train_error", "test_error"), errors, strict=True))
            for errors in (shallow, deep)
        ]
        sentence = f"training and test error go from {shallow} to {deep}, margin {margin}: {why}"
        found = values.text(call(answer, *pair, margin), ("degradation", "overfitting", "neither"))
        expect(found == wanted, f"{sentence}; you say {found!r}")


def rows_of(data: Sequence[tuple[float, ...]]) -> list[dict[str, float]]:
    """Runs as dicts: depth, seed, validation and test error."""
    keys = ("depth", "seed", "validation_error", "test_error")
    return [dict(zip(keys, row, strict=True)) for row in data]


@check
def choose_depth(answer: Answer) -> None:
    """Depth by mean validation error; test error only of what was chosen."""
    data = (
        (20, 0, 30, 41),
        (8, 0, 20, 45),
        (20, 1, 32, 43),
        (8, 1, 60, 35),
        (32, 0, 33, 36),
        (32, 1, 35, 38),
    )
    depth, error = values.pair(call(answer, rows_of(data)))
    expect(
        depth != 32, "32 layers have the lowest test error: the test images took part in the choice"
    )
    expect(depth != 8, "8 layers win by a single lucky run; what does the other seed say?")
    expect(depth == 20, f"the first of the pair should be one of the depths, it is {depth!r}")
    faults = {
        "this is the validation error of the chosen depth, by which it was chosen: too kind": 31,
        "this is the best run of the chosen depth; report its mean": 41,
        "this is the worst run of the chosen depth, or the last; report its mean": 43,
        "this is the mean over all depths": statistics.fmean((41, 45, 43, 35, 36, 38)),
    }
    values.diagnose(
        error, 42, faults, f"20 layers have 41 and 43 % test error, and you report {error}"
    )
    _of_other_rows(answer, data)


def _of_other_rows(answer: Answer, data: Sequence[tuple[float, ...]]) -> None:
    """Other test errors change the report alone; depths with more seeds, and one with few, are treated alike."""
    turned = [(depth, seed, validation, 100 - test) for depth, seed, validation, test in data]
    depth, error = values.pair(call(answer, rows_of(turned)))
    expect(
        (depth, error) == (20, 58),
        f"with other test errors, and the same validation errors, you return {(depth, error)}",
    )
    unlucky = [
        (14, 0, 30, 41),
        (14, 1, 31, 42),
        (14, 2, 80, 43),
        *((26, seed, 40, 50) for seed in range(3)),
    ]
    depth, _ = values.pair(call(answer, rows_of(unlucky)))
    expect(
        depth == 26,
        "a depth with one bad run of three is chosen: it does best in the middle, but not on average",
    )
    uneven = [(14, 0, 25.5, 30.125), *((26, seed, 20 + seed, 40 + seed / 8) for seed in (4, 1, 6))]
    for order in (uneven, uneven[::-1]):
        depth, error = values.pair(call(answer, rows_of(order)))
        expect(
            depth == 26,
            "a depth with more seeds is not worse for it: are means compared, and not sums?",
        )
        values.diagnose(
            error,
            statistics.fmean((40.5, 40.125, 40.75)),
            {},
            "the mean of three seeds is not right",
            1e-7,
        )
