"""Chapter "The same depth, trained": where plain networks do as well, do residual ones get there sooner?"""

import math
from collections.abc import Sequence
from dataclasses import replace

from .. import figures, runs
from ..recipes import Config, Recipe

QUESTION = "Where a plain network does as well in the end, does the residual one get there sooner?"
DEPTHS = {"live": (8,), "laptop": (8, 14), "colab": (8, 14), "paper": (8, 14, 20)}
LONGER = 3  # times the tier's iterations, so that the shallow plain network has time to do as well


def configs(recipe: Recipe, seeds: Sequence[int] = (0, 1, 2)) -> list[Config]:
    """Shallow pairs: vary the shortcut only."""
    longer = replace(
        recipe, iterations=LONGER * recipe.iterations, drops=tuple(LONGER * drop for drop in recipe.drops)
    )
    return [
        Config(net, depth, seed, longer)
        for seed in seeds
        for net in ("plain", "residual")
        for depth in DEPTHS[recipe.tier]
    ]


def iterations_to(record: runs.Record, error: float) -> float:
    """First recorded iteration at which the training error is at most `error` percent; inf if never."""
    reached = (i for i, e in zip(record.curves["iteration"], record.curves["train_error"], strict=True) if e <= error)
    return next(reached, float("inf"))


def common_error(records: Sequence[runs.Record]) -> float:
    """The lowest training error, in whole percent, that every one of the runs reached."""
    return math.ceil(max(min(record.curves["train_error"]) for record in records))


def arrivals(records: Sequence[runs.Record]) -> list[dict]:
    """For each depth: iterations to the error that all its runs reached, plain and residual, mean over seeds."""
    rows = []
    for depth in sorted({record.depth for record in records}):
        pair = [record for record in records if record.depth == depth]
        error = common_error(pair)
        times = {
            net: runs.stats(iterations_to(record, error) for record in pair if record.net == net)
            for net in ("plain", "residual")
        }
        row = {"depth": depth, "training error (%)": error}
        for net, time in times.items():
            row |= {f"{net} iterations": time.mean, f"{net} std": time.std}
        rows.append(row | {"plain / residual": times["plain"].mean / times["residual"].mean})
    return rows


def figure(records: Sequence[runs.Record], caption: str = "") -> figures.Exhibit:
    """Training error over the iterations, one panel a depth, every seed a line."""
    depths = sorted({record.depth for record in records})

    def draw(axes, colours):
        for panel, depth in zip(axes if len(depths) > 1 else [axes], depths, strict=True):
            figures.training_curves(panel, colours, [r for r in records if r.depth == depth])
            panel.set_title(f"{depth} layers: training error (%)")

    return figures.exhibit(
        draw, finding(records), caption, arrivals(records), records, ncols=len(depths), sharey=True
    )


def finding(records: Sequence[runs.Record]) -> str:
    """The result in words."""
    return " ".join(
        f"At {row['depth']} layers the plain networks need {row['plain / residual']:.2f} times as many iterations as "
        f"the residual ones to reach {row['training error (%)']} % training error."
        for row in arrivals(records)
    )


def holds(records: Sequence[runs.Record]) -> dict[str, bool]:
    """What the chapter says of speed: nothing to see at 8 layers, a lead at the next depth."""
    ratios = {row["depth"]: row["plain / residual"] for row in arrivals(records)}
    said = {"at 8 layers neither kind is a quarter faster": 0.8 < ratios[8] < 1.25}
    deeper = [depth for depth in ratios if depth > 8]
    return said | {
        f"at {depth} layers residual networks are at least 10 % sooner": ratios[depth] > 1.1 for depth in deeper
    }
