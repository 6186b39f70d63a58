"""What the records say, in numbers and in words."""

from collections.abc import Sequence

from ...records import Record, RecordError, Stats, over_seeds, select
from ...records.aggregate import Group
from ..depths import TWINS
from .claims import DEEP, METRIC
from .configs import CONTROLS, TARGETS

ROUNDING = 1e-8  # errors below it are rounding: what float32 cannot tell from zero


def summary(records: Sequence[Record]) -> str:
    """Error of the copy that the deepest stacks are left with."""
    errors = copy_errors(records)
    deepest = max(int(depth) for _, depth in errors)
    return (
        f"At {deepest} layers the plain stack is left with {in_words(errors['plain', deepest])} of "
        f"its input's variance as error, the residual stack with "
        f"{in_words(errors['residual', deepest])}."
    )


def copy_errors(records: Sequence[Record]) -> dict[Group, Stats]:
    """Error left when the identity is asked for, over seeds: {("plain", 2): Stats, …}."""
    return over_seeds(select(records, label=""), METRIC)


def in_words(error: Stats) -> str:
    """An error as a share of the variance: "0.74", or that it is rounding."""
    return f"{error.mean:.2g}" if error.mean > ROUNDING else "zero to within rounding"


def with_depth(records: Sequence[Record]) -> str:
    """How the error of the copy grows with depth, in one paragraph."""
    errors = copy_errors(records)
    return (
        f"A plain stack of 2 layers copies to within {errors['plain', 2].mean:.4f} of the "
        f"variance; at 8 layers {errors['plain', 8].mean:.2f} is lost, at 64 layers "
        f"{errors['plain', 64].mean:.2f}. Residual stacks of up to 16 layers copy to within "
        f"rounding, and at 64 layers the error is {errors['residual', 64].mean:.3f} (means over "
        f"{errors['plain', 2].n} seeds)."
    )


def errors_by_target(records: Sequence[Record], depth: int = DEEP) -> dict[Group, Stats]:
    """Error left for each target at one depth, over seeds: {("plain", "rotation"): Stats, …}.

    Raises RecordError where a control is not recorded.
    """
    errors = over_seeds(select(records, depth=depth), METRIC, by=("arch", "label"))
    for arch in TWINS:
        for label in TARGETS:
            if (arch, label) not in errors:
                raise RecordError(
                    f"the {TARGETS[label]} of {arch} stacks of {depth} layers is not recorded; "
                    "make it with `resnet-course run residual_block`"
                )
    return errors


def reply_to_prediction(records: Sequence[Record]) -> str:
    """What a plain stack is left with for the identity and the controls: after the prediction."""
    errors = errors_by_target(records)
    left = [f"{TARGETS[label]} {errors['plain', label].mean:.2f}" for label in TARGETS]
    return (
        f"A plain stack of {DEEP} layers is left with, as a share of the variance: "
        f"{', '.join(left)}."
    )


def controls(records: Sequence[Record]) -> str:
    """What plain and residual stacks make of the controls, in one paragraph."""
    errors = errors_by_target(records)
    sentences = []
    for arch in TWINS:
        left = [f"{in_words(errors[arch, label])} ({TARGETS[label]})" for label in TARGETS]
        sentences.append(f"A {arch} stack of {DEEP} layers is left with {', '.join(left)}.")
    gains = []
    for label in CONTROLS:
        ratio = errors["plain", label].mean / errors["residual", label].mean
        gains.append(f"{ratio:.0f} times smaller for the {TARGETS[label]}")
    return f"{' '.join(sentences)} With shortcuts the error is {' and '.join(gains)}."
