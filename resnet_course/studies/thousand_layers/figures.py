"""The chapter's figures, from records."""

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, grouped, select, table
from .analysis import ARM_OF, arm_name, summary
from .claims import GUESSING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOKS = {"original": "residual", "pre-activation": "preactivation"}


def by_depth(records: Sequence[Record], caption: str = "") -> FigureCard:
    """Loss of the first epoch and test error at the end against depth, a line per arm."""
    depths = sorted({record.depth for record in records})

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for variant in ARM_OF:
            members = select(records, variant=variant)
            if members:
                draw_arm(panels, colours, members)
        panels[0].axhline(GUESSING, color=colours["ink"], linewidth=0.8, linestyle=":")
        panels[0].set(yscale="log", title="loss of the first epoch (nats)")
        panels[1].set(title="test error (%)")
        for axes in panels:
            plots.depth_axis(axes, depths)
        panels[1].legend(fontsize=7)

    rows = table(records, by=("depth", "variant"))
    return plots.figure_card(draw, summary(records), caption, rows, records, Layout(ncols=2))


def draw_arm(panels: Sequence["Axes"], colours: Colours, records: Sequence[Record]) -> None:
    """One arm in both panels: median over seeds, every seed a mark."""
    block, head_norm = ARM_OF[records[0].variant]
    colour = colours[LOOKS[block]]
    style = "-" if head_norm else ":"
    depths = [record.depth for record in records]
    for axes, values in zip(panels, (_first_losses(records), _errors(records)), strict=True):
        plots.seeds(axes, depths, values, colour)
        middles = {}
        for (depth,), members in grouped(records, by=("depth",)).items():
            chosen = [v for r, v in zip(records, values, strict=True) if r in members]
            middles[depth] = median(chosen)
        label = arm_name(records[0].variant)
        axes.plot(list(middles), list(middles.values()), style, color=colour, label=label)


def _first_losses(records: Sequence[Record]) -> list[float]:
    return [record.curves["train_loss"][0] for record in records]


def _errors(records: Sequence[Record]) -> list[float]:
    return [record.final["test_error"] for record in records]
