"""The chapter's figures, from records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard
from ...records import Record
from .analysis import CHANCE, GUESSING, against_cold, by_start, started, summary, table
from .configs import COLD, STARTS, Start

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOSS_RANGE = (1.6, 6.0)  # nats, alike in all frames of the slider
LOSS_TICKS = (2, 3, 4, 5)


def by_start_at_the_end(records: Sequence[Record], caption: str = "") -> FigureCard:
    """Training error after the last step, one row per start."""
    errors = {
        STARTS[start]: [record.final["train_error"] for record in members]
        for start, members in by_start(records).items()
    }

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        plots.values_by_name(axes, colours["residual"], errors)
        plots.reference_line(axes, colours, CHANCE)
        axes.set_title("training error (%); dotted: guessing")

    return plots.figure_card(draw, summary(records), caption, table(records), records)


def frames_against_cold(records: Sequence[Record]) -> dict[str, FigureCard]:
    """One frame per start: its training loss laid over that of residual-110 at 0.1 at once."""
    return {
        STARTS[start].removeprefix("residual-110: "): loss_against_cold(records, start)
        for start in by_start(records)
        if start != COLD
    }


def loss_against_cold(records: Sequence[Record], start: Start) -> FigureCard:
    """Training loss of a start and of residual-110 at 0.1 from the first step, a line per seed."""
    own = started(records, start)
    cold = started(records, COLD)
    text = against_cold(records, start)

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        draw_losses(axes, colours["ink"], cold, STARTS[COLD])
        draw_losses(axes, colours[start.arch], own, STARTS[start])
        axes.axhline(GUESSING, color=colours["ink"], linewidth=0.8, linestyle=":")
        axes.set(yscale="log", ylim=LOSS_RANGE, xlabel="iteration")
        axes.set_yticks(LOSS_TICKS, [str(tick) for tick in LOSS_TICKS])
        axes.minorticks_off()
        axes.set_title("training loss, mean over a pass; dotted: guessing")
        axes.legend()

    return plots.figure_card(draw, text, text, table([*cold, *own]), [*cold, *own])


def draw_losses(axes: "Axes", colour: str, records: Sequence[Record], name: str) -> None:
    """Training loss over the iterations, every seed a line under one name."""
    for number, record in enumerate(records):
        axes.plot(
            record.curves["iteration"],
            record.curves["train_loss"],
            color=colour,
            alpha=0.7,
            label=None if number else name,
        )
