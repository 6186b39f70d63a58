"""The chapter's figures, from records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, over_seeds, select, table
from .analysis import arrival_rows, pairs_there, summary
from .configs import LABEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TWINS = (
    "Error against depth after 390 steps, plain and residual: mean over seeds, each seed a small "
    "mark. Which depth would you choose if this were all the time you had?"
)
LIVE = (
    "Error in this page's own run, one seed. Each pair of twins started from the same weights; "
    "where did they part?"
)
HEAD_NORM = (
    "Training error with one batch norm before the head and without: mean over seeds, each seed a "
    "small mark. What is left of a cost of depth?"
)
CURVES = (
    "Training error of shallow twins over the iterations, every seed a line. In which panel is one "
    "family ahead all the way?"
)
FULL_SIZE = (
    "Full-size images, five epochs: training error of two pairs of twins. Which twins part first?"
)
TITLES = {"": "", LABEL: ", longer"}
CURVE_RANGE = (40, 95)  # percent, alike in all frames of the slider


def curves(records: Sequence[Record], caption: str = CURVES) -> FigureCard:
    """Training error over the iterations, one panel per depth and length, every seed a line."""
    pairs = pairs_there(records)

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, (depth, label) in zip(panels, pairs, strict=True):
            plots.training_curves(axes, colours, select(records, depth=depth, label=label))
            axes.set_title(f"{depth} layers{TITLES[label]}")
            axes.legend(fontsize=7)
        panels[0].set_ylabel("training error (%)")

    layout = Layout(ncols=len(pairs), sharey=True)
    return plots.figure_card(
        draw, summary(records), caption, arrival_rows(records), records, layout
    )


def twins_by_depth(degraded: Sequence[Record]) -> dict[str, FigureCard]:
    """One frame per depth: training error of twins over the iterations, every seed a line."""
    frames = {}
    for depth in sorted({record.depth for record in degraded}):
        twins = select(degraded, depth=depth, variant="")
        ends = over_seeds(twins, "train_error")
        plain, residual = ends["plain", depth], ends["residual", depth]
        frames[f"{depth} layers"] = _curves_of(
            twins,
            alt=f"At {depth} layers plain ends near {plain.mean:.0f} %, residual near "
            f"{residual.mean:.0f} %.",
            caption=f"{depth} layers: plain ends at {plain} %, residual at {residual} % "
            f"({plain.n} seeds).",
            limits=CURVE_RANGE,
        )
    return frames


def full_size(full: Sequence[Record]) -> FigureCard:
    """Training error of twins on full-size images over the iterations."""
    ends = over_seeds(full, "train_error")
    said = [f"{arch}-{depth} {stats.mean:.1f} %" for (arch, depth), stats in ends.items()]
    return _curves_of(full, f"Training error at the end: {'; '.join(said)}.", FULL_SIZE)


def _curves_of(
    records: Sequence[Record],
    alt: str,
    caption: str,
    limits: tuple[float, float] | None = None,
) -> FigureCard:
    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        plots.training_curves(axes, colours, records)
        axes.set_title("training error (%)")
        if limits:
            axes.set_ylim(*limits)

    return plots.figure_card(draw, alt, caption, table(records), records)
