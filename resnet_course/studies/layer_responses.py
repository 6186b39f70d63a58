"""Chapter "Small steps": how strongly each layer responds, and what that says about F."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import groupby
from statistics import fmean

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Are the steps of a residual network small, and smaller the deeper it is?"
DEPTHS = {"live": (20,), "laptop": (20, 56, 110), "colab": (20, 56), "paper": (20, 56, 110)}
DECAYS = (0.0, 1e-3, 1e-2)  # beside the recipe's 1e-4, at the middle depth


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Plain and residual networks over depth; residual ones of the middle depth over weight decay."""
    depths = DEPTHS[recipe.tier]
    middle = depths[len(depths) // 2]
    chosen = []
    for seed in seeds:
        chosen += [Config("plain", depth, seed, recipe) for depth in depths if depth <= middle]  # as in Fig. 7
        chosen += [Config("residual", depth, seed, recipe) for depth in depths]
        chosen += [
            Config("residual", middle, seed, replace(recipe, weight_decay=decay), label=f"decay-{decay:g}")
            for decay in DECAYS
        ]
    return chosen


def examine(net, config: Config, images, iteration: int) -> dict[str, list[float]]:
    """Standard deviation of every 3x3 layer's response, and |F(x)| / |x| of every residual block.

    On a thousand training images and with their batch-norm statistics, as a training step on all of them would have
    it: an untrained network has no statistics of its own, and those of one in training lag behind.
    """
    from .. import probes

    x = images["train"][0][:1000]
    ratios = {}
    with probes.recalibrated(net, x), ExitStack() as probing:
        responses = probing.enter_context(probes.layer_responses(net))
        if config.net == "residual":
            ratios = probing.enter_context(probes.branch_ratios(net))
        net(x)
    found = {"response": responses, "ratio": ratios}
    return {quantity: list(layers.values()) for quantity, layers in found.items() if layers}


def families(records: Sequence[runs.Record]) -> dict[tuple[str, int], list[runs.Record]]:
    """Runs with the recipe's own weight decay by (net, depth), seeds together."""
    ordered = sorted((r for r in records if not r.label), key=lambda r: (r.net, r.depth))
    return {family: list(group) for family, group in groupby(ordered, key=lambda r: (r.net, r.depth))}


def means(records: Sequence[runs.Record], quantity: str, iteration: int | None = None) -> list[float]:
    """A profile of one network, mean over seeds."""
    return [stat.mean for stat in runs.mean_profile(records, quantity, iteration)]


def average(records: Sequence[runs.Record], quantity: str, iteration: int | None = None) -> runs.Stats:
    """Mean over the layers of one network, with its scatter over seeds."""
    return runs.stats(fmean(record.profile(quantity, iteration)) for record in records)


def table(records: Sequence[runs.Record]) -> list[dict]:
    """One row a network: mean response and mean |F(x)| / |x| over its layers, before and after training."""
    rows = []
    for (net, depth), group in families(records).items():
        row = {"network": f"{net}-{depth}"}
        for quantity in ("response", "ratio"):
            known = bool(group[0].iterations(quantity))
            for when, iteration in (("untrained", 0), ("trained", None)):
                row[f"{quantity}, {when}"] = str(average(group, quantity, iteration)) if known else "–"
        rows.append(row | {"seeds": len(group)})
    return rows


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """He 2015, Fig. 7: responses after training, in the order of the layers and sorted."""

    def draw(axes, colours):
        draw_responses(axes, colours, records)

    return figures.exhibit(draw, finding(records), caption, table(records), records, ncols=2, sharey=True)


def draw_responses(axes, colours, records: Sequence[runs.Record], iteration: int | None = None) -> None:
    """Both panels of the figure."""
    depths = {depth for _, depth in families(records)}
    for (net, depth), group in families(records).items():
        responses, style = means(group, "response", iteration), {"color": colours[net], "linewidth": 1.2}
        for panel, values in zip(axes, (responses, sorted(responses, reverse=True)), strict=True):
            strength = figures.strength(depth, depths)
            panel.plot(range(1, len(values) + 1), values, label=f"{net}-{depth}", alpha=strength, **style)
    axes[0].set_title("standard deviation, by layer")
    axes[1].set_title("the same, sorted")
    axes[1].legend()


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    said = [f"{net}-{depth} {average(g, 'response').mean:.2f}" for (net, depth), g in families(records).items()]
    return f"Mean standard deviation of a layer's response after training: {', '.join(said)}."


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What the chapter claims of short runs, with margins of several times the scatter."""
    residual = {depth: group for (net, depth), group in families(records).items() if net == "residual"}
    shallow, deep = residual[min(residual)], residual[max(residual)]
    fallen = [r for r in records if r.label == "decay-0.01"]
    unmoved = [r for r in records if r.label == "decay-0"]
    return {
        "untrained, every layer responds alike": abs(average(deep, "response", 0).mean - 1) < 0.05,
        "untrained, deeper networks take smaller steps already": average(deep, "ratio", 0).mean
        < 0.7 * average(shallow, "ratio", 0).mean,
        "strong weight decay makes responses small": average(fallen, "response").mean
        < 0.8 * average(unmoved, "response").mean,
    }
