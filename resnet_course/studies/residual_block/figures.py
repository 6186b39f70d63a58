"""The chapter's figures, from records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard
from ...records import Record, select, table
from .analysis import summary
from .claims import METRIC

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FLOOR = 1e-8  # of the figure: what float32 cannot tell from zero
CEILING = 2.0


def by_depth(records: Sequence[Record], caption: str = "") -> FigureCard:
    """Error of the copy against depth."""
    copies = select(records, label="")

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        plots.error_against_depth(axes, colours, copies, METRIC)
        axes.set(yscale="log", ylim=(FLOOR, CEILING), title="relative error of the copy")
        axes.legend()

    rows = table(copies, (METRIC,))
    return plots.figure_card(draw, summary(copies), caption, rows, copies)
