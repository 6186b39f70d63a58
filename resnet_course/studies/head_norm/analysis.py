"""What the records say, in words."""

from collections.abc import Sequence

from ...records import Record, over_seeds

NAMES = {"": "without", "head-bn": "with a batch norm before the head"}


def summary(records: Sequence[Record]) -> str:
    """Training error of every network, with the batch norm and without."""
    errors = over_seeds(records, "train_error", by=("arch", "depth", "variant"))
    ends = []
    for (arch, depth, variant), stats in errors.items():
        ends.append(f"{arch}-{depth} {NAMES[str(variant)]} {stats.mean:.1f} %")
    return f"Training error after the last step: {'; '.join(ends)}."
