"""The study's figure, from its records and those of the degradation study."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, grouped, select, summarise, table
from ..depths import TWINS
from .analysis import NAMES, summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINES = {"": ":", "head-bn": "-"}
BY = ("arch", "depth", "variant")


def with_and_without(
    records: Sequence[Record], caption: str = "", metric: str = "train_error"
) -> FigureCard:
    """`metric` against depth, one panel per architecture, with the batch norm and without."""
    depths = sorted({record.depth for record in records if record.variant})

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, arch in zip(panels, TWINS, strict=True):
            for variant in LINES:
                members = select(records, arch=arch, variant=variant)
                draw_line(axes, colours[arch], members, metric, depths)
            plots.depth_axis(axes, depths)
            axes.set_title(f"{arch}: {metric.replace('_', ' ')} (%)")
        panels[0].legend()

    shown = [record for record in records if record.depth in depths]
    layout = Layout(ncols=2, sharey=True)
    rows = table(shown, by=BY)
    return plots.figure_card(draw, summary(shown), caption, rows, shown, layout)


def draw_line(
    axes: "Axes", colour: str, records: Sequence[Record], metric: str, depths: Sequence[int]
) -> None:
    """One variant of one architecture: mean over seeds, and every seed a mark."""
    if not records:
        return
    means = []
    for (depth,), members in grouped(records, by=("depth",)).items():
        if depth not in depths:
            continue
        errors = [record.final[metric] for record in members]
        plots.seeds(axes, [record.depth for record in members], errors, colour)
        means.append((depth, summarise(errors).mean))
    variant = records[0].variant
    axes.plot(*zip(*means, strict=True), color=colour, ls=LINES[variant], label=NAMES[variant])
