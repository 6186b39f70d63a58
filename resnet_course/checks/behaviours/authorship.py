"""Whether an answer is the student's own: it does not call the package's, or a check's, to do the task for it."""

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType

from ...networks import blocks, models, variants
from ..verdict import expect
from .state import Shared

CHECKS = str(Path(__file__).parents[1])
BLOCKS = (
    blocks.ZeroPadShortcut,
    blocks.make_shortcut,
    blocks.two_layer_branch,
    blocks.bottleneck_branch,
    blocks.PlainBlock,
    blocks.ResidualBlock,
    blocks.BottleneckBlock,
    blocks.PreActivationBottleneck,
    variants.PreActivation,
)
NETWORKS = (models.cifar, models.imagenet)


def codes_of(owner: Callable[..., object]) -> Iterator[CodeType]:
    """The code of a function, or of the methods that a class has of its own."""
    function = inspect.unwrap(owner)
    if inspect.isclass(function):
        for method in vars(function).values():
            if inspect.isfunction(method):
                yield method.__code__
    elif inspect.isfunction(function):
        yield function.__code__


def is_of_the_checks(frame: FrameType) -> bool:
    """Whether a function of the checks is called from outside of them; networks to be measured are none."""
    code = frame.f_code
    stub = code.co_name == "forward" or Path(code.co_filename).name == "stubs.py"
    inside = frame.f_back is not None and frame.f_back.f_code.co_filename.startswith(CHECKS)
    return code.co_filename.startswith(CHECKS) and not stub and not inside


def is_the_students_own(run: Callable[[], object], *forbidden: Callable[..., object]) -> None:
    """`run` calls none of the functions and classes that would do the task, and nothing of the checks.

    What an answer calls is watched while it runs, so a name, an alias or a subclass makes no difference. An answer
    that stops with an error is judged elsewhere.
    """
    names = {code: owner.__name__ for owner in forbidden for code in codes_of(owner)}
    called: list[str] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code in names:
            called.append(names[frame.f_code])
        elif event == "call" and is_of_the_checks(frame):
            called.append(f"{frame.f_code.co_name}, a part of the checks")

    shared = Shared()
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        with contextlib.suppress(Exception):
            run()
    finally:
        sys.setprofile(before)
        shared.end(draws=True)
    expect(
        not called, f"your answer calls {', '.join(called[:1])}: the task is to write this yourself"
    )
