"""Whether what holds for one input holds for others: sizes, batches, types, devices, and when asked again."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from ..calling import call
from ..values import same
from ..verdict import CheckFailed, expect

Function = Callable[..., object]
DOUBLE = "right in float32, and not in float64: is something converted or rounded?"
SIZES = {
    "right for several images, and not for a single one": (1, 8, 8, 1.0),
    "right for square maps, and not where height and width differ": (3, 6, 10, 1.0),
    "right for small maps, and not for larger ones": (2, 12, 16, 1.0),
    "right for numbers around 1, and not for large ones: does something clamp or saturate?": (
        2,
        6,
        6,
        1e4,
    ),
    "right for numbers around 1, and not for small ones: is something added, or rounded away?": (
        2,
        6,
        6,
        1e-4,
    ),
    "right the first time, and not when asked again: does it remember what it saw?": (2, 6, 6, 1.0),
}


def maps_of_any_size(like: Tensor) -> dict[str, Tensor]:
    """Maps (N, C, H, W) with the channels of one, by the sentence for an answer that fails there."""
    return {
        sentence: size * torch.randn(n, like.shape[1], height, width, dtype=like.dtype)
        for sentence, (n, height, width, size) in SIZES.items()
    }


def works_for_other_shapes(
    answer: Function,
    wanted: Function,
    cases: Mapping[str, tuple[object, ...]],
    what: str = "your function",
    tolerance: float = 1e-4,
) -> None:
    """An answer gives what `wanted` gives, for inputs each of which tries something.

    Args:
        answer: the student's function.
        wanted: the reference, called with the same inputs.
        cases: by the sentence for an answer that fails there, the inputs.
        what: the answer in words.
        tolerance: of rounding, relative to the largest number.
    """
    for sentence, inputs in cases.items():
        got = call(answer, *inputs, what=f"{what} ({sentence.split(',')[0]})")
        right = wanted(*inputs)
        if isinstance(got, Tensor) and isinstance(right, Tensor):
            keeps_the_type(got, right.dtype, what)
            _first_image(got, right, what)
        expect(same(got, right, tolerance), f"{what} is {sentence}")


def computes_the_same_of_all(
    mine: nn.Module, twin: nn.Module, inputs: Mapping[str, Tensor], what: str
) -> None:
    """Two modules with the same weights compute the same of other inputs, in the mode in which they are."""

    def compute(module: nn.Module) -> Function:
        def run(x: Tensor) -> object:
            with torch.no_grad():
                return module(x)

        return run

    cases = {sentence: (x,) for sentence, x in inputs.items()}
    works_for_other_shapes(compute(mine), compute(twin), cases, what)


def _first_image(got: Tensor, wanted: Tensor, what: str) -> None:
    """Say so when the first image of a batch is right, and a later one is not."""
    if got.shape == wanted.shape and len(wanted) > 1 and same(got[:1], wanted[:1]):
        expect(
            same(got[1:], wanted[1:]),
            f"{what} is right for the first image of a batch, and not for the others",
        )


def works_in_float32(mine: nn.Module, x: Tensor, what: str) -> None:
    """In float32 and in float64 a module gives out the type that goes in."""
    for dtype in (torch.float32, torch.float64):
        with torch.no_grad():
            got = call(mine.to(dtype), x.to(dtype), what=f"{what} in {dtype}")
        keeps_the_type(got, dtype, what)


def keeps_the_type(got: object, dtype: torch.dtype, what: str) -> None:
    """What comes out has the floating-point type of what went in."""
    if not isinstance(got, Tensor):
        raise CheckFailed(f"{what} gives out a {type(got).__name__} and no Tensor")
    expect(
        got.dtype == dtype,
        f"{what} gives out {got.dtype}, another type than the {dtype} that goes in",
    )


def works_on_any_device(run: Callable[[torch.device], object], what: str) -> None:
    """Nothing is made on the CPU that meets tensors of another device.

    `run` is given a device without data, on which every operation of the answer is tried by shape alone.
    """
    try:
        run(torch.device("meta"))
    except (RuntimeError, NotImplementedError, TypeError) as error:
        text = str(error)
        strange = (
            "expected device" in text or "out of meta tensor" in text or "convert meta" in text
        )
        expect(
            not strange,
            f"{what} works on the CPU alone: a tensor is made there, whatever the device of the input",
        )
