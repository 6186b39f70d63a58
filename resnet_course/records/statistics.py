"""How sure a number is: means over seeds, paired differences with intervals, seeds needed.

Pairs share a seed: the same initial numbers, images, order, crops and flips. Intervals are 95 %;
Student's t where every value is finite, a bootstrap of the median where a run diverged.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

CONFIDENCE = 0.95
RESAMPLES = 10_000
MOST_SEEDS = 1_000  # beyond which nobody will run them


class MissingValuesError(ValueError):
    """There are no values to average, to estimate from, or to pair."""


@dataclass(frozen=True)
class Stats:
    """Mean and sample standard deviation of n values (nan for a single one)."""

    mean: float
    std: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.2f}" if self.n == 1 else f"{self.mean:.2f} ± {self.std:.2f}"


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval.

    Args:
        value: Mean, or median where values are not finite.
        low: Lower end of the interval; -inf where a single value tells nothing of the scatter.
        high: Upper end.
        n: Values it rests on (seeds).
        unit: "points" (of error, in percent), "nats", "times", …
        std: Sample standard deviation of the values; nan where it cannot be told.
        diverged: How many of the values are not finite.
    """

    value: float
    low: float
    high: float
    n: int
    unit: str = "points"
    std: float = math.nan
    diverged: int = 0

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        lost = f", {self.diverged} diverged" if self.diverged else ""
        return f"{self.value:+.3g} [{self.low:.3g}, {self.high:.3g}]{unit}, n = {self.n}{lost}"

    def in_words(self, digits: int = 1) -> str:
        """For a sentence: "6.3 points (95 % interval 3.6 to 9.0, 3 seeds)"."""
        numbers = []
        for number in (self.value, self.low, self.high):
            numbers.append(f"{number:.{digits}f}".replace("-", "−"))
        value, low, high = numbers
        if self.n == 1:
            return f"{value} {self.unit} (one seed)"
        return f"{value} {self.unit} (95 % interval {low} to {high}, {self.n} seeds)"


def summarise(values: Iterable[float]) -> Stats:
    """Mean, sample standard deviation and count. Raises MissingValuesError when there are none."""
    values = list(values)
    if not values:
        raise MissingValuesError("no values to average")
    if not all(map(math.isfinite, values)):
        return Stats(math.nan, math.nan, len(values))
    return Stats(fmean(values), stdev(values) if len(values) > 1 else math.nan, len(values))


def estimate(values: Iterable[float], unit: str = "points") -> Estimate:
    """Mean with a t interval; where a value is not finite, median with a bootstrap interval.

    Raises MissingValuesError when there are none.
    """
    values = list(values)
    if not values:
        raise MissingValuesError("no values to estimate from")
    infinite = sum(not math.isfinite(value) for value in values)
    if infinite:
        low, high = bootstrap_interval(values)
        return Estimate(_median(values), low, high, len(values), unit, diverged=infinite)
    mean = fmean(values)
    if len(values) == 1:
        return Estimate(mean, -math.inf, math.inf, 1, unit)
    std = stdev(values)
    half = t_quantile(len(values) - 1) * std / math.sqrt(len(values))
    return Estimate(mean, mean - half, mean + half, len(values), unit, std)


def paired_difference(
    minuend: Mapping[int, float], subtrahend: Mapping[int, float], unit: str = "points"
) -> Estimate:
    """Mean difference over the seeds that both have, with its interval.

    Args:
        minuend: Seed -> value.
        subtrahend: Seed -> value of the run that it is paired with.

    Raises:
        MissingValuesError: They share no seed.
    """
    seeds = sorted(set(minuend) & set(subtrahend))
    if not seeds:
        raise MissingValuesError("the two share no seed, so that there is nothing to pair")
    return estimate([_minus(minuend[seed], subtrahend[seed]) for seed in seeds], unit)


def _minus(a: float, b: float) -> float:
    """a - b, where what diverged is infinitely worse, and two that diverged are alike."""
    a = math.inf if math.isnan(a) else a
    b = math.inf if math.isnan(b) else b
    return 0.0 if a == b else a - b


def proportion(outcomes: Iterable[bool], unit: str = "of the runs") -> Estimate:
    """Share of runs with an outcome, with the exact binomial interval (Clopper and Pearson 1934).

    Raises MissingValuesError when there are no outcomes.
    """
    from scipy.special import betaincinv

    outcomes = list(outcomes)
    n, hits = len(outcomes), sum(outcomes)
    if not n:
        raise MissingValuesError("no outcomes to count")
    tail = (1 - CONFIDENCE) / 2
    low = float(betaincinv(hits, n - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return Estimate(hits / n, low, high, n, unit)


def t_quantile(degrees: int, confidence: float = CONFIDENCE) -> float:
    """Two-sided quantile of Student's t distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + confidence / 2))


def bootstrap_interval(values: Sequence[float]) -> tuple[float, float]:
    """Percentile interval of the median over resamples; NaN counts as infinite."""
    ordered = [math.inf if math.isnan(value) else value for value in values]
    draw = random.Random(0)
    medians = sorted(_median(draw.choices(ordered, k=len(ordered))) for _ in range(RESAMPLES))
    tail = (1 - CONFIDENCE) / 2
    return medians[int(tail * RESAMPLES)], medians[int((1 - tail) * RESAMPLES) - 1]


def _median(values: Sequence[float]) -> float:
    ordered = sorted(math.inf if math.isnan(value) else value for value in values)
    if ordered[0] == -math.inf or ordered[-1] == math.inf:
        return ordered[(len(ordered) - 1) // 2]  # no average of the middle two with an infinity
    return median(ordered)


def seeds_needed(estimated: Estimate, margin: float) -> int | None:
    """Seeds after which the interval would clear `margin`, if value and scatter stay as they are.

    None where the scatter cannot be told, where more than a thousand would be needed, or where the
    value is the margin itself.
    """
    distance = abs(estimated.value - margin)
    if not math.isfinite(estimated.std) or distance == 0:
        return None
    for n in range(2, MOST_SEEDS + 1):
        if t_quantile(n - 1) * estimated.std / math.sqrt(n) < distance:
            return n
    return None
