"""The chapter's figures, from records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record
from . import analysis
from .analysis import imbalance, over_kinds, summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of each kind of network: its colour, by architecture, and how its line is drawn.
LOOKS = {
    "plain without batch norm": ("plain", ":"),
    "plain": ("plain", "-"),
    "residual": ("residual", "-"),
    "plain, clipped": ("plain", "--"),
    "residual, clipped": ("residual", "--"),
    "plain without batch norm, rescaled": ("plain", "-."),
}


def imbalance_by_depth(
    records: Sequence[Record],
    caption: str = "",
    kinds: Sequence[str] = ("plain without batch norm", "plain", "residual"),
) -> FigureCard:
    """First over last gradient against depth, before training and after it."""
    shown = [record for record in records if analysis.kind(record) in kinds]
    iterations = [analysis.looks(shown)[0], analysis.looks(shown)[-1]]
    depths = sorted({record.depth for record in shown})

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, iteration in zip(panels, iterations, strict=True):
            stats = over_kinds(shown, imbalance, iteration)
            for name in kinds:
                colour, line = LOOKS[name]
                there = [depth for depth in depths if (name, depth) in stats]
                means = [stats[name, depth].mean for depth in there]
                axes.plot(there, means, line, color=colours[colour], marker=".", label=name)
            points = [(r.depth, imbalance(r, iteration), r.arch) for r in shown]
            for depth, value, arch in points:
                plots.seeds(axes, [depth], [value], colours[arch])
            axes.set_title(f"after {iteration} steps" if iteration else "untrained")
            plots.depth_axis(axes, depths)
        panels[0].set_ylabel("first / last gradient, power of ten")
        panels[0].legend(fontsize=7)

    rows = _rows(shown, iterations)
    layout = Layout(ncols=2, sharey=True)
    return plots.figure_card(draw, summary(shown), caption, rows, shown, layout)


def _rows(records: Sequence[Record], iterations: Sequence[int]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for iteration in iterations:
        for (name, depth), stats in over_kinds(records, imbalance, iteration).items():
            rows.append(
                {
                    "network": name,
                    "depth": depth,
                    "iteration": iteration,
                    "first / last, power of ten": str(stats),
                    "seeds": stats.n,
                }
            )
    return rows
