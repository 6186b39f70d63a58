"""The chapter's figures, from records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, select
from .analysis import NAMES, arrival_rows, pairs_there, summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def curves(records: Sequence[Record], caption: str = "") -> FigureCard:
    """Training error over the iterations, one panel per depth and length, every seed a line."""
    pairs = pairs_there(records)

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, (depth, label) in zip(panels, pairs, strict=True):
            plots.training_curves(axes, colours, select(records, depth=depth, label=label))
            axes.set_title(f"{depth} layers{NAMES[label]}: training error (%)", fontsize=8)

    layout = Layout(ncols=len(pairs), sharey=True)
    return plots.figure_card(
        draw, summary(records), caption, arrival_rows(records), records, layout
    )
