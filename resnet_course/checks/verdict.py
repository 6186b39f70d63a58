"""What a self-check is: it passes in one calm line, or says in one sentence what is wrong."""

import functools
from collections.abc import Callable
from typing import Protocol

import torch


class CheckFailed(AssertionError):
    """What a check raises; its message is a sentence for the student."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of the traceback."""
        return [f"Not yet: {self}"]


class Check(Protocol):
    """A check as a student calls it: with the answer, and with another seed where it is graded."""

    __name__: str

    def __call__(self, answer: object, seed: int = 0) -> None: ...


def expect(truth: object, sentence: str) -> None:
    """Raise CheckFailed with the sentence unless `truth`."""
    if not truth:
        raise CheckFailed(sentence)


def check(function: Callable[..., None]) -> Check:
    """Make a public check of `function(answer)`.

    Random numbers are those of `seed`, so that a check says the same every time; the caller's random state is left
    alone. Errors of the answer's own are the business of `calling.call`. What else goes wrong went wrong here, and is
    never blamed on the student.

    Raises:
        CheckFailed: the answer is wrong, or the check met what it did not foresee.
        NotImplementedError: the answer is not written yet.
    """

    @functools.wraps(function)
    def checked(answer: object, seed: int = 0) -> None:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(seed)
            try:
                function(answer)
            except (CheckFailed, NotImplementedError):
                raise
            except Exception as error:
                raise CheckFailed(
                    f"this check met something it did not foresee ({type(error).__name__}: {error}), so it cannot say "
                    "whether your answer is right; please report it together with your answer"
                ) from error
        print(f"{function.__name__}: passed.")

    return checked
