"""Chapter "A hundred layers, and a warm-up": how the first steps of a network of 110 layers decide the rest."""

from collections.abc import Sequence
from dataclasses import replace

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Does a network of 110 layers need a warm-up?"
# Training images, images a batch, epochs; the warm-up is one epoch, as the paper's 400 steps are of its images.
SIZES = {"live": (320, 32, 2), "laptop": (1_000, 32, 12), "colab": (None, 128, 4), "paper": (None, 128, 12)}
STARTS = {  # network, depth, variant, label: what figures and tables call it
    ("residual", 20, "", "cold"): "residual-20: 0.1 from the first step",
    ("plain", 110, "", "cold"): "plain-110: 0.1 from the first step",
    ("residual", 110, "", "cold"): "residual-110: 0.1 from the first step",
    ("residual", 110, "", "warm"): "residual-110: 0.1 after a warm-up",
    ("residual", 110, "", "one-cycle"): "residual-110: one-cycle",
    ("residual", 110, "", "gentle"): "residual-110: 0.01 throughout",
    ("residual", 110, "zero-init", "cold"): "residual-110: 0.1, F starts at zero",
}
BY = ("net", "depth", "variant", "label")
MARGIN = 3.0  # percentage points


def schedules(recipe: Recipe) -> dict[str, Recipe]:
    """The recipe under each schedule, by its label."""
    images, batch_size, epochs = SIZES[recipe.tier]
    epoch = (images or 50_000) // batch_size
    sized = replace(recipe, train_images=images, batch_size=batch_size, iterations=epochs * epoch)
    cold = replace(sized, schedule="constant", drops=())
    return {
        "cold": cold,
        "warm": replace(cold, warm_up=epoch),
        "one-cycle": replace(sized, schedule="one-cycle", drops=()),
        "gentle": replace(cold, lr=cold.warm_up_lr),
    }


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary how the learning rate begins; at 110 layers also its size, the shortcut, and the initial weights."""
    of = schedules(recipe)
    return [
        Config(net, depth, seed, of[label], variant=variant, label=label)
        for seed in seeds
        for net, depth, variant, label in STARTS
    ]


def start(record: runs.Record) -> tuple:
    """How a run began: its network and the label of its schedule."""
    return tuple(getattr(record, name) for name in BY)


def errors(records: Sequence[runs.Record], metric: str = "train_error") -> dict[str, runs.Stats]:
    """Final `metric` by what a start is called, mean over seeds."""
    found = runs.over_seeds(records, metric, BY)
    return {name: found[key] for key, name in STARTS.items() if key in found}


def first_epoch(records: Sequence[runs.Record]) -> dict[str, runs.Stats]:
    """Loss (nats) in the first epoch, mean over its steps and over seeds; guessing has log 10 = 2.30."""
    of = {name: [r.curves["train_loss"][0] for r in records if start(r) == key] for key, name in STARTS.items()}
    return {name: runs.stats(losses) for name, losses in of.items() if losses}


def table(records: Sequence[runs.Record]) -> list[dict]:
    """One row a start: loss in the first epoch, training and test error (%) at the end."""
    first, train, test = first_epoch(records), errors(records), errors(records, "test_error")
    return [
        {"start": name, "loss, first epoch": str(first[name]), "training (%)": str(train[name]), "test (%)": str(end)}
        for name, end in test.items()
    ]


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Training error after the last step, one row a start."""

    def draw(axes, colours):
        ends = {name: [r.final["train_error"] for r in records if start(r) == key] for key, name in STARTS.items()}
        figures.values_by_name(axes, colours["residual"], {name: values for name, values in ends.items() if values})
        axes.axvline(90, color=colours["ink"], linewidth=0.8, linestyle=":")
        axes.set_title("training error (%); dotted: guessing")

    return figures.exhibit(draw, finding(records), caption, table(records), records)


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    said = "; ".join(f"{name}: {error.mean:.0f} %" for name, error in errors(records).items())
    return f"Training error after the last step, by network and start. {said}."


def gains(records: Sequence[runs.Record]) -> dict[str, list[float]]:
    """Points of training error by which a start of residual-110 ends below 0.1 from the first step, seed by seed."""
    of = {(start(r), r.seed): r.final["train_error"] for r in records if (r.net, r.depth) == ("residual", 110)}
    cold = ("residual", 110, "", "cold")
    seeds = sorted({seed for _, seed in of})
    starts = [key for key in STARTS if (key, seeds[0]) in of and key != cold]
    return {STARTS[key]: [of[cold, seed] - of[key, seed] for seed in seeds] for key in starts}


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What the chapter claims of every seed. That a short warm-up helps is not among it: the seeds disagree."""
    ends = {key: [r.final["train_error"] for r in records if start(r) == key] for key in STARTS}
    early = {key: [r.curves["train_error"][2] for r in records if start(r) == key] for key in STARTS}
    gained, (shallow, plain, cold, *_) = gains(records), STARTS
    first = first_epoch(records)
    return {
        "at 0.1 from the first step residual-20 learns": max(ends[shallow]) < 80,
        "plain-110 does not": min(ends[plain]) > 88,
        "residual-110 stays near chance for three passes": min(early[cold]) > 85 > max(early[shallow]) + MARGIN,
        "and ends far behind residual-20": min(ends[cold]) > max(ends[shallow]) + 2 * MARGIN,
        "its loss begins far above guessing": first[STARTS[cold]].mean > 1.5 * 2.3026,
        "at a tenth of the rate it does better": min(gained["residual-110: 0.01 throughout"]) > MARGIN,
        "under one-cycle it does better": min(gained["residual-110: one-cycle"]) > MARGIN,
        "blocks that start at zero do better": min(gained["residual-110: 0.1, F starts at zero"]) > MARGIN,
        "their loss begins at guessing": first["residual-110: 0.1, F starts at zero"].mean < 2.5,
    }
