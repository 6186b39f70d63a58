"""The chapter's figures, from records."""

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record
from .analysis import Case, beside_nothing_added, by_case, summary, table, treated
from .configs import FEW, NAMES, NOTHING, Arm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EVERY_ARM = (
    "Every arm of the study: mean over seeds, each seed a small mark. The dotted line is the "
    "network with nothing added; head norm: one batch norm before the head."
)
REGULARISED = (
    "Test error of networks of 56 layers after 1,000 steps: mean over seeds, each seed a small "
    "mark; dotted: nothing added. Which of these is a remedy, and which a brake?"
)
ROW_HEIGHT = 0.34  # inches per arm
ERROR_RANGE = (0, 95)  # percent, alike in all frames of the slider


def by_arm(records: Sequence[Record], caption: str = EVERY_ARM) -> FigureCard:
    """Test error of every arm, one panel per number of images."""
    cases = by_case(records)
    sizes = list(dict.fromkeys(case.size for case in cases))
    counts = [sum(case.size == size for case in cases) for size in sizes]

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, size in zip(panels, sizes, strict=True):
            draw_size(axes, colours, cases, size)

    layout = Layout(
        nrows=len(sizes),
        height=1.2 * len(sizes) + ROW_HEIGHT * sum(counts),
        height_ratios=counts,
    )
    return plots.figure_card(draw, summary(records), caption, table(records), records, layout)


def draw_size(axes: "Axes", colours: Colours, cases: dict[Case, list[Record]], size: str) -> None:
    """Test error with many images or few, one row per arm."""
    errors = {
        NAMES[case.arm]: [record.final["test_error"] for record in members]
        for case, members in cases.items()
        if case.size == size
    }
    plots.values_by_name(axes, colours["residual"], errors)
    if NAMES[NOTHING] in errors:
        plots.reference_line(axes, colours, fmean(errors[NAMES[NOTHING]]))
    axes.set_title(f"{size} images: test error (%)")


def frames_beside_nothing_added(
    records: Sequence[Record], size: str = FEW
) -> dict[str, FigureCard]:
    """One frame per arm: its training laid over that of the network with nothing added."""
    return {
        NAMES[case.arm]: training_beside_nothing_added(records, size, case.arm)
        for case in by_case(records)
        if case.size == size and case.arm != NOTHING
    }


def training_beside_nothing_added(records: Sequence[Record], size: str, arm: Arm) -> FigureCard:
    """Error while it trains, of an arm and of the network with nothing added; a line per seed."""
    own = treated(records, size, arm)
    plainest = treated(records, size, NOTHING)
    text = beside_nothing_added(records, size, arm)

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        draw_errors(axes, colours["ink"], plainest, NAMES[NOTHING])
        draw_errors(axes, colours["residual"], own, NAMES[arm])
        axes.set(ylim=ERROR_RANGE, xlabel="iteration")
        axes.set_title(f"error while it trains (%), {size} images")
        axes.legend(loc="lower left")

    both = [*plainest, *own]
    return plots.figure_card(draw, text, text, table(both), both)


def draw_errors(axes: "Axes", colour: str, records: Sequence[Record], name: str) -> None:
    """Training error over the iterations, every seed a line under one name."""
    for number, record in enumerate(records):
        axes.plot(
            record.curves["iteration"],
            record.curves["train_error"],
            color=colour,
            alpha=0.7,
            label=None if number else name,
        )
