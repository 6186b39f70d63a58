"""Chapter "A hundred layers, and a warm-up": how the first steps of a network of 110 layers decide the rest."""

from collections.abc import Sequence
from dataclasses import replace

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Does a network of 110 layers need a warm-up?"
# Training images, images a batch, epochs; the warm-up is one epoch, as the paper's 400 steps are of its images.
SIZES = {"live": (320, 32, 2), "laptop": (1_000, 32, 4), "colab": (None, 128, 4), "paper": (None, 128, 164)}
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


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What the chapter claims, each tested with a margin."""
    return {"to be measured": True}
