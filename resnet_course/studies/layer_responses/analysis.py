"""What the responses say, in numbers and in words."""

from collections.abc import Sequence
from statistics import fmean
from typing import Literal, TypeAlias

from ...records import (
    MissingRecordsError,
    Record,
    Stats,
    grouped,
    mean_profile,
    select,
    summarise,
)

Quantity: TypeAlias = Literal["response", "ratio"]
Network: TypeAlias = tuple[str, int]
UNTRAINED = 0  # iteration of a profile that was taken before the first step
MIDDLE = 56  # layers of the networks over weight decay


def by_network(records: Sequence[Record]) -> dict[Network, list[Record]]:
    """Runs with the recipe's own weight decay by (architecture, depth).

    Raises MissingRecordsError where there is none.
    """
    groups = grouped(select(records, label=""))
    return {(str(arch), int(depth)): members for (arch, depth), members in groups.items()}


def residual_by_depth(records: Sequence[Record]) -> dict[int, list[Record]]:
    """Residual networks with the recipe's own weight decay by depth."""
    residual = select(records, arch="residual")
    return {depth: members for (_, depth), members in by_network(residual).items()}


def by_decay(records: Sequence[Record], depth: int = MIDDLE) -> dict[float, list[Record]]:
    """Residual networks of one depth by weight decay, from none on."""
    chosen = select(records, arch="residual", depth=depth)
    decays = sorted({record.config.recipe.weight_decay for record in chosen})
    return {decay: [r for r in chosen if r.config.recipe.weight_decay == decay] for decay in decays}


def along_layers(
    records: Sequence[Record], quantity: Quantity, iteration: int | None = None
) -> list[float]:
    """A quantity of one network from input to output, mean over seeds; by default when trained."""
    return [stats.mean for stats in mean_profile(records, quantity, iteration)]


def network_mean(record: Record, quantity: Quantity, iteration: int | None = None) -> float:
    """Mean of a quantity over the layers (or blocks) of one network."""
    return fmean(record.profile(quantity, iteration))


def average(records: Sequence[Record], quantity: Quantity, iteration: int | None = None) -> Stats:
    """Mean over the layers of one network, with its scatter over seeds."""
    if not records:
        raise MissingRecordsError("there are no records of this network")
    return summarise(network_mean(record, quantity, iteration) for record in records)


def table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per network: mean response and mean |F(x)| / |x|, before and after training."""
    rows = []
    for (arch, depth), members in by_network(records).items():
        row: dict[str, object] = {"network": f"{arch}-{depth}"}
        row |= _before_and_after(members, "response")
        row |= _before_and_after(members, "ratio")
        rows.append(row | {"seeds": len(members)})
    return rows


def _before_and_after(records: Sequence[Record], quantity: Quantity) -> dict[str, object]:
    if not records[0].iterations(quantity):
        return {f"{quantity}, untrained": "–", f"{quantity}, trained": "–"}
    return {
        f"{quantity}, untrained": str(average(records, quantity, UNTRAINED)),
        f"{quantity}, trained": str(average(records, quantity)),
    }


def decay_table(records: Sequence[Record]) -> list[dict[str, object]]:
    """One row per weight decay: responses, ratios and training error of networks of 56 layers."""
    rows: list[dict[str, object]] = []
    for decay, members in by_decay(records).items():
        errors = summarise(record.final["train_error"] for record in members)
        rows.append(
            {
                "weight decay": f"{decay:g}",
                "mean response": str(average(members, "response")),
                "mean ‖F(x)‖ / ‖x‖": str(average(members, "ratio")),
                "training error (%)": str(errors),
            }
        )
    return rows


def responses(records: Sequence[Record], arch: str | None = None) -> str:
    """Mean response of each network after training: "residual-20 0.98 ± 0.01, …"."""
    chosen = by_network(select(records, arch=arch))
    parts = [f"{a}-{depth} {average(g, 'response')}" for (a, depth), g in chosen.items()]
    return ", ".join(parts)


def summary(records: Sequence[Record]) -> str:
    """The result in words."""
    return f"Mean standard deviation of a layer's response after training: {responses(records)}."


def with_longer_training(longer: Sequence[Record], published: Sequence[Record]) -> str:
    """Mean responses of full-size networks: our own short runs, and those that others published."""
    iterations = longer[0].config.recipe.iterations
    return (
        f"Mean response over the layers, networks of others "
        f"({published[0].provenance.weights_from}), trained for 200 epochs: "
        f"{responses(published)}. Ours after {iterations:,} steps: {responses(longer)}."
    )
