"""What the study claims of the control, each with a margin; committed before seeds 3 to 7 were run.

A review ran 110 residual layers with and without the batch norm (three seeds, one script): test
error 53.7 against 59.3 %. The margins come from that, and from the scatter over seeds 0 to 2 of the
degradation study; the verdicts come from fresh seeds.
"""

from collections.abc import Callable, Sequence

from ...records import Claim, Estimate, Record, difference, select
from .configs import VARIANT

MARGIN = 2.0  # points of error
DEEP, MIDDLE = 110, 56

Estimator = Callable[[Sequence[Record]], Estimate]


def gain(arch: str, depth: int, metric: str) -> Estimator:
    """How much lower `metric` is with the batch norm before the head, seed by seed."""

    def estimate(records: Sequence[Record]) -> Estimate:
        networks = select(records, arch=arch, depth=depth)
        return difference(select(networks, variant=""), select(networks, variant=VARIANT), metric)

    return estimate


def cost_of_depth(arch: str, variant: str, metric: str) -> Estimator:
    """How much higher `metric` is at 110 layers than at 56."""

    def estimate(records: Sequence[Record]) -> Estimate:
        networks = select(records, arch=arch, variant=variant)
        return difference(select(networks, depth=DEEP), select(networks, depth=MIDDLE), metric)

    return estimate


def gap_between_twins(metric: str) -> Estimator:
    """How much higher `metric` of plain-56 is than residual-56's, both with the batch norm."""

    def estimate(records: Sequence[Record]) -> Estimate:
        networks = select(records, variant=VARIANT, depth=MIDDLE)
        return difference(select(networks, arch="plain"), select(networks, arch="residual"), metric)

    return estimate


CLAIMS = (
    Claim(
        "a batch norm before the head lowers the test error of residual-110",
        gain("residual", DEEP, "test_error"),
        "above",
        MARGIN,
    ),
    Claim(
        "without it, residual-110 trains worse than residual-56",
        cost_of_depth("residual", "", "train_error"),
        "above",
        MARGIN,
    ),
    Claim(
        "with it, residual-110 trains as well as residual-56",
        cost_of_depth("residual", VARIANT, "train_error"),
        "within",
        MARGIN,
        seeds=8,
    ),
    Claim(
        "it does not cure degradation: plain-56 still trains worse than residual-56",
        gap_between_twins("train_error"),
        "above",
        3.0,
    ),
    Claim(
        "at 20 layers it makes no difference to a residual network's test error",
        gain("residual", 20, "test_error"),
        "within",
        MARGIN,
        seeds=8,
    ),
)
