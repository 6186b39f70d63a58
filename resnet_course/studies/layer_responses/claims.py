"""What the chapter claims, each with a margin and the tiers at which it can be asked.

Committed before seeds 3 to 10 were run. Mean responses of seeds 0 to 2 scatter by some hundredths
from seed to seed; the margins are several times that. Of longer training there is one seed of ours
(tier colab) and four networks of others (tier published), one per depth.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from ...records import (
    Claim,
    Estimate,
    MissingRecordsError,
    Record,
    difference,
    estimate,
    select,
)
from ..depths import INSIDE
from .analysis import MIDDLE, UNTRAINED, Quantity, network_mean
from .configs import decay_label

Estimator = Callable[[Sequence[Record]], Estimate]
STRONG, NONE = decay_label(1e-2), decay_label(0.0)
LEAST_DEPTHS = 3


def off_one(records: Sequence[Record]) -> Estimate:
    """How far the mean response of the deepest untrained residual network is from 1."""
    deepest = INSIDE[records[0].tier][-1]
    means = _means(records, "response", UNTRAINED, depth=deepest)
    return estimate([mean - 1 for mean in means.values()], unit="")


def deepest_beside_shallowest(
    quantity: Quantity, iteration: int | None = None, less: float = 0.0
) -> Estimator:
    """Mean of a quantity in the deepest residual network by the shallowest's, less a number."""

    def of_records(records: Sequence[Record]) -> Estimate:
        depths = INSIDE[records[0].tier]
        deepest = _means(records, quantity, iteration, depth=depths[-1])
        shallowest = _means(records, quantity, iteration, depth=depths[0])
        return estimate([ratio - less for ratio in _ratios(deepest, shallowest)], unit="times")

    return of_records


def strong_decay_beside_none(records: Sequence[Record]) -> Estimate:
    """Mean response with weight decay 0.01 by that without any."""
    strong = _means(records, "response", depth=MIDDLE, label=STRONG)
    none = _means(records, "response", depth=MIDDLE, label=NONE)
    return estimate(_ratios(strong, none), unit="times")


def _ratios(numerators: Mapping[int, float], denominators: Mapping[int, float]) -> list[float]:
    """Quotients seed by seed; raises MissingRecordsError where the two share no seed."""
    seeds = sorted(set(numerators) & set(denominators))
    if not seeds:
        raise MissingRecordsError("the two networks share no seed")
    return [numerators[seed] / denominators[seed] for seed in seeds]


def _means(
    records: Sequence[Record],
    quantity: Quantity,
    iteration: int | None = None,
    *,
    depth: int,
    label: str = "",
) -> dict[int, float]:
    """Seed -> mean of a quantity over the layers of one residual network.

    Raises MissingRecordsError where it was not run.
    """
    members = select(records, arch="residual", depth=depth, label=label)
    if not members:
        raise MissingRecordsError(f"no run of residual-{depth} {label}".rstrip())
    return {record.seed: network_mean(record, quantity, iteration) for record in members}


def error_of_decay(records: Sequence[Record]) -> Estimate:
    """How much higher the training error is with weight decay 0.01 than without any."""
    strong = select(records, depth=MIDDLE, label=STRONG)
    return difference(strong, select(records, depth=MIDDLE, label=NONE), "train_error")


def slope_over_depth(records: Sequence[Record]) -> Estimate:
    """Change of the mean response per doubling of depth, over the networks' depths.

    A straight line over the logarithm of the depth, with the t interval of its slope.
    """
    from scipy.stats import linregress, t

    residual = select(records, arch="residual", label="")
    if len({record.depth for record in residual}) < LEAST_DEPTHS:
        raise MissingRecordsError(f"a slope over depth needs {LEAST_DEPTHS} depths")
    octaves = [math.log2(record.depth) for record in residual]
    line = linregress(octaves, [network_mean(record, "response") for record in residual])
    half = float(t.ppf(0.975, len(octaves) - 2)) * float(line.stderr)
    slope = float(line.slope)
    return Estimate(slope, slope - half, slope + half, len(octaves), "per doubling of depth")


CLAIMS = (
    Claim(
        "untrained, every layer of the deepest network responds with 1",
        off_one,
        "within",
        0.05,
        tiers=("laptop", "colab"),
        seeds=8,
    ),
    Claim(
        "untrained, the deepest network takes steps smaller than 0.7 times the shallowest's",
        deepest_beside_shallowest("ratio", UNTRAINED),
        "below",
        0.7,
        tiers=("laptop", "colab"),
    ),
    Claim(
        "after short training, the deepest residual network responds like the shallowest",
        deepest_beside_shallowest("response", less=1.0),
        "within",
        0.1,
        seeds=8,
    ),
    Claim(
        "strong weight decay brings responses below 0.8 times those without any",
        strong_decay_beside_none,
        "below",
        0.8,
    ),
    Claim(
        "strong weight decay leaves the training error where it is without any",
        error_of_decay,
        "within",
        2.0,
        seeds=8,
    ),
    Claim(
        "after long training, the deeper a residual network, the smaller its responses",
        slope_over_depth,
        "below",
        0.0,
        tiers=("published",),
        seeds=1,
    ),
)
