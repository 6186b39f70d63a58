"""What the records say, in numbers and in words."""

import math
from collections.abc import Sequence
from statistics import fmean, median

from ...records import (
    Record,
    RecordError,
    Stats,
    grouped,
    mean_profile,
    select,
    summarise,
)
from ..depths import TWINS

CHANGES = (1, 2, 4, 8, 16, 32)  # as the probe counts blocks taken out and pairs swapped
SHORT = 10  # branches
SHALLOW, MIDDLE, DEEP = 20, 56, 110  # layers


def whole(record: Record) -> float:
    """Test error (%) of the network as it is."""
    return record.profile("whole")[0]


def typical_cost(record: Record) -> float:
    """Points of error that the median block costs when it is missing."""
    return median(record.profile("without_one")) - whole(record)


def highest_cost(record: Record) -> float:
    """Points of error that the block costs which is missed most."""
    return max(record.profile("without_one")) - whole(record)


def mean_path(record: Record, iteration: int | None = None) -> float:
    """Branches that the gradient came through on average; before training at iteration 0."""
    return mean_length(record.profile("gradient_share", iteration))


def mean_length(shares: Sequence[float]) -> float:
    """Mean number of branches, from the share of the gradient that each number has."""
    return sum(length * share for length, share in enumerate(shares))


def blocks(depth: int) -> int:
    """Blocks of two layers in a network."""
    return (depth - 2) // 2


def mean_path_by_sizes(depth: int) -> float:
    """What the sizes of branches and shortcuts alone say of the mean path: Σ 1/(1 + k).

    At the start a branch has about unit variance, behind its batch norm, and the shortcut of the
    k-th block of a stage about k of them: a share of 1/(1 + k) of the gradient comes through the
    branch. Over the blocks of a stage these add up to a logarithm (De & Smith 2020, Sec. 2, has the
    sizes).
    """
    per_stage = blocks(depth) // 3
    return 3 * sum(1 / (1 + k) for k in range(1, per_stage + 1))


def share_of_short_paths(depth: int) -> float:
    """Share of a network's paths that pass at most SHORT branches."""
    n = blocks(depth)
    return sum(math.comb(n, length) for length in range(SHORT + 1)) / 2**n


