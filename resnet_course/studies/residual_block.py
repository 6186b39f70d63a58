"""Chapter "H(x) = F(x) + x": how well and how fast stacks with and without shortcuts learn to copy their input."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "How hard is it for a stack of layers to learn to do nothing?"
DEPTHS = {"live": (2, 8, 32), "laptop": (2, 4, 8, 16, 32, 64)}
RATES = (1.0, 0.3, 0.1, 0.03)  # each network gets the best of these, so that our choice favours neither kind
FLOOR = 1e-8  # of the figure
FRESH = 10_000  # vectors never trained on, by whose copies a stack is judged
WIDTH = 16  # numbers in a vector to copy
HIDDEN = 2 * WIDTH  # enough for relu(x) - relu(-x) = x: every block can be the identity exactly


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary depth and shortcut; the task is to copy a vector of 16 normal numbers."""
    if recipe.tier not in DEPTHS:
        raise ValueError(f"residual_block has tiers {', '.join(DEPTHS)}: the toy gains nothing from more")
    steps = 120 if recipe.tier == "live" else 600
    toy = replace(
        recipe, data="synthetic", width=WIDTH, iterations=steps, schedule="steps", drops=(), weight_decay=0.0
    )
    grid = product(seeds, ("plain", "residual"), DEPTHS[recipe.tier])
    return [Config(net, depth, seed, toy) for seed, net, depth in grid]


def measure(config: Config) -> tuple[dict, dict]:
    """Train one stack at each rate; curves and final metrics of the rate that ends with the smallest error.

    The error is E|y - x|^2 / E|x|^2: 0 is a perfect copy, 1 is no better than answering 0. Curves are taken while
    training; the final error in eval mode, free of the noise that batch norm takes from its batch.
    """
    tries = [(*_train(config, rate), rate) for rate in RATES]
    errors, end, rate = min(tries, key=lambda t: t[1] if t[1] == t[1] else float("inf"))
    every = range(10, config.recipe.iterations + 1, 10)
    curves = {"iteration": list(every), "copy_error": [float(f"{errors[i - 1]:.5g}") for i in every]}
    return curves, {"copy_error": float(f"{end:.6g}"), "lr": rate}


def _train(config: Config, rate: float) -> tuple[list[float], float]:
    import torch

    torch.manual_seed(config.seed)
    blocks = torch.nn.ModuleList(_branch() for _ in range(config.depth // 2))
    optimizer = torch.optim.SGD(blocks.parameters(), rate, config.recipe.momentum)

    def copy_error(count: int) -> torch.Tensor:
        x = torch.randn(count, WIDTH)
        y = x
        for branch in blocks:
            y = y + branch(y) if config.net == "residual" else branch(y)
        return ((y - x) ** 2).mean() / (x**2).mean()

    errors = []
    for _ in range(config.recipe.iterations):
        loss = copy_error(config.recipe.batch_size)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(blocks.parameters(), 1.0)
        optimizer.step()
        errors.append(loss.item())
    blocks.eval()
    with torch.no_grad():
        return errors, copy_error(FRESH).item()


def _branch():
    """F of the paper's block in miniature: two layers, each with batch norm, ReLU between."""
    from torch import nn

    first, second = nn.Linear(WIDTH, HIDDEN, bias=False), nn.Linear(HIDDEN, WIDTH, bias=False)
    for linear in (first, second):
        nn.init.kaiming_normal_(linear.weight)
    return nn.Sequential(first, nn.BatchNorm1d(HIDDEN), nn.ReLU(), second, nn.BatchNorm1d(WIDTH))


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Copy error against depth."""

    def draw(axes, colours):
        figures.error_against_depth(axes, colours, records, "copy_error")
        for line in axes.lines:  # errors that round to nothing in float32 lie on the floor
            line.set_ydata([max(y, FLOOR) for y in line.get_ydata()])
        axes.set_yscale("log")
        axes.set_ylim(FLOOR, 2)
        axes.set_title("relative error of the copy")
        axes.legend()

    return figures.exhibit(draw, finding(records), caption, runs.table(records, ("copy_error",)), records)


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    errors = runs.over_seeds(records, "copy_error")
    deepest = max(depth for _, depth in errors)
    plain, residual = errors["plain", deepest].mean, errors["residual", deepest].mean
    return (
        f"At {deepest} layers the plain stack is left with {plain:.2g} of its input's variance as error, "
        f"the residual stack with {residual:.2g}."
    )


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What this chapter claims, tested with a margin."""
    errors = runs.over_seeds(records, "copy_error")
    deepest = max(depth for _, depth in errors)
    return {
        f"a residual stack of {deepest} layers copies at least 10 times better than a plain one": 10
        * errors["residual", deepest].mean
        < errors["plain", deepest].mean,
        f"a plain stack of {deepest} layers copies worse than one of 2": errors["plain", deepest].mean
        > 2 * errors["plain", 2].mean,
    }
