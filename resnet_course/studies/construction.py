"""Chapter "The construction argument, executed": networks grown from a trained shallower one, and trained on."""

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from statistics import fmean

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "If a deeper network can copy the shallower one, why does training not find a copy?"
NETWORKS = "degradation"  # the study whose trained networks are deepened
SHALLOW, DEEP = 20, 56
GENTLE = 10  # the learning rate divided by this keeps what was learned
BY = ("net", "start_depth", "depth", "label")
history = attrgetter(*BY[1:])
HISTORIES = {  # (start_depth, depth, label): what became of the network
    (0, DEEP, ""): f"{DEEP}, from scratch",
    (SHALLOW, DEEP, ""): f"{DEEP}, grown",
    (SHALLOW, SHALLOW, ""): f"{SHALLOW}, trained on",
    (SHALLOW, DEEP, "gentle"): f"{DEEP}, grown, gently",
    (SHALLOW, SHALLOW, "gentle"): f"{SHALLOW}, trained on gently",
}
MARGIN = 3.0  # percentage points; several times the spread over seeds


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """The trained shallow network trained on as it is, and deepened by identities; a deep one with both budgets.

    Both continue at the recipe's own learning rate and at a tenth of it.
    """
    twice = replace(recipe, iterations=2 * recipe.iterations, drops=tuple(2 * drop for drop in recipe.drops))
    gentle = replace(recipe, lr=recipe.lr / GENTLE)
    chosen = []
    for seed in seeds:
        for net in ("plain", "residual"):
            chosen.append(Config(net, DEEP, seed, twice))
            for depth in (SHALLOW, DEEP):
                chosen.append(Config(net, depth, seed, recipe, start_depth=SHALLOW))
                chosen.append(Config(net, depth, seed, gentle, start_depth=SHALLOW, label="gentle"))
    return chosen


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Training and test error at the end, one row a history: mean over seeds, and every seed a small mark."""
    known = [h for h in reversed(HISTORIES) if any(history(r) == h for r in records)]
    nets = sorted({r.net for r in records})

    def draw(axes, colours):
        for panel, metric in zip(axes, ("train_error", "test_error"), strict=True):
            errors = runs.over_seeds(records, metric, BY)
            for net in nets:
                up = 0.1 if net == nets[0] else -0.1  # so that marks of two nets do not hide each other
                rows = [(errors[net, *h].mean, y + up) for y, h in enumerate(known) if (net, *h) in errors]
                seeds = [(r.final[metric], known.index(history(r)) + up) for r in records if r.net == net]
                panel.plot(*zip(*rows, strict=True), figures.MARKERS[net], color=colours[net], label=net)
                panel.scatter(*zip(*seeds, strict=True), s=9, color=colours[net], alpha=0.5)
            panel.set_yticks(range(len(known)), [HISTORIES[h] for h in known])
            panel.set_title({"train_error": "training error (%)", "test_error": "test error (%)"}[metric])
        axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(nets))

    layout = {"ncols": 2, "sharex": True, "sharey": True}
    return figures.exhibit(draw, finding(records), caption, runs.table(records, by=BY), records, **layout)


def curves(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Training error while training, mean over seeds, of these and perhaps the shallow networks' own first runs."""
    groups = {}
    for record in records:
        groups.setdefault((record.net, *history(record)), []).append(record)

    def draw(axes, colours):
        for (net, start, depth, label), group in groups.items():
            errors = [fmean(at) for at in zip(*(r.curves["train_error"] for r in group), strict=True)]
            style = {"linestyle": "--" if label else "-", "linewidth": 1.8 if start else 2.8}
            style |= {"color": colours[net], "alpha": 1.0 if depth == DEEP else 0.5}
            name = HISTORIES.get((start, depth, label), f"{depth}, from scratch")
            axes.plot(steps(group[0]), errors, label=name, **style)
        axes.set(title="training error (%)", xlabel="iteration, the shallow network's own included")
        axes.figure.legend(loc="outside lower center", ncols=2)

    return figures.exhibit(draw, finding(records), caption, runs.table(records, ("train_error",), BY), records)


def steps(record: runs.Record) -> list[int]:
    """Iterations of a curve, those that the shallow network was trained before it grew included."""
    before = record.config["recipe"]["iterations"] if record.start_depth else 0
    return [before + i for i in record.curves["iteration"]]


def difference(records: Sequence[runs.Record], net: str, one: tuple, other: tuple) -> runs.Stats:
    """How much higher the training error of one history is than that of another, seed by seed, in points."""
    ends = {(*history(r), r.seed): r.final["train_error"] for r in records if r.net == net}
    return runs.stats(e - ends[*other, seed] for (*of, seed), e in ends.items() if tuple(of) == one)


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words, from whatever of it the records hold."""
    errors = runs.over_seeds(records, "train_error", BY)
    ends = {
        net: "; ".join(f"{name} {errors[net, *h].mean:.1f} %" for h, name in HISTORIES.items() if (net, *h) in errors)
        for net in sorted({r.net for r in records})
    }
    return " ".join(f"Training error of {net} networks, by layers and history: {said}." for net, said in ends.items())


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What this chapter claims, each tested with a margin."""
    grown, control = (SHALLOW, DEEP), (SHALLOW, SHALLOW)
    pairs = {"lead": ((0, DEEP, ""), (*grown, "")), "lag": ((*grown, ""), (*control, ""))}
    pairs["gentle lag"] = ((*grown, "gentle"), (*control, "gentle"))
    plain, residual = (
        {name: difference(records, net, *pair).mean for name, pair in pairs.items()} for net in ("plain", "residual")
    )
    return {
        f"plain-{DEEP} from scratch trains far worse than grown": plain["lead"] > 2 * MARGIN,
        f"at the full rate the grown plain-{DEEP} falls behind its control": plain["lag"] > MARGIN,
        f"trained gently, the grown plain-{DEEP} does not": plain["gentle lag"] < MARGIN / 2,
        f"residual-{DEEP} comes out alike on every way": max(map(abs, residual.values())) < MARGIN / 2,
    }
