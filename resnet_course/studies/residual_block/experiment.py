"""The experiment: train one stack of small blocks at several rates, and report the best of them.

A block is the paper's in miniature: two layers, each with batch norm, ReLU between. Unlike the
paper's it has no ReLU after the sum, so that the answer can be negative, and gradients are clipped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...recipes import RunConfig
from ...records.recording import Outcome
from ..depths import TWINS
from .configs import IDENTITY_START, TARGETS

if TYPE_CHECKING:
    from torch import Tensor, nn

# Of the recipe's rate: each stack gets the best of these, so that our choice favours neither kind.
RATE_FACTORS = (10, 3, 1, 0.3)
FRESH = 10_000  # vectors never trained on: so many to choose the rate by, so many to report
LARGEST_GRADIENT = 1.0  # norm over all weights, to which larger gradients are clipped
CURVE_EVERY = 10  # iterations
DIGITS = 6  # of a number in a record


@dataclass(frozen=True)
class Trial:
    """A stack trained at one rate.

    Args:
        lr: The rate.
        training_errors: Of every iteration, on its own batch, in training mode.
        held_out_error: After the last step, in eval mode, on vectors to choose the rate by.
        test_error: The same on other vectors, to report.
    """

    lr: float
    training_errors: list[float]
    held_out_error: float
    test_error: float


def run_custom(config: RunConfig) -> Outcome:
    """Train a stack at each rate; the one with the smallest held-out error is the run's.

    Errors are relative, E|y - target|^2 / E|target|^2: 0 is a perfect answer, 1 is no better than
    answering 0. `copy_error` is that of the chosen rate on vectors that had no part in the choice.

    Raises:
        ValueError: A depth that is not a number of whole blocks, or a stack or target that this
            study does not have.
    """
    check(config)
    rates = [_rounded(factor * config.recipe.lr) for factor in RATE_FACTORS]
    trials = [train(config, rate) for rate in rates]
    best = min(trials, key=_held_out)
    shown = range(CURVE_EVERY, config.recipe.iterations + 1, CURVE_EVERY)
    end = config.recipe.iterations
    return Outcome(
        curves={
            "iteration": list(shown),
            "copy_error": [_rounded(best.training_errors[step - 1]) for step in shown],
        },
        final={"copy_error": _rounded(best.test_error), "lr": best.lr},
        profiles={
            f"lr@{end}": rates,
            f"held_out_error@{end}": [_rounded(trial.held_out_error) for trial in trials],
            f"test_error@{end}": [_rounded(trial.test_error) for trial in trials],
        },
    )


def check(config: RunConfig) -> None:
    """Raise ValueError, saying what the study has, for a configuration that it does not."""
    if config.depth < 2 or config.depth % 2:
        raise ValueError(
            f"a stack is made of blocks of two layers: its depth must be even, got {config.depth}"
        )
    if config.arch not in TWINS:
        raise ValueError(f"a stack is {' or '.join(TWINS)}, got {config.arch!r}")
    if config.variant not in ("", IDENTITY_START) or (config.variant and config.arch != "plain"):
        raise ValueError(
            f"the one variant of this study is {IDENTITY_START!r}, of plain stacks; "
            f"got {config.variant!r} of {config.arch} ones"
        )
    if config.label not in TARGETS:
        known = ", ".join(repr(label) for label in TARGETS)
        raise ValueError(
            f"the label names the target and must be one of {known}, got {config.label!r}"
        )


def train(config: RunConfig, rate: float) -> Trial:
    """Train a new stack at one rate, on new vectors at every step."""
    import torch

    torch.manual_seed(config.seed)
    stack = Stack(config)
    optimizer = torch.optim.SGD(stack.blocks.parameters(), rate, config.recipe.momentum)
    errors = []
    for _ in range(config.recipe.iterations):
        loss = stack.relative_error(config.recipe.batch_size)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(stack.blocks.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        errors.append(loss.item())
    stack.blocks.eval()
    with torch.no_grad():
        test_error = stack.relative_error(FRESH).item()
        held_out_error = stack.relative_error(FRESH).item()
    return Trial(rate, errors, held_out_error, test_error)


class Stack:
    """A stack of blocks, and the linear map that it is to learn."""

    def __init__(self, config: RunConfig) -> None:
        from torch import nn

        self.width = config.recipe.width
        self.is_residual = config.arch == "residual"
        self.blocks = nn.ModuleList(branch(self.width) for _ in range(config.depth // 2))
        if config.variant == IDENTITY_START:
            for block in self.blocks:
                start_as_identity(block)
        self.target = target_map(TARGETS[config.label], self.width, config.seed)

    def __call__(self, x: Tensor) -> Tensor:
        """(N, width) -> (N, width)."""
        for block in self.blocks:
            x = x + block(x) if self.is_residual else block(x)
        return x

    def relative_error(self, count: int) -> Tensor:
        """Error on `count` vectors of normal numbers drawn now, relative to their targets."""
        import torch

        x = torch.randn(count, self.width)
        target = x @ self.target
        return ((self(x) - target) ** 2).mean() / (target**2).mean()


def branch(width: int) -> nn.Sequential:
    """F of the paper's block in miniature: (N, width) -> (N, width).

    Twice the width inside is enough for relu(x) - relu(-x) = x: every block can be any linear map.
    """
    from torch import nn

    first = nn.Linear(width, 2 * width, bias=False)
    second = nn.Linear(2 * width, width, bias=False)
    for linear in (first, second):
        nn.init.kaiming_normal_(linear.weight)
    return nn.Sequential(first, nn.BatchNorm1d(2 * width), nn.ReLU(), second, nn.BatchNorm1d(width))


def start_as_identity(block: nn.Module) -> None:
    """Set a branch's layers so that relu(x) - relu(-x) = x comes out, in place.

    Batch norm takes the mean and the spread of its batch from it, which are nearly 0 and 1.
    """
    import torch

    first, second = [layer for layer in block.children() if isinstance(layer, torch.nn.Linear)]
    eye = torch.eye(first.in_features)
    with torch.no_grad():
        first.weight.copy_(torch.cat((eye, -eye)))
        second.weight.copy_(torch.cat((eye, -eye), dim=1))


def target_map(name: str, width: int, seed: int) -> Tensor:
    """The matrix by which a row vector is multiplied to give its target: (width, width).

    A rotation is drawn from the seed, with numbers of its own: weights and vectors are the same
    for every target.
    """
    import torch

    eye = torch.eye(width)
    if name == "identity":
        return eye
    if name == "negation":
        return -eye
    numbers = torch.randn(width, width, generator=torch.Generator().manual_seed(seed))
    q, r = torch.linalg.qr(numbers)
    q = q * r.diagonal().sign()  # uniform over all orthogonal matrices (Mezzadri 2007)
    if torch.linalg.det(q) < 0:
        q[:, 0] *= -1  # no mirror image
    return q


def _held_out(trial: Trial) -> float:
    return math.inf if math.isnan(trial.held_out_error) else trial.held_out_error


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
