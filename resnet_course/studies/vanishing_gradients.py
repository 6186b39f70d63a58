"""Chapter "Not overfitting, not (simply) vanishing gradients": norms layer by layer, before and during training."""

from collections.abc import Sequence
from dataclasses import replace
from math import log10
from statistics import fmean

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Do gradients vanish in deep plain networks?"
DEPTHS = {"live": (20,), "laptop": (20, 56, 110), "colab": (20, 56), "paper": (20, 56, 110)}
KINDS = ({"net": "plain", "variant": "no-normalisation"}, {"net": "plain"}, {"net": "residual"})
PARTS, LINES = 4, 4  # pieces of a batch whose gradients are compared; lines between images


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Plain networks without and with batch norm, and residual ones, over depth.

    Without batch norm the learning rate is a tenth: at the full one those networks diverge at once.
    """
    gentle = replace(recipe, lr=recipe.lr / 10)
    return [
        Config(depth=depth, seed=seed, recipe=gentle if "variant" in kind else recipe, **kind)
        for seed in seeds
        for kind in KINDS
        for depth in DEPTHS[recipe.tier]
    ]


def examine(net, config: Config, images, iteration: int) -> dict[str, list[float] | float]:
    """Per layer: root mean square of its output and gradient, the latter relative to its weights; and coherence."""
    from torch import nn

    from .. import probes

    x, y = (part[:512] for part in images["train"])
    gradients = probes.weight_gradients(net, x, y)
    weights = {name: module.weight for name, module in net.named_modules() if name in gradients}
    lines = [probes.gradient_autocorrelation(net, x[i], x[i + 10]) for i in range(LINES)]
    with probes.recalibrated(net, x), probes.layer_responses(net, nn.Conv2d) as responses:
        net(x)
    return {
        "gradient": [g.norm().item() for g in gradients.values()],
        "relative_gradient": [(g.norm() / weights[name].norm()).item() for name, g in gradients.items()],
        "response": list(responses.values()),
        "coherence": probes.coherence(net, x, y, PARTS),
        "autocorrelation": [fmean(at_lag) for at_lag in zip(*lines, strict=True)],
    }


def kind(record: runs.Record) -> str:
    """Which of the three kinds a run is of, in words."""
    return "plain without batch norm" if record.variant else record.net


def imbalance(record: runs.Record, iteration: int) -> float:
    """Gradient norm of the first convolution over that of the last, as a power of ten: 0 is balance."""
    first, *_, last_convolution, _head = record.profile("gradient", iteration)
    return log10(first / last_convolution)


def summary(records: Sequence[runs.Record], which: int) -> dict[tuple[str, int], dict]:
    """How gradients stood at the first (which = 0) or the last (-1) look, by kind and depth; mean over seeds."""
    iteration, rows = records[0].iterations("gradient")[which], {}
    for name, depth in dict.fromkeys((kind(r), r.depth) for r in records):
        row = {"kind": name, "depth": depth, "iteration": iteration}
        mine = [r for r in records if (kind(r), r.depth) == (name, depth)]
        for column, values in {
            "imbalance": [imbalance(r, iteration) for r in mine],
            "coherence": [r.profile("coherence", iteration)[0] for r in mine],
            "autocorrelation": [r.profile("autocorrelation", iteration)[1] for r in mine],  # of neighbours on a line
        }.items():
            row |= {column: (found := runs.stats(values)).mean, f"{column} std": found.std}
        rows[name, depth] = row
    return rows


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Imbalance of the gradient against depth, before and after training; bars span two standard deviations."""
    rows = [row for which in (0, -1) for row in summary(records, which).values()]

    def draw(axes, colours):
        for panel, iteration in zip(axes, sorted({row["iteration"] for row in rows}), strict=True):
            for name in dict.fromkeys(map(kind, records)):
                mine = [row for row in rows if (row["kind"], row["iteration"]) == (name, iteration)]
                columns = ([row[c] for row in mine] for c in ("depth", "imbalance", "imbalance std"))
                style = {"color": colours[name.split()[0]], "linestyle": "--" if "without" in name else "-"}
                panel.errorbar(*columns, label=name, capsize=2, **style)
            panel.set_title(f"after {iteration} steps" if iteration else "first / last, power of ten: untrained")
            panel.set_xlabel("depth (weighted layers)")
        axes[0].legend(fontsize=8)

    return figures.exhibit(draw, finding(records), caption, rows, records, ncols=2, sharey=True)


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    then, now, deep = summary(records, 0), summary(records, -1), max(r.depth for r in records)
    sizes = (
        f"{net} {then[net, deep]['imbalance']:.1f} before and {now[net, deep]['imbalance']:.1f} after training"
        for net in ("plain", "residual")
    )
    return f"First over last gradient at {deep} layers, as a power of ten: {'; '.join(sizes)}."


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What the chapter claims of the deepest networks. Powers of ten spread by 0.6 over seeds, the rest by 0.15."""
    then, now, deepest = summary(records, 0), summary(records, -1), max(r.depth for r in records)
    plain, residual = then["plain", deepest], then["residual", deepest]
    return {
        "untrained, plain gradients explode backwards": plain["imbalance"] > 3,
        "untrained, residual ones hardly do": abs(residual["imbalance"]) < 1.5,
        "trained, the first layers of plain networks get the small ones": now["plain", deepest]["imbalance"] < -2,
        "trained, those of residual ones do not": abs(now["residual", deepest]["imbalance"]) < 1.5,
        "untrained, batches agree in residual networks": plain["coherence"] + 0.2 < residual["coherence"],
        "untrained, plain gradients are shattered": plain["autocorrelation"] + 0.15 < residual["autocorrelation"],
    }
