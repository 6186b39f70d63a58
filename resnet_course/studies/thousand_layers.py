"""Chapter "A thousand layers": what they cost, and whether they begin to train."""

from collections.abc import Sequence
from dataclasses import replace

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "What do a thousand layers cost, and do they train?"
DEPTHS = {"live": (20, 110), "laptop": (20, 110, 1202), "colab": (20, 110, 1202), "paper": (110, 1202)}
# Training images, images a batch, epochs; the warm-up is the first epoch.
SIZES = {"live": (128, 16, 2), "laptop": (256, 16, 3), "colab": (None, 128, 3), "paper": (None, 128, 164)}
BLOCKS = ("", "full-preactivation")
GUESSING = 2.3026  # log 10, the loss (nats) of one that gives each class the same probability


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary the depth, and whether the path of the shortcuts is clear; all begin with a warm-up of an epoch."""
    images, batch_size, epochs = SIZES[recipe.tier]
    epoch = (images or 50_000) // batch_size
    small = {"width": 4} if recipe.data == "embedded" else {}  # a quarter of the papers' width: depth is what counts
    steps = small | {"iterations": epochs * epoch, "schedule": "constant", "drops": (), "warm_up": epoch}
    sized = replace(recipe, train_images=images, batch_size=batch_size, **steps)
    return [
        Config("residual", depth, seed, sized, variant=variant)
        for seed in seeds
        for depth in DEPTHS[recipe.tier]
        for variant in BLOCKS
    ]


def ends(records: Sequence[runs.Record], metric: str) -> dict[tuple[int, str], runs.Stats]:
    """Mean over seeds by (depth, block): the last "train_loss" of a curve, or a final metric."""
    if metric == "train_loss":
        records = [replace(r, final={"train_loss": r.curves["train_loss"][-1]}) for r in records]
    return runs.over_seeds(records, metric, by=("depth", "variant"))


def named(variant: str) -> str:
    """A block as figures and tables call it."""
    return (variant or "original").replace("full-preactivation", "pre-activation")


def table(records: Sequence[runs.Record]) -> list[dict]:
    """One row a network: loss over the last epoch, training and test error (%) after it, seconds of a run."""
    loss, train, test = (ends(records, metric) for metric in ("train_loss", "train_error", "test_error"))
    return [
        {
            "layers": depth,
            "block": named(variant),
            "loss, last epoch": str(loss[depth, variant]),
            "training (%)": str(train[depth, variant]),
            "test (%)": str(test[depth, variant]),
        }
        for depth, variant in loss
    ]


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Loss over the last epoch against depth, a line a block, every seed a small mark."""

    def draw(axes, colours):
        loss = ends(records, "train_loss")
        for variant, kind in zip(BLOCKS, ("residual", "preactivation"), strict=True):
            mine = [r for r in records if r.variant == variant]
            means = {depth: loss[depth, v].mean for depth, v in loss if v == variant}
            style = {"color": colours[kind], "marker": figures.MARKERS[kind], "label": named(variant)}
            axes.plot(list(means), list(means.values()), **style)
            last = [r.curves["train_loss"][-1] for r in mine]
            axes.scatter([r.depth for r in mine], last, s=9, color=colours[kind], alpha=0.5)
        axes.axhline(GUESSING, color=colours["ink"], linewidth=0.8, linestyle=":")
        axes.set(xscale="log", xlabel="depth (weighted layers)", title="loss over the last epoch; dotted: guessing")
        depths = sorted({r.depth for r in records})
        axes.set_xticks(depths, [str(depth) for depth in depths])
        axes.minorticks_off()
        axes.legend()

    return figures.exhibit(draw, finding(records), caption, table(records), records)


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    found = ends(records, "train_error")
    said = "; ".join(f"{named(variant)} {depth}: {error.mean:.0f} %" for (depth, variant), error in found.items())
    return f"Training error after the last step, by block and layers. {said}."


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What the chapter claims, each tested with a margin."""
    return {"to be measured": True}
