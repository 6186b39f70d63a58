"""What the chapter claims of a thousand layers; committed before seeds 3 to 5 were run.

An independent script (width 4, one seed) had first losses of 25.6 without and 2.29 with the batch
norm, and 72.2 % test error after one pass with it; the margins come from there.
"""

from collections.abc import Callable, Sequence

from ...records import Claim, Estimate, Record, estimate, select
from .configs import ARMS

DEEP = 1202
GUESSING = 2.3026  # log 10: the loss (nats) of who gives each class the same probability
CHANCE = 90.0  # percent
Estimator = Callable[[Sequence[Record]], Estimate]


def first_loss(block: str, head_norm: bool) -> Estimator:
    """Mean training loss (nats) over the first epoch of the deepest networks of an arm."""

    def of_records(records: Sequence[Record]) -> Estimate:
        members = select(records, depth=DEEP, variant=ARMS[block, head_norm])
        return estimate([record.curves["train_loss"][0] for record in members], unit="nats")

    return of_records


def final_error(block: str, head_norm: bool) -> Estimator:
    """Test error (percent) after the last step of the deepest networks of an arm."""

    def of_records(records: Sequence[Record]) -> Estimate:
        members = select(records, depth=DEEP, variant=ARMS[block, head_norm])
        return estimate([record.final["test_error"] for record in members], unit="%")

    return of_records


CLAIMS = (
    Claim(
        "original block, no norm before the head: the first epoch's loss is far above guessing",
        first_loss("original", False),
        "above",
        2 * GUESSING,
        seeds=3,
    ),
    Claim(
        "original block, a norm before the head: the first epoch's loss is that of guessing "
        "or less",
        first_loss("original", True),
        "below",
        1.2 * GUESSING,
        seeds=3,
    ),
    Claim(
        "pre-activation without its last norm: the first epoch's loss is far above guessing",
        first_loss("pre-activation", False),
        "above",
        2 * GUESSING,
        seeds=3,
    ),
    Claim(
        "original block with the norm: 1202 layers learn within two epochs",
        final_error("original", True),
        "below",
        CHANCE - 10,
        seeds=3,
    ),
    Claim(
        "pre-activation with the norm: 1202 layers learn within two epochs",
        final_error("pre-activation", True),
        "below",
        CHANCE - 10,
        seeds=3,
    ),
)
