"""Run a student's code: errors become sentences that name the student's line, and nothing it borrows is kept."""

import inspect
import linecache
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path

import torch

from .behaviours.state import Shared, remember
from .verdict import CheckFailed, expect

LIBRARIES = (
    "site-packages",
    str(Path(__file__).parents[1]),
    sysconfig.get_path("stdlib"),
    "<frozen",
    "<@beartype",
    "<eval_with_key>",
)


def line_of_the_answer(error: BaseException) -> str:
    """Where in the student's own code an error arose, in words; empty when it arose nowhere there."""
    steps = traceback.extract_tb(error.__traceback__)
    own = [step for step in steps if not any(place in step.filename for place in LIBRARIES)]
    if not own:
        return ""
    text = own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno or 0).strip()
    return f" in line {own[-1].lineno}, `{text}`"


def is_unwritten(error: BaseException) -> bool:
    """Whether an error is the NotImplementedError of a stub, and not one that PyTorch raises."""
    if not isinstance(error, NotImplementedError):
        return False
    last = traceback.extract_tb(error.__traceback__)[-1]
    return not any(place in last.filename for place in LIBRARIES)


def names_of(answer: Callable[..., object], inputs: tuple[object, ...]) -> list[str]:
    """What the student calls the inputs, as far as the signature says."""
    function = answer.forward if isinstance(answer, torch.nn.Module) else answer
    try:
        bound = inspect.signature(function).bind(*inputs)
    except (TypeError, ValueError):
        return [f"argument {number}" for number in range(1, len(inputs) + 1)]
    names = list(bound.arguments)
    return names if len(names) == len(inputs) else [f"argument {n + 1}" for n in range(len(inputs))]


def call(
    answer: Callable[..., object],
    *inputs: object,
    what: str = "",
    draws: bool = False,
    changes: bool = False,
    raises: type[Exception] | None = None,
) -> object:
    """What an answer returns, once it has left everything as it was.

    Args:
        answer: the student's function, class or module.
        *inputs: what it is given. All of them are compared, afterwards, with what they were: values, modes, hooks,
            gradients, the order of lists.
        what: the call as a student would write it, for messages; empty for "your code".
        draws: whether the answer may draw random numbers (those who build layers do).
        changes: whether the answer is meant to change its inputs.
        raises: an error that must reach the caller; the state is compared all the same.

    Returns:
        What the answer returns, and None where it raised what it should.

    Raises:
        CheckFailed: it stops with an error, or leaves a trace.
        NotImplementedError: it is not written yet.
    """
    subject = what or "your code"
    kept = (
        []
        if changes
        else [remember(*pair) for pair in zip(names_of(answer, inputs), inputs, strict=True)]
    )
    shared = Shared()
    raised: BaseException | None = None
    got: object = None
    try:
        got = answer(*inputs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if is_unwritten(error):
            raise
        raised = error
    trace = shared.end(draws)
    if raised is not None and (raises is None or not isinstance(raised, raises)):
        _blame(raised, subject)
    expect(trace is None, f"after {what or 'your function has run'}, {trace}")
    after = " after an error inside" if raised is not None else ""
    for state in kept:
        difference = state.difference()
        expect(difference is None, f"{difference}{after}")
    if raises is not None:
        expect(
            raised is not None,
            f"an error that {subject} meets must reach the caller, and not be swallowed",
        )
    return got


def _blame(error: BaseException, subject: str) -> None:
    """Raise CheckFailed for an error of the answer's own."""
    if isinstance(error, CheckFailed):
        raise error
    kind = type(error).__name__
    if isinstance(error, SystemExit | GeneratorExit):
        raise CheckFailed(f"{subject} leaves Python ({kind})") from error
    text = " ".join(str(error).split())
    shown = text if len(text) < 300 else f"{text[:300]} …"
    raise CheckFailed(f"{subject} stops{line_of_the_answer(error)}: {kind}: {shown}") from error


def refuses(
    answer: Callable[..., object], *inputs: object, why: str, in_words: bool = False
) -> None:
    """The answer raises a ValueError for what cannot be; `in_words`: with a sentence that says so."""
    shared = Shared()
    try:
        got = answer(*inputs)
    except ValueError as error:
        shared.end(draws=True)
        expect(
            str(error) or not in_words,
            f"{why}: the ValueError is right, and should say so in words",
        )
        return
    except Exception as error:
        if is_unwritten(error):
            raise
        shared.end(draws=True)
        sentence = f"{why}: a ValueError is asked for, a {type(error).__name__} is raised{line_of_the_answer(error)}"
        raise CheckFailed(sentence) from error
    shared.end(draws=True)
    shown = (
        f"a {type(got).__name__}" if isinstance(got, torch.nn.Module | torch.Tensor) else repr(got)
    )
    expect(False, f"{why}; you return {shown} instead of raising a ValueError")
