"""What the chapter claims, each with a margin."""

from collections.abc import Callable, Sequence

from ...records import Claim, Estimate, Record, difference, select

MARGIN = 3.0  # points of error; several times the spread over seeds
DEEP = 56
SHALLOW = {"laptop": 8, "colab": 20}


def rise_with_depth(metric: str) -> Callable[[Sequence[Record]], Estimate]:
    """How much higher `metric` of the deep plain network is than that of the shallow one."""

    def estimate(records: Sequence[Record]) -> Estimate:
        shallow = SHALLOW[records[0].tier]
        return difference(
            select(records, arch="plain", depth=DEEP),
            select(records, arch="plain", depth=shallow),
            metric,
        )

    return estimate


def gap_between_twins(metric: str) -> Callable[[Sequence[Record]], Estimate]:
    """How much higher `metric` of the deep plain network is than that of its residual twin."""

    def estimate(records: Sequence[Record]) -> Estimate:
        return difference(
            select(records, arch="plain", depth=DEEP),
            select(records, arch="residual", depth=DEEP),
            metric,
        )

    return estimate


TIERS = ("laptop", "colab")
CLAIMS = (
    Claim(
        "plain-56 has a higher training error than a shallow plain network",
        rise_with_depth("train_error"),
        "above",
        MARGIN,
        TIERS,
    ),
    Claim(
        "plain-56 has a higher test error than a shallow plain network",
        rise_with_depth("test_error"),
        "above",
        MARGIN,
        TIERS,
    ),
    Claim(
        "plain-56 has a higher training error than residual-56",
        gap_between_twins("train_error"),
        "above",
        MARGIN,
        TIERS,
    ),
    Claim(
        "plain-56 has a higher test error than residual-56",
        gap_between_twins("test_error"),
        "above",
        MARGIN,
        TIERS,
    ),
)
