"""The chapter's figures, from records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record
from .analysis import PROBES, probe_curves, summary, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ERROR_RANGE = (48, 100)  # percent, alike at every depth, with room for the legend above the curves


def along_the_network(records: Sequence[Record], caption: str = "") -> FigureCard:
    """Error of both probes from the stem to the last block; dotted: the untrained networks."""
    curves = probe_curves(records)
    depths = sorted({record.depth for record in records})

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, name in zip(panels, PROBES, strict=True):
            for curve in curves:
                trained = curve.state == "trained"
                axes.plot(
                    [stats.mean for stats in curve.errors[name]],
                    color=colours[curve.arch],
                    alpha=plots.opacity(curve.depth, depths),
                    linestyle="-" if trained else ":",
                    label=curve.network if trained else None,
                )
            axes.set(title=f"probe of {name}: test error (%)", xlabel="after block (0: stem)")
        panels[0].set_ylim(*ERROR_RANGE)
        panels[0].legend(loc="upper left")

    layout = Layout(ncols=2, sharey=True)
    return plots.figure_card(draw, summary(records), caption, table(records), records, layout)
