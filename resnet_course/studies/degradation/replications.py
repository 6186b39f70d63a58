"""Plain networks trained to the end by others: how large degradation is after a full training."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...plots import Prediction
from ...records import Estimate, Record, difference, over_seeds, select
from ...records.aggregate import Row

SHALLOW, DEEP = 20, 56


@dataclass(frozen=True)
class Replication:
    """Test errors (percent) of plain-20 and plain-56 that somebody else reports.

    Args:
        who: Reports them.
        training: How long, on what.
        shallow: Of plain-20.
        deep: Of plain-56.
        chosen: At which point of the training the error was taken.
    """

    who: str
    training: str
    shallow: float
    deep: float
    chosen: str

    @property
    def gap(self) -> float:
        """Points of error by which the deep network is worse."""
        return self.deep - self.shallow


# github.com/junyuseu/ResNet-on-Cifar10, README (accuracies 90.10 and 85.26 %) and solver files;
# github.com/a-martyn/resnet, README, which also reads the paper's curves off its Figure 6.
PAPER = Replication(
    "He et al. 2015, Figure 6 (read off)", "64,000 steps of 128", 9.5, 13.5, "not said"
)
IN_CAFFE = Replication(
    "junyuseu/ResNet-on-Cifar10", "100,000 steps of 100, other crops", 9.90, 14.74, "not said"
)
IN_PYTORCH = Replication("a-martyn/resnet", "as the paper", 9.5, 12.76, "selected on test")
REPLICATIONS = (PAPER, IN_CAFFE, IN_PYTORCH)


def sizes_of_degradation(*ours: Sequence[Record]) -> list[Row]:
    """Test error of plain-20 and plain-56, one row per set of our records, then the others'.

    Raises RecordError where a set lacks one of the two networks.
    """
    rows = [_our_row(records) for records in ours]
    for other in REPLICATIONS:
        rows.append(
            {
                "who": other.who,
                "training": other.training,
                "plain-20": f"{other.shallow:g}",
                "plain-56": f"{other.deep:g}",
                "gap (points)": f"{other.gap:.1f}",
                "error taken": other.chosen,
            }
        )
    return rows


def _our_row(records: Sequence[Record]) -> Row:
    plain = select(records, arch="plain")
    errors = over_seeds(plain, "test_error")
    gap = our_gap(plain)
    recipe = plain[0].config.recipe
    size = "32×32" if recipe.data == "cifar10" else "16×16"
    return {
        "who": f"this course, {records[0].tier}",
        "training": f"{recipe.iterations:,} steps of {recipe.batch_size}, {size} pixels",
        "plain-20": str(errors["plain", SHALLOW]),
        "plain-56": str(errors["plain", DEEP]),
        "gap (points)": f"{gap.value:.1f}",
        "error taken": f"after the last step, n = {gap.n}",
    }


def our_gap(records: Sequence[Record]) -> Estimate:
    """Points of test error by which plain-56 is worse than plain-20 in our runs."""
    plain = select(records, arch="plain")
    return difference(select(plain, depth=DEEP), select(plain, depth=SHALLOW), "test_error")


def prediction(records: Sequence[Record]) -> Prediction:
    """The chapter's prediction: how much of the gap a full training leaves."""
    steps = records[0].config.recipe.iterations
    gap = our_gap(records).value
    return Prediction(
        key="degradation-full-training",
        question=f"After {steps:,} steps plain-56 has {gap:.0f} points more test error than "
        "plain-20. How much of this gap is left after a full training?",
        options=("nothing: plain-56 catches up", "a few points", "about all of it"),
        comparison=f"Where we have {gap:.0f} points, others, who trained to the end, have "
        f"{PAPER.gap:.0f} (the paper's curves), {IN_CAFFE.gap:.1f} and {IN_PYTORCH.gap:.1f}. The "
        "gap is much smaller, and still there.",
    )
