"""The chapter's figures, from records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record
from .analysis import CHANCE, GUESSING, against_cold, by_start, started, summary, table
from .configs import COLD, COLD_NORM, SHALLOW, STARTS, Start

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDS = (
    "Training error after twelve passes: mean over seeds, each seed a small mark. "
    "Is it the rate, the blocks or the head that should begin small?"
)
BEGINNINGS = (
    "Residual networks at 0.1 from the first step, a line per seed. "
    "What makes the deep one begin so badly?"
)
ROW_HEIGHT = 0.3  # inches per start
LINES = {"": ":", "head-bn": "-"}  # without the norm before the head, and with it
LOSS_RANGE = (1.6, 6.0)  # nats, alike in all frames of the slider
LOSS_TICKS = (2, 3, 4, 5)


def by_start_at_the_end(records: Sequence[Record], caption: str = ENDS) -> FigureCard:
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

    layout = Layout(height=1 + ROW_HEIGHT * len(errors))
    return plots.figure_card(draw, summary(records), caption, table(records), records, layout)


def with_and_without_norm(records: Sequence[Record], caption: str = BEGINNINGS) -> FigureCard:
    """Training loss from 0.1 at once: residual-20 and 110, and 110 with the norm where recorded."""
    groups = {start: started(records, start) for start in (SHALLOW, COLD, COLD_NORM)}
    groups = {start: members for start, members in groups.items() if members}
    shown = [record for members in groups.values() for record in members]

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        for start, members in groups.items():
            draw_losses(
                axes,
                colours[start.arch],
                members,
                STARTS[start],
                linestyle=LINES[start.variant],
                alpha=plots.opacity(start.depth, (SHALLOW.depth, COLD.depth)),
            )
        finish_losses(axes, colours)

    return plots.figure_card(draw, summary(shown), caption, table(shown), shown)


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
        finish_losses(axes, colours)

    return plots.figure_card(draw, text, text, table([*cold, *own]), [*cold, *own])


def draw_losses(
    axes: "Axes",
    colour: str,
    records: Sequence[Record],
    name: str,
    linestyle: str = "-",
    alpha: float = 0.7,
) -> None:
    """Training loss over the iterations, every seed a line under one name."""
    for number, record in enumerate(records):
        axes.plot(
            record.curves["iteration"],
            record.curves["train_loss"],
            color=colour,
            linestyle=linestyle,
            alpha=alpha,
            label=None if number else name,
        )


def finish_losses(axes: "Axes", colours: Colours) -> None:
    """The loss of guessing, and axes alike in all figures of training losses."""
    axes.axhline(GUESSING, color=colours["ink"], linewidth=0.8, linestyle=":")
    axes.set(yscale="log", ylim=LOSS_RANGE, xlabel="iteration")
    axes.set_yticks(LOSS_TICKS, [str(tick) for tick in LOSS_TICKS])
    axes.minorticks_off()
    axes.set_title("training loss, mean over a pass; dotted: guessing")
    axes.legend()
