"""What the records say, in numbers and in words."""

from collections.abc import Sequence

from ...records import Record, over_seeds
from .configs import ARMS

ARM_OF = {variant: arm for arm, variant in ARMS.items()}


def arm_name(variant: str) -> str:
    """An arm as figures and tables call it."""
    block, head_norm = ARM_OF[variant]
    return f"{block}, {'with' if head_norm else 'without'} a norm before the head"


def summary(records: Sequence[Record]) -> str:
    """Test error after the last step of the deepest networks, by arm."""
    deepest = max(record.depth for record in records)
    errors = over_seeds(records, "test_error", by=("depth", "variant"))
    ends = []
    for (depth, variant), stats in errors.items():
        if depth == deepest:
            ends.append(f"{arm_name(str(variant))} {stats.mean:.1f} %")
    return f"Test error of {deepest} layers after the last step: {'; '.join(ends)}."
