"""What the chapter claims, each with a margin; committed before seeds 3 to 7 were probed.

Margins come from seeds 0 to 2 of the trained networks. Those of the untrained control come from
seeds 0 and 1, looked at beforehand: mean paths of about 4.6, 7.5 and 10 of 9, 27 and 54 branches,
where trained ones have 3.7, 4.4 and 5.0, and the sizes alone say 3.3, 5.8 and 7.6.
"""

from collections.abc import Callable, Sequence

from ...records import Claim, Estimate, Record, estimate, paired_difference, select
from .analysis import DEEP, MIDDLE, SHALLOW, blocks, highest_cost, mean_path, typical_cost, whole

Estimator = Callable[[Sequence[Record]], Estimate]
Quantity = Callable[[Record], float]


def of_network(arch: str, depth: int, quantity: Quantity, unit: str) -> Estimator:
    """A quantity of one network, mean over seeds."""

    def of_records(records: Sequence[Record]) -> Estimate:
        members = select(records, arch=arch, depth=depth)
        return estimate([quantity(record) for record in members], unit)

    return of_records


def without_a_typical_block(record: Record) -> float:
    """Test error (%) without the median block."""
    return whole(record) + typical_cost(record)


def untrained_path(record: Record) -> float:
    """Branches on the mean path before training."""
    return mean_path(record, iteration=0)


def shortened(record: Record) -> float:
    """By how many branches training made the mean path shorter."""
    return untrained_path(record) - mean_path(record)


def growth(quantity: Quantity) -> Estimator:
    """By how many branches the mean path is longer at 110 layers than at 20, seed by seed."""

    def of_records(records: Sequence[Record]) -> Estimate:
        deep = _by_seed(records, DEEP, quantity)
        return paired_difference(deep, _by_seed(records, SHALLOW, quantity), "branches")

    return of_records


def growth_ratio(quantity: Quantity) -> Estimator:
    """How many times as long the mean path is at 110 layers as at 20, seed by seed."""

    def of_records(records: Sequence[Record]) -> Estimate:
        deep = _by_seed(records, DEEP, quantity)
        shallow = _by_seed(records, SHALLOW, quantity)
        shared = sorted(set(deep) & set(shallow))
        return estimate([deep[seed] / shallow[seed] for seed in shared], "times")

    return of_records


def _by_seed(records: Sequence[Record], depth: int, quantity: Quantity) -> dict[int, float]:
    return {
        record.seed: quantity(record) for record in select(records, arch="residual", depth=depth)
    }


def lesion_claims(depth: int, little: float) -> tuple[Claim, ...]:
    """What is claimed of each residual network that loses a block."""
    return (
        Claim(
            f"residual-{depth}: a typical block is missed little",
            of_network("residual", depth, typical_cost, "points"),
            "below",
            little,
        ),
        Claim(
            f"residual-{depth}: one block is missed much more",
            of_network("residual", depth, highest_cost, "points"),
            "above",
            8.0,
        ),
        Claim(
            f"residual-{depth}: the gradient comes by short paths",
            of_network("residual", depth, mean_path, "branches"),
            "below",
            min(blocks(depth) / 2, 8.0),
        ),
    )


CLAIMS = (
    Claim(
        "plain-20: without a typical block it is near chance",
        of_network("plain", SHALLOW, without_a_typical_block, "%"),
        "above",
        80.0,
    ),
    *lesion_claims(SHALLOW, little=15.0),
    *lesion_claims(MIDDLE, little=4.0),
    *lesion_claims(DEEP, little=4.0),
    Claim(
        "from 20 to 110 layers the mean path of the trained network grows by less than 2 branches",
        growth(mean_path),
        "below",
        2.0,
    ),
    # The control: the same networks before training.
    Claim(
        "residual-110 before training: the mean path is less than half of the 27 of all paths",
        of_network("residual", DEEP, untrained_path, "branches"),
        "below",
        blocks(DEEP) / 4,
    ),
    Claim(
        "from 20 to 110 layers, six times the blocks, the untrained path grows less than threefold",
        growth_ratio(untrained_path),
        "below",
        3.0,
    ),
    Claim(
        "training makes the mean path of residual-110 shorter by more than 2 branches",
        of_network("residual", DEEP, shortened, "branches"),
        "above",
        2.0,
    ),
)
