"""What the chapter claims, each with a margin; committed before seeds 3 to 10 were run.

Claims and margins come from seeds 0 to 2, where errors scatter over seeds by 1 to 3 points, those
of plain-56 and of untrained networks by up to 5. Where a claim speaks of several networks, the one
that bears it out least counts, seed by seed.
"""

from collections.abc import Callable, Sequence

from ...records import (
    Claim,
    Estimate,
    MissingRecordsError,
    Record,
    estimate,
    grouped,
    paired_difference,
    select,
)

UNTRAINED = 0  # the iteration of its profiles
EXCEPTION = "plain-56"  # trained or not, what can be read off it shrinks with depth
Estimator = Callable[[Sequence[Record]], Estimate]
Value = Callable[[Record], float]


def gain_with_depth(quantity: str, iteration: int | None = None) -> Value:
    """By how many points a probe errs less after the last block than after the stem."""

    def value(record: Record) -> float:
        errors = record.profile(quantity, iteration)
        return errors[0] - errors[-1]

    return value


def loss_with_depth(quantity: str, iteration: int | None = None) -> Value:
    """By how many points a probe errs more after the last block than after the stem."""
    gain = gain_with_depth(quantity, iteration)
    return lambda record: -gain(record)


def change_with_depth(quantity: str, iteration: int | None = None) -> Value:
    """By how many points, up or down, a probe's error differs between stem and last block."""
    gain = gain_with_depth(quantity, iteration)
    return lambda record: abs(gain(record))


def least(value: Value, trained: bool = False) -> Estimator:
    """The smallest value among the networks of a seed; of trained ones, without the exception."""

    def of_records(records: Sequence[Record]) -> Estimate:
        return estimate([min(values) for values in _by_seed(records, value, trained)])

    return of_records


def largest(value: Value, trained: bool = False) -> Estimator:
    """The largest value among the networks of a seed; of trained ones, without the exception."""

    def of_records(records: Sequence[Record]) -> Estimate:
        return estimate([max(values) for values in _by_seed(records, value, trained)])

    return of_records


def _by_seed(records: Sequence[Record], value: Value, trained: bool) -> list[list[float]]:
    """The values of each seed's networks, for the seeds that have all networks.

    Raises MissingRecordsError where no seed has.
    """
    members = [r for r in records if not (trained and r.network == EXCEPTION)]
    networks = {record.network for record in members}
    values = []
    for of_seed in grouped(members, by=("seed",)).values():
        if {record.network for record in of_seed} == networks:
            values.append([value(record) for record in of_seed])
    if not values:
        raise MissingRecordsError(f"no seed has all of {', '.join(sorted(networks))}")
    return values


def in_network(network: str, value: Value) -> Estimator:
    """The value of one network."""

    def of_records(records: Sequence[Record]) -> Estimate:
        members = [record for record in records if record.network == network]
        return estimate([value(record) for record in members])

    return of_records


def between_twins(depth: int, value: Value) -> Estimator:
    """How much larger a value is in the plain network than in its residual twin."""

    def of_records(records: Sequence[Record]) -> Estimate:
        twins = select(records, depth=depth)
        plain = {record.seed: value(record) for record in select(twins, arch="plain")}
        residual = {record.seed: value(record) for record in select(twins, arch="residual")}
        return paired_difference(plain, residual)

    return of_records


def gain_of_random_stem(record: Record) -> float:
    """By how many points a probe of a random stem errs less than one of the pixels."""
    return record.profile("pixels", UNTRAINED)[0] - record.profile("areas", UNTRAINED)[0]


def untrained_end(record: Record) -> float:
    """Error of the probe of areas after the last block of the untrained network."""
    return record.profile("areas", UNTRAINED)[-1]


def head_on_first_block(record: Record) -> float:
    """Error of the network's own head on the first block of the last stage."""
    return record.profile("own_head")[0]


CLAIMS = (
    Claim(
        "a random stem is easier to read than the pixels",
        in_network("plain-20", gain_of_random_stem),
        "above",
        2.0,
    ),
    Claim(
        "in every untrained network the probe of areas reads less after the last block",
        least(loss_with_depth("areas", UNTRAINED)),
        "above",
        10.0,
    ),
    Claim(
        "in every untrained network the probe of channels reads less after the last block",
        least(loss_with_depth("channels", UNTRAINED)),
        "above",
        0.0,
    ),
    Claim(
        "untrained, 20 layers: shortcuts keep more of what can be read",
        between_twins(20, untrained_end),
        "above",
        5.0,
    ),
    Claim(
        "untrained, 56 layers: shortcuts keep more of what can be read",
        between_twins(56, untrained_end),
        "above",
        5.0,
    ),
    Claim(
        "in every trained network but plain-56 depth helps the probe of channels",
        least(gain_with_depth("channels"), trained=True),
        "above",
        8.0,
    ),
    Claim(
        "in none of them does depth change what the probe of areas reads by much",
        largest(change_with_depth("areas"), trained=True),
        "below",
        8.0,
        seeds=8,
    ),
    Claim(
        "in trained plain-56 the probe of areas reads less after the last block",
        in_network(EXCEPTION, loss_with_depth("areas")),
        "above",
        10.0,
    ),
    Claim(
        "in trained plain-56 the probe of channels reads less after the last block",
        in_network(EXCEPTION, loss_with_depth("channels")),
        "above",
        0.0,
    ),
    Claim(
        "20 layers: the head reads early blocks of the residual network better",
        between_twins(20, head_on_first_block),
        "above",
        8.0,
    ),
    Claim(
        "56 layers: the head reads early blocks of the residual network better",
        between_twins(56, head_on_first_block),
        "above",
        8.0,
    ),
)
