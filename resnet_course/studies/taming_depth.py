"""Chapter "Taming depth": what else keeps a deep network in hand, at equal budgets, with many images and with few."""

from collections.abc import Sequence
from dataclasses import replace

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "What does regularisation do for a deep network, and can it do without batch normalisation?"
DEPTH = {"live": 20, "laptop": 56, "colab": 56, "paper": 110}
# Training images and what they are called: a set whose images are seen four times, and one seen 100 times.
SIZES = {"live": {"many": None}, "laptop": {"many": None, "few": 320}, "colab": {"many": None, "few": 5_000}}
ARMS = {  # variant and weight decay, by what the images are called
    "many": (("", 1e-4), ("stochastic-depth", 1e-4), ("skip-init", 1e-4)),
    "few": (("", 1e-4), ("stochastic-depth", 1e-4), ("skip-init", 1e-4), ("dropout-in-branch", 1e-4), ("", 1e-2)),
}


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Vary what tames the network; hold depth, steps and schedule fixed, with many images and with few."""
    sizes = SIZES.get(recipe.tier, SIZES["colab"])
    smaller = {"batch_size": 32, "iterations": 1_000} if recipe.tier == "laptop" else {}
    return [
        Config(
            "residual",
            DEPTH[recipe.tier],
            seed,
            replace(recipe, train_images=images, weight_decay=decay, **smaller),
            variant=variant,
            label=size if decay == 1e-4 else f"{size}-decay-{decay:g}",
        )
        for seed in seeds
        for size, images in sizes.items()
        for variant, decay in ARMS[size]
    ]


NAMES = {  # variant and the end of the label: what figures and tables call it
    ("", ""): "nothing added",
    ("stochastic-depth", ""): "stochastic depth",
    ("dropout-in-branch", ""): "dropout in F",
    ("", "decay-0.01"): "weight decay 0.01",
    ("skip-init", ""): "SkipInit, no batch norm",
}
NONE, BLOCKS, _, DECAY, SKIP = NAMES.values()
MARGIN = 3.0  # percentage points


def arm(record: runs.Record) -> tuple[str, str]:
    """Whether a run had many images or few, and what was done."""
    size, _, decay = record.label.partition("-")
    return size, NAMES[record.variant, decay]


def errors(records: Sequence[runs.Record], metric: str = "test_error") -> dict[tuple[str, str], runs.Stats]:
    """Final `metric` by (many or few, what was done), mean over seeds."""
    groups = {arm(r): [s.final[metric] for s in records if arm(s) == arm(r)] for r in records}
    of_size = sorted(groups, key=lambda group: (group[0] != "many", list(NAMES.values()).index(group[1])))
    return {group: runs.stats(groups[group]) for group in of_size}


def gains(records: Sequence[runs.Record], metric: str = "test_error") -> dict[tuple[str, str], runs.Stats]:
    """How much lower `metric` is than with nothing added, in points, seed by seed."""
    value = {(*arm(r), r.seed): r.final[metric] for r in records}
    groups: dict[tuple[str, str], list[float]] = {}
    for (size, name, seed), error in value.items():
        groups.setdefault((size, name), []).append(value[size, NONE, seed] - error)
    return {group: runs.stats(found) for group, found in groups.items()}


def table(records: Sequence[runs.Record]) -> list[dict]:
    """One row an arm: training and test error (%), and test loss (nats)."""
    train, test, loss = (errors(records, metric) for metric in ("train_error", "test_error", "test_loss"))
    return [
        {"images": size, "network": name, "training (%)": str(train[size, name]), "test (%)": str(end)}
        | {"test loss": str(loss[size, name])}
        for (size, name), end in test.items()
    ]


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Test error of every arm, one panel a number of images."""
    sizes = list(dict.fromkeys(size for size, _ in errors(records)))

    def draw(axes, colours):
        for panel, size in zip(axes if len(sizes) > 1 else [axes], sizes, strict=True):
            of = {name: [r.final["test_error"] for r in records if arm(r) == (size, name)] for name in NAMES.values()}
            shown = {name: values for name, values in of.items() if values}
            figures.values_by_name(panel, colours["residual"], shown)
            panel.axvline(runs.stats(of[NONE]).mean, color=colours["ink"], linewidth=0.8, linestyle=":")
            panel.set_title(f"{size} images: test error (%)")

    layout = {"nrows": len(sizes)} | ({"height_ratios": (3, 5)} if len(sizes) > 1 else {})
    return figures.exhibit(draw, finding(records), caption, table(records), records, **layout)


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    said = [f"{name} with {size} images {end.mean:.0f} %" for (size, name), end in errors(records).items()]
    return f"Test error: {', '.join(said)}."


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What the chapter claims, each tested with a margin: of what is added, weight decay alone lowers the error."""
    test, train, loss = (gains(records, metric) for metric in ("test_error", "train_error", "test_loss"))
    added = [name for size, name in test if size == "few" and name != NONE]
    apart = errors(records)["few", NONE].mean - errors(records, "train_error")["few", NONE].mean
    said = {f"few images: {name} raises the training error": train["few", name].mean < -MARGIN for name in added}
    said |= {
        f"few images: {name} lowers the test loss": loss["few", name].mean > 0.5 for name in added if name != SKIP
    }
    said |= {
        f"few images: {name} cures nothing": test["few", name].mean < MARGIN / 4 for name in added if name != DECAY
    }
    return said | {
        "few images are overfitted": apart > 10 * MARGIN,
        f"few images: {DECAY} lowers the test error": test["few", DECAY].mean > MARGIN / 4,
        f"many images: {BLOCKS} is a brake": test["many", BLOCKS].mean < -MARGIN / 2,
        "many images: SkipInit learns as the network with batch norm does": abs(test["many", SKIP].mean) < MARGIN,
    }
