"""The chapter's figures, from records."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, over_seeds, select, table
from .analysis import summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE_BY_SIDE = Layout(ncols=2, sharex=True, sharey=True)
TITLES = {"train_error": "training error (%)", "test_error": "test error (%)"}
BOTH_ERRORS = (
    "Training and test error against depth: mean over seeds, each seed a small mark. If this were "
    "overfitting, which of the two panels would go down?"
)
OWN_RUN = "Plain networks in this page's own run, one seed. Which depth would you have bet on?"
CURVE_RANGE = (40, 95)  # percent, alike in all frames of the slider


def by_depth(records: Sequence[Record], caption: str = BOTH_ERRORS) -> FigureCard:
    """Training and test error against depth, side by side on one scale."""

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, (metric, title) in zip(panels, TITLES.items(), strict=True):
            plots.error_against_depth(axes, colours, records, metric)
            axes.set_title(title)
        panels[0].legend()

    return plots.figure_card(draw, summary(records), caption, table(records), records, SIDE_BY_SIDE)


def curves(
    records: Sequence[Record], alt: str, caption: str, limits: tuple[float, float] | None = None
) -> FigureCard:
    """Training error of each run over its iterations, on cropped and flipped images."""

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        plots.training_curves(axes, colours, records)
        axes.set_title("training error (%)")
        if limits:
            axes.set_ylim(*limits)

    return plots.figure_card(draw, alt, caption, table(records), records)


def curves_by_depth(records: Sequence[Record], arch: str = "plain") -> dict[str, FigureCard]:
    """One frame per depth: training error over the iterations, every seed a line."""
    ends = over_seeds(select(records, arch=arch), "train_error")
    frames = {}
    for (_, depth), end in ends.items():
        frames[f"{depth} layers"] = curves(
            select(records, arch=arch, depth=int(depth)),
            alt=f"{arch} networks of {depth} layers end near {end.mean:.0f} % training error.",
            caption=f"{arch}-{depth}: training error at the end {end} % ({end.n} seeds).",
            limits=CURVE_RANGE,
        )
    return frames


full_size_curves = partial(
    curves,
    alt="On full-size CIFAR-10 plain-56 stays above plain-20 in training error through all epochs.",
    caption="Full-size images, five epochs: plain-56 trails plain-20 from the first epoch to the "
    "last. Does the gap close?",
)