def networks(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records by network: {"plain-20": [seed 0, seed 1, …], …}.

    Raises RecordError where there is no record, or one of another kind of network.
    """
    groups = {}
    for (arch, depth), members in grouped(records).items():
        if arch not in TWINS:
            raise RecordError(f"short_paths knows plain and residual networks, not {arch}")
        groups[f"{arch}-{depth}"] = members
    return groups


def before_training(records: Sequence[Record]) -> list[Record]:
    """The records of networks that were probed before training as well; [] where there is none."""
    return [record for record in records if 0 in record.iterations("gradient_share")]


def mean_paths(records: Sequence[Record], iteration: int | None = None) -> dict[int, Stats]:
    """Depth -> branches on the mean path of residual networks, mean over seeds."""
    chosen = select(records, arch="residual")
    if iteration == 0:
        chosen = before_training(chosen)
    if not chosen:
        return {}
    return {
        members[0].depth: summarise([mean_path(record, iteration) for record in members])
        for members in grouped(chosen, by=("depth",)).values()
    }


def table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per network: error (%) whole and without one block, its mean path, seeds."""
    rows: list[dict[str, object]] = []
    for name, members in networks(records).items():
        costs = [typical_cost(record) for record in members]
        highest = [highest_cost(record) for record in members]
        row: dict[str, object] = {
            "network": name,
            "blocks": blocks(members[0].depth),
            "whole (%)": str(summarise([whole(record) for record in members])),
            "typical block out": str(summarise(costs)),
            "block missed most out": str(summarise(highest)),
            "branches on the mean path": str(summarise([mean_path(r) for r in members])),
        }
        rows.append(row | {"seeds": len(members)})
    return rows


def changes_table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per network and count: error (%) with blocks taken out and with pairs swapped."""
    rows: list[dict[str, object]] = []
    for name, members in networks(records).items():
        out = mean_profile(members, "without")
        swapped = mean_profile(members, "swapped")
        for count, one, other in zip(CHANGES, out, swapped, strict=False):
            row: dict[str, object] = {"network": name, "changes": count}
            rows.append(row | {"out (%)": one.mean, "swapped (%)": other.mean})
    return rows


def summary(records: Sequence[Record]) -> str:
    """The result in words, mean over seeds."""
    parts = []
    for name, members in networks(records).items():
        error = fmean(whole(record) for record in members)
        without = error + fmean(typical_cost(record) for record in members)
        parts.append(f"{name} {error:.0f} and {without:.0f} %")
    return f"Test error whole and without a typical block: {'; '.join(parts)}."


def costs_of_a_block(records: Sequence[Record]) -> str:
    """What a typical block and the one missed most are worth, in a paragraph."""
    typical = {
        name: summarise([typical_cost(record) for record in members])
        for name, members in networks(records).items()
    }
    deep = select(records, arch="residual", depth=DEEP)
    idle = sum(cost < 1 for cost in mean_costs(deep))
    middle = mean_costs(select(records, arch="residual", depth=MIDDLE))
    worst = max(middle)
    return (
        f"A typical block (the median one) costs plain-20 {typical['plain-20'].mean:.1f} points of "
        f"error when it is missing, residual-20 {typical['residual-20'].mean:.1f}, residual-56 "
        f"{typical['residual-56'].mean:.1f} and residual-110 {typical['residual-110'].mean:.1f} "
        f"(mean over {typical['residual-110'].n} seeds). In residual-110, {idle} of "
        f"{blocks(DEEP)} blocks cost less than one point each. The block that costs most in "
        f"residual-56 is number {middle.index(worst) + 1}, with {worst:.1f} points."
    )


def mean_costs(records: Sequence[Record]) -> list[float]:
    """Points of error that each block of one network costs, mean over seeds."""
    base = mean_profile(records, "whole")[0].mean
    return [stats.mean - base for stats in mean_profile(records, "without_one")]


def without_middle_block(records: Sequence[Record]) -> str:
    """Error of residual-56 whole and without the block in its middle, in one sentence."""
    members = select(records, arch="residual", depth=MIDDLE)
    error = mean_profile(members, "whole")[0]
    middle = mean_profile(members, "without_one")[blocks(MIDDLE) // 2]
    return (
        f"Whole {error} %, without the block in the middle {middle} % "
        f"(mean over {middle.n} trained networks)."
    )


def short_paths_of_the_deepest(records: Sequence[Record]) -> str:
    """How the mean path grows with depth, and what short paths bring, in a paragraph."""
    paths = mean_paths(records)
    shares = mean_profile(select(records, arch="residual", depth=DEEP), "gradient_share")
    brought = 100 * sum(stats.mean for stats in shares[: SHORT + 1])
    grown = ", ".join(f"{blocks(depth)} blocks {stats}" for depth, stats in paths.items())
    return (
        f"Branches that the gradient of a trained network came through, on average: {grown} "
        f"(mean ± standard deviation over {paths[DEEP].n} seeds). In residual-110, paths of at "
        f"most {SHORT} branches bring {brought:.1f} % of the gradient; of all its paths only "
        f"{1e6 * share_of_short_paths(DEEP):.1f} in a million are that short."
    )


def paths_table(
    records: Sequence[Record], untrained: dict[int, float] | None = None
) -> list[dict[str, object]]:
    """One row per depth: blocks, mean path of all paths, by sizes alone, untrained, trained.

    `untrained`: depth -> mean path measured by the page itself, for depths without a record.
    """
    before = mean_paths(records, iteration=0)
    rows = []
    for depth, after in mean_paths(records).items():
        row: dict[str, object] = {
            "layers": str(depth),
            "blocks": blocks(depth),
            "all paths": f"{blocks(depth) / 2:g}",
            "Σ 1/(1+k)": f"{mean_path_by_sizes(depth):.1f}",
        }
        if depth in before:
            row["untrained"] = str(before[depth])
        elif untrained:
            row["untrained"] = f"{untrained[depth]:.2f}"
        rows.append(row | {"trained": str(after)})
    return rows


def lesions_of_published(records: Sequence[Record]) -> str:
    """The same numbers of networks trained by others, one a line in Markdown."""
    lines = []
    for record in records:
        error = whole(record)
        lines.append(
            f"{record.network}: {error:.1f} % whole, {error + typical_cost(record):.1f} % without "
            f"a typical block, {error + highest_cost(record):.1f} % without the one missed most; "
            f"the gradient passes {mean_path(record):.1f} of {blocks(record.depth)} branches."
        )
    return "  \n".join(lines)
