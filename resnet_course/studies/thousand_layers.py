"""Chapter "A thousand layers": what they cost, and whether they begin to train."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "What do a thousand layers cost, and do they train?"
DEPTHS = {"live": (20, 110), "laptop": (20, 110, 1202), "colab": (20, 110, 1202)}
# Training images, images a batch, epochs; the warm-up is the first epoch.
SIZES = {"live": (128, 16, 2), "laptop": (256, 16, 3), "colab": (None, 128, 3)}
BLOCKS = ("", "full-preactivation")
# To the end only the networks of the papers' tables: He 2015, Table 6, and bottlenecks of He 2016, Table 3.
PAPER = (("residual", 110), ("residual", 1202), ("preactivation", 164), ("preactivation", 1001))
SHOWN = 3  # passes in the table
GUESSING = 2.3026  # log 10, the loss (nats) of one that gives each class the same probability


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary the depth, and whether the path of the shortcuts is clear; all begin with a warm-up of an epoch."""
    if recipe.tier == "paper":
        return [Config(net, depth, seed, recipe) for seed in seeds for net, depth in PAPER]
    return [
        Config("residual", depth, seed, beginning(recipe), variant=variant)
        for seed in seeds
        for depth in DEPTHS[recipe.tier]
        for variant in BLOCKS
    ]


def beginning(recipe: Recipe) -> Recipe:
    """The first epochs only, at a constant rate after the warm-up."""
    images, batch_size, epochs = SIZES[recipe.tier]
    epoch = (images or 50_000) // batch_size
    small = {"width": 4} if recipe.data == "embedded" else {}  # a quarter of the papers' width: depth is what counts
    steps = small | {"iterations": epochs * epoch, "schedule": "constant", "drops": (), "warm_up": epoch}
    return replace(recipe, train_images=images, batch_size=batch_size, **steps)


def block(record: runs.Record) -> str:
    """A record's block as figures and tables call it."""
    return "pre-activation" if record.variant or record.net == "preactivation" else "original"


def shown(loss: float) -> str:
    """A loss in words, large ones without decimals."""
    return f"{loss:,.0f}" if loss >= 100 else f"{loss:.2f}"


def grouped(
    records: Sequence[runs.Record], value: Callable[[runs.Record], float]
) -> dict[tuple[int, str], list[float]]:
    """A value of each record by (depth, block), one a seed."""
    found: dict[tuple[int, str], list[float]] = {}
    for r in records:
        found.setdefault((r.depth, block(r)), []).append(value(r))
    return found


def losses(records: Sequence[runs.Record], number: int) -> dict[tuple[int, str], list[float]]:
    """Training loss (nats) in one pass, counted from 0, by (depth, block), a value a seed."""
    return grouped(records, lambda r: r.curves["train_loss"][number])


def table(records: Sequence[runs.Record]) -> list[dict]:
    """One row a network: loss in the first passes, seed by seed, and training error (%) at the end."""
    ends = grouped(records, lambda r: r.final["train_error"])
    passes = [losses(records, number) for number, _ in enumerate(records[0].curves["train_loss"][:SHOWN])]
    return [
        {"layers": str(depth), "block": kind}
        | {f"loss, pass {n}": ", ".join(map(shown, of[depth, kind])) for n, of in enumerate(passes, 1)}
        | {"training error (%)": str(runs.stats(end))}
        for (depth, kind), end in ends.items()
    ]


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Loss in the first pass and in the second, against depth: every seed a mark, a line a block."""
    depths = sorted({r.depth for r in records})

    def draw(axes, colours):
        for number, (panel, rate) in enumerate(zip(axes, ("at 0.01", "then at 0.1"), strict=True)):
            for kind, look in (("original", "residual"), ("pre-activation", "preactivation")):
                values = {d: of for (d, of_kind), of in losses(records, number).items() if of_kind == kind}
                style = {"color": colours[look], "marker": figures.MARKERS[look]}
                panel.plot(list(values), [median(of) for of in values.values()], label=kind, **style)
                points = [(d, loss) for d, of in values.items() for loss in of]
                panel.scatter(*zip(*points, strict=True), s=9, color=colours[look], alpha=0.5)
            panel.axhline(GUESSING, color=colours["ink"], linewidth=0.8, linestyle=":")
            panel.set(xscale="log", yscale="log", xlabel="layers", title=f"loss, pass {number + 1}, {rate}")
            panel.set_xticks(depths, [str(depth) for depth in depths])
            panel.minorticks_off()
        axes[0].legend()

    return figures.exhibit(draw, finding(records), caption, table(records), records, ncols=2)


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    second = losses(records, 1)
    said = "; ".join(f"{kind} {depth}: {shown(min(of))} to {shown(max(of))}" for (depth, kind), of in second.items())
    return f"Training loss in the pass after the warm-up, over seeds, where guessing has 2.3: {said}."


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What the chapter claims of every seed: how training begins. That it goes on well is not among it."""
    first, second = losses(records, 0), losses(records, 1)
    shallow, deep = 20, max(depth for depth, _ in first)
    clear = [
        loss for of in (first, second) for (_, kind), found in of.items() if kind != "original" for loss in found
    ]
    return {
        f"original {deep}: the loss begins far above guessing": min(first[deep, "original"]) > 3 * GUESSING,
        f"original {shallow}: it begins near it": max(first[shallow, "original"]) < 1.5 * GUESSING,
        f"original {deep}: after a pass of warm-up it is still far from it": min(second[deep, "original"])
        > 1.5 * GUESSING,
        "pre-activation: at every depth it is near guessing from the start": max(clear) < 1.2 * GUESSING,
    }
