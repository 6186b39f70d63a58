"""Self-checks of the assignment on shortcuts: option A, which shortcut where, the block, its price, paired runs."""

import functools
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from ..networks import blocks, models
from . import check, expect, values
from .behaviours import borrowing, learning, modules, shapes
from .behaviours.authorship import BLOCKS, NETWORKS, is_the_students_own
from .behaviours.modules import Likeness
from .calling import call, refuses
from .wrong_blocks import cut_joins, edits, joined_wrongly, joins, with_branches

Answer = Callable[..., object]
KINDS = {nn.Identity: "identity", blocks.ZeroPadShortcut: "zero-pad", nn.Sequential: "projection"}


def option_a_of_the_package(x: Tensor, out_channels: int, stride: int) -> Tensor:
    """What the package's shortcut without parameters makes of x."""
    return blocks.ZeroPadShortcut(out_channels - x.shape[1], stride)(x)


@check
def zero_pad(answer: Answer) -> None:
    """Which pixels, where the zeros are, gradients, other sizes and types."""
    is_the_students_own(lambda: answer(torch.randn(1, 4, 6, 6), 8, 2), *BLOCKS)
    for channels, out_channels, stride in (
        (4, 8, 2),
        (2, 8, 1),
        (3, 7, 2),
        (4, 4, 1),
        (3, 5, 3),
        (2, 2, 2),
    ):
        x = torch.randn(2, channels, 6, 6)
        what = f"from {channels} to {out_channels} channels with stride {stride}"
        shape = (2, out_channels, 6 // stride, 6 // stride)
        got = values.tensor(call(answer, x, out_channels, stride, what=what), shape, what)
        right = option_a_of_the_package(x, out_channels, stride)
        otherwise = f"{what} the old channels or the zeros are not where they should be"
        values.diagnose(got, right, _wrongly_padded(x, out_channels, stride), otherwise)
    maps = shapes.maps_of_any_size(torch.randn(1, 3, 6, 6)) | {
        shapes.DOUBLE: torch.randn(2, 3, 6, 6).double()
    }
    cases = {sentence: (x, 7, 2) for sentence, x in maps.items()}
    shapes.works_for_other_shapes(answer, option_a_of_the_package, cases, tolerance=1e-9)
    learning.flows_back(
        lambda x: answer(x, 8, 2),
        lambda x: option_a_of_the_package(x, 8, 2),
        [torch.randn(2, 4, 6, 6).double()],
        {},
    )
    shapes.works_on_any_device(
        lambda device: answer(torch.randn(2, 4, 6, 6).to(device), 8, 2), "your function"
    )


def _wrongly_padded(x: Tensor, out_channels: int, stride: int) -> dict[str, Tensor]:
    """What else is made of x, by what is wrong with it."""
    new = out_channels - x.shape[1]
    taken = {
        "": x[:, :, ::stride, ::stride],
        "pixels are averaged; option A takes some and drops the rest": F.avg_pool2d(x, stride),
        "the largest of each few pixels is taken; option A takes every so many and drops the rest": F.max_pool2d(
            x, stride
        ),
        "every so many pixels are taken, but from the wrong one on": x[
            :, :, stride - 1 :: stride, stride - 1 :: stride
        ],
        "the first rows and columns are taken, and not every so many": x[
            :, :, : 6 // stride, : 6 // stride
        ],
        "rows and columns are exchanged": x[:, :, ::stride, ::stride].transpose(2, 3),
        "pixels are interpolated": F.interpolate(x, scale_factor=1 / stride, mode="bilinear"),
    }
    faults: dict[str, Tensor] = {}
    if new:
        pixels = taken.pop("")
        half = new // 2
        faults |= {
            "the new channels all come after the old ones; how should they be split?": _padded(
                pixels, 0, new
            ),
            "the new channels all come before the old ones; how should they be split?": _padded(
                pixels, new, 0
            ),
            "the new channels are not zero, but copies of old ones": torch.cat([pixels] * 9, 1)[
                :, :out_channels
            ],
            "the new channels are not zero, but ones": F.pad(
                pixels, (0, 0, 0, 0, half, half), value=1.0
            ),
            "only the first image of a batch comes through": torch.cat(
                [pixels[:1], 0 * pixels[1:]]
            ),
        }
        return faults | {sentence: _padded(x, half, half) for sentence, x in taken.items()}
    return taken


def _padded(x: Tensor, before: int, after: int) -> Tensor:
    return F.pad(x, (0, 0, 0, 0, before, after))


@check
def shortcut_kind(answer: Answer) -> None:
    """Which shortcut each of the three options uses, and where."""
    is_the_students_own(lambda: answer("B", 16, 32, 2), *BLOCKS)
    shapes_of_blocks = {
        "nothing changes": (16, 16, 1),
        "more channels": (16, 64, 1),
        "smaller map": (16, 16, 2),
        "both": (16, 32, 2),
        "a map a third as wide": (8, 8, 3),
    }
    for option in blocks.SHORTCUTS:
        for name, shape in shapes_of_blocks.items():
            where = (
                f"option {option}, {shape[0]} to {shape[1]} channels, stride {shape[2]} ({name})"
            )
            got = values.text(call(answer, option, *shape, what=where), list(KINDS.values()), where)
            right = KINDS[type(blocks.make_shortcut(option, *shape))]
            expect(got == right, f"{where}: not {got!r}")
    for option in ("D", "", "a", "AB"):
        refuses(answer, option, 16, 16, 1, why=f"there is no option {option!r}")


@check
def bottleneck(answer: Answer) -> None:
    """Three layers, what joins them with the shortcut, and a projection where the shape changes, and only there."""
    is_the_students_own(lambda: answer(8, 16, 2)(torch.randn(2, 8, 4, 4)), *BLOCKS)
    for shape in ((8, 16, 2), (16, 16, 1), (8, 16, 1), (16, 16, 2)):
        what = f"Bottleneck{shape}"
        twin = partial(blocks.BottleneckBlock, *shape)
        branch = modules.part(twin, "residual", what)
        shortcut = modules.part(twin, "shortcut", what)
        wrong = joined_wrongly(branch, shortcut, joins())
        wrong |= with_branches(twin, edits(partial(_layers_of, branch)))
        likeness = Likeness(
            what,
            modules.maker(answer, *shape, what=what),
            twin,
            f"{what} has layers of the right sizes, and computes something else with them: in which order, "
            "with what between them, and how is the shortcut added?",
            wrong,
            joined_wrongly(branch, shortcut, cut_joins()),
        )
        modules.is_like(likeness, torch.randn(3, shape[0], 8, 8))


def _layers_of(make: Callable[[], nn.Module]) -> list[nn.Module]:
    return list(make().children())


@functools.cache
def costs_of_projections() -> dict[tuple[int, bool], tuple[int, int]]:
    """Weights and batch-norm parameters of a projection, by stage, and whether it belongs to the first block there."""
    with torch.device("meta"):
        blocks_of_net = {
            name: block for name, block in models.cifar(14, shortcut="C").named_modules()
        }
    costs = {}
    for stage in range(3):
        for number in range(2):
            parameters = list(blocks_of_net[f"stages.{stage}.{number}.shortcut"].parameters())
            weights = sum(p.numel() for p in parameters if p.dim() > 1)
            costs[stage, number == 0] = (weights, sum(p.numel() for p in parameters) - weights)
    return costs


def projections(depth: int, option: str) -> list[tuple[int, bool]]:
    """The blocks that have a projection, by stage, and whether they are the first there."""
    with torch.device("meta"):
        small = models.cifar(14, shortcut=option)
    count = models.blocks_per_stage(depth)
    found: list[tuple[int, bool]] = []
    for stage in range(3):
        for number, times in ((0, 1), (1, count - 1)):
            has_any = any(
                True for _ in small.get_submodule(f"stages.{stage}.{number}.shortcut").parameters()
            )
            found += [(stage, number == 0)] * times * has_any
    return found


def price(chosen: Sequence[tuple[int, bool]], norms: float = 1) -> int:
    """What projections cost in parameters; `norms` is how often their batch norms count."""
    costs = costs_of_projections()
    return sum(costs[place][0] + int(norms * costs[place][1]) for place in chosen)


@check
def shortcut_parameters(answer: Answer) -> None:
    """What the shortcuts add to the parameters of a CIFAR network."""
    is_the_students_own(lambda: answer(20, "B"), *NETWORKS)
    for depth in (20, 8, 56, 110):
        for option in blocks.SHORTCUTS:
            what = f"a network of {depth} layers with option {option}"
            got = values.whole(call(answer, depth, option, what=what), what)
            chosen = projections(depth, option)
            everywhere = projections(depth, "C")
            once = projections(depth, "B")
            faults = {
                "the batch norms of the projections are left out": price(chosen, 0),
                "a batch norm has a scale and a shift, two parameters a channel": price(
                    chosen, 0.5
                ),
                "buffers are counted; the running statistics are no parameters": price(chosen, 2),
                "option A never has parameters": price(once) if option == "A" else -1,
                "this is the number for a projection in every block": price(everywhere),
                "this is the number for projections only where the shape changes": price(once),
                "in how many blocks of a stage does the shape change?": price(
                    [p for p in everywhere if p[0] > 0]
                ),
                "in which stages does the shape change?": price(
                    [(stage, True) for stage in range(3)]
                ),
                "the shape changes in two blocks of the network": price(once[:1]),
                "the other blocks of a stage project as well": price(
                    [p for p in everywhere if p[1]]
                ),
                "how many blocks has each stage? The stem and the head belong to none": price(
                    projections(depth + 6, "C")
                ),
            }
            different = {
                fault: number for fault, number in faults.items() if number != price(chosen)
            }
            otherwise = f"{what}: {got} is not the number of parameters of its shortcuts"
            values.diagnose(
                got,
                price(chosen),
                {f"{what}: {k}": v for k, v in different.items()},
                otherwise,
                1e-9,
            )


def counted(conv: nn.Conv2d, height: int, width: int) -> int:
    """Multiply-adds of a convolution, by PyTorch's own count of its operations."""
    image = torch.zeros(1, conv.in_channels, height, width)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        conv(image)
    return counter.get_total_flops() // 2


@check
def multiply_adds(answer: Answer) -> None:
    """One convolution on one map, with each of its settings changed by itself."""
    is_the_students_own(lambda: answer(nn.Conv2d(3, 4, 3), 6, 7))
    settings: dict[str, dict[str, object]] = {
        "": {},
        "stride": {"stride": 2},
        "no padding": {"padding": 0},
        "groups": {"groups": 4},
        "bias": {"bias": True},
        "a kernel that is not square": {"kernel_size": (1, 5)},
        "a padding that is not the same on all sides": {"padding": (0, 2)},
        "a stride that is not the same both ways": {"stride": (1, 3)},
        "a larger kernel": {"kernel_size": 7, "stride": 2, "padding": 3},
    }
    for name, setting in settings.items():
        conv = nn.Conv2d(8, 12, **({"kernel_size": 3, "padding": 1, "bias": False} | setting))
        what = f"{conv} on a map of 10 x 15"
        got = values.whole(call(answer, conv, 10, 15, what=what), what)
        right = counted(conv, 10, 15)
        faults = {
            f"{what}: a multiply-add is counted as one, not as two operations": 2 * right,
            f"{what}: a weight works once for every pixel of which map?": 10
            * 15
            * conv.weight.numel(),
            f"{what}: how many channels does one of the new ones read?": conv.groups * right,
            f"{what}: the bias is counted; it is no multiplication": right
            + 12 * right // conv.weight.numel(),
            f"{what}: these are weights; how often is each of them used?": conv.weight.numel(),
            f"{what}: these are pixels that come out; how many multiplications does each take?": right
            // conv.weight[0].numel(),
            f"{what}: height and width are taken for one another, or one of them twice": counted(
                conv, 15, 10
            ),
        }
        different = {fault: number for fault, number in faults.items() if number != right}
        values.diagnose(
            got,
            right,
            different,
            f"{what}: {got} is not the count{f' ({name})' if name else ''}",
            1e-9,
        )
    for height, width in ((15, 10), (7, 7), (1, 40)):
        conv = nn.Conv2d(4, 6, 3, 2, padding=1)
        what = f"{conv} on a map of {height} x {width}"
        got = values.whole(call(answer, conv, height, width, what=what), what)
        expect(got == counted(conv, height, width), f"{what}: {got} is not the count")
    borrowing.keeps_the_callers_state(
        lambda conv: answer(conv, 6, 7), lambda: nn.Conv2d(2, 3, 3, padding=1), after_errors=False
    )


def made_up_records(errors: dict[tuple[str, int], float]) -> list[SimpleNamespace]:
    """Records with a shortcut, a seed and a test error, in the order of the dict."""
    return [
        SimpleNamespace(shortcut=option, seed=seed, final={"test_error": error, "train_error": 1.0})
        for (option, seed), error in errors.items()
    ]


SEEDS = {
    ("B", 7): 29.0,
    ("A", 3): 20.0,
    ("A", 11): 40.0,
    ("B", 3): 22.0,
    ("A", 7): 30.0,
    ("B", 11): 45.0,
    ("C", 3): 90.0,
}


@check
def paired_difference(answer: Answer) -> None:
    """Mean and deviation, over seeds, of what an option costs each seed."""
    records = made_up_records(SEEDS)
    first, second = values.pair(call(answer, records, "B"))
    mean = values.number(first, "the mean")
    std = values.number(second, "the deviation")
    costs = [2.0, -1.0, 5.0]  # of the seeds 3, 7 and 11
    values.diagnose(
        mean,
        statistics.fmean(costs),
        {
            "the sign is wrong: positive should mean that the option does worse than A": -2,
            "this is the mean of the option's errors, and not of differences": 32,
            "this is a sum of differences, and not their mean": 6,
            "the differences are taken without their signs": statistics.fmean(map(abs, costs)),
            "the differences are relative; points of error are asked for": statistics.fmean(
                (2 / 20, -1 / 30, 5 / 40)
            ),
        },
        f"three seeds differ by 2, -1 and 5; your mean is {mean:.4g}",
    )
    values.diagnose(
        std,
        statistics.stdev(costs),
        {
            "the deviation is taken as if the three seeds were all there are": statistics.pstdev(
                costs
            ),
            "this is the variance": statistics.variance(costs),
            "this is the standard error of the mean; the deviation is asked for": statistics.stdev(
                costs
            )
            / 3**0.5,
            "this is the spread of the option's runs, and not of the differences seed by seed": statistics.stdev(
                (29, 22, 45)
            ),
            "this is the spread of A's runs, and not of the differences seed by seed": statistics.stdev(
                (20, 40, 30)
            ),
        },
        f"three seeds differ by 2, -1 and 5; your deviation is {std:.4g}: which run belongs to which?",
    )
    _of_other_records(answer)


def _of_other_records(answer: Answer) -> None:
    """Other seeds, orders, sizes and options."""
    itself = values.pair(call(answer, made_up_records(SEEDS), "A"))
    expect(itself == (0, 0), "option A differs from itself: are records and option used?")
    errors = {("A", seed): 20 + seed**0.5 for seed in range(5)}
    more = (0.004, -0.5, 1.2, -2.0, 0.7)
    errors |= {("C", seed): errors["A", seed] + more[seed] for seed in range(5)}
    for order in (
        sorted(errors),
        sorted(errors, reverse=True),
        sorted(errors, key=lambda key: key[1]),
    ):
        got = values.pair(call(answer, made_up_records({key: errors[key] for key in order}), "C"))
        costs = [errors["C", seed] - errors["A", seed] for seed in range(5)]
        wanted = statistics.fmean(costs), statistics.stdev(costs)
        sentence = "of five seeds, in another order, mean or deviation is not right"
        values.diagnose(got, wanted, {}, sentence, 1e-6)
