"""What the records say, in words."""

from collections.abc import Sequence

from ...records import Record, over_seeds, select
from .claims import METRIC


def summary(records: Sequence[Record]) -> str:
    """Error of the copy that the deepest stacks are left with."""
    errors = over_seeds(select(records, label=""), METRIC)
    deepest = max(int(depth) for _, depth in errors)
    plain, residual = errors["plain", deepest].mean, errors["residual", deepest].mean
    return (
        f"At {deepest} layers the plain stack is left with {plain:.2g} of its input's variance as "
        f"error, the residual stack with {residual:.2g}."
    )
