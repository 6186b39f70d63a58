"""The chapter's figures, from records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, select, summarise
from ...records import table as table_of_runs
from . import analysis
from .analysis import FORMULAS, NAMES, runs_of
from .configs import CHANGES, CONTROLS, ORIGINAL, Part

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_HEIGHT = 0.3  # inches per block
FRAME_HEIGHT = 1.2  # inches beside the rows: title, axis
ERROR_RANGE = (45.0, 95.0)  # percent, alike in all frames of the slider
BLOCKS = (
    "Test error of the original block and of seven changed ones: the mean over seeds large, each "
    "seed a small mark; the dotted line is the original. How far from the line must a mean be "
    "before you believe it?"
)
HEAD_NORM = (
    "Test error of 56 layers: hollow marks without a batch norm between the last block and the "
    "head, full ones with it. What a change still costs between full marks is not the size of the "
    "logits."
)
BY = ("depth", "shortcut", "variant")


def by_part(records: Sequence[Record], parts: Sequence[Part] = (ORIGINAL, *CHANGES)) -> FigureCard:
    """Test error of each block, one panel per depth: mean over seeds, every seed a small mark."""
    depths = sorted({record.depth for record in records})
    known = analysis.present(records)
    shown = [part for part in parts if part in known]

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        for axes, depth in zip(panels, depths, strict=True):
            for row, part in enumerate(shown):
                draw_block(axes, colours, row, runs_of(records, part, depth))
            draw_reference(axes, colours, runs_of(records, ORIGINAL, depth))
            axes.set(title=f"{depth} layers", xlabel="test error (%)")
            axes.set_yticks(range(len(shown)), [NAMES[part] for part in shown])
            axes.set_ylim(len(shown) - 0.5, -0.5)

    height = FRAME_HEIGHT + ROW_HEIGHT * len(shown)
    layout = Layout(ncols=len(depths), sharex=True, sharey=True, height=height)
    of_shown = [record for record in records if analysis.part_of(record) in shown]
    rows = analysis.table(of_shown)
    return plots.figure_card(draw, analysis.summary(of_shown), BLOCKS, rows, of_shown, layout)


def draw_block(
    axes: Axes, colours: Colours, row: float, records: Sequence[Record], filled: bool = True
) -> None:
    """One block in its row; nothing where it was not run."""
    if not records:
        return
    errors = [record.final["test_error"] for record in records]
    plots.seeds(axes, errors, [row] * len(errors), colours["residual"])
    face = colours["residual"] if filled else "none"
    axes.plot(summarise(errors).mean, row, "o", color=colours["residual"], mfc=face)


def draw_reference(axes: Axes, colours: Colours, originals: Sequence[Record]) -> None:
    """A dotted line where the original block is."""
    if originals:
        errors = [record.final["test_error"] for record in originals]
        plots.reference_line(axes, colours, summarise(errors).mean)


def head_norm(records: Sequence[Record], depth: int = 56) -> FigureCard:
    """Test error of blocks that have a control, with a batch norm before the head or without."""
    deep = select(records, depth=depth)

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        (axes,) = panels
        for row, (part, control) in enumerate(CONTROLS.items()):
            draw_block(axes, colours, row - 0.12, runs_of(deep, part), filled=False)
            draw_block(axes, colours, row + 0.12, runs_of(deep, control))
        axes.plot([], [], "o", mfc="none", color=colours["residual"], label="without head BN")
        axes.plot([], [], "o", color=colours["residual"], label="with head BN")
        axes.set_yticks(range(len(CONTROLS)), [NAMES[part] for part in CONTROLS])
        axes.set_ylim(len(CONTROLS) - 0.5, -0.5)
        axes.set_xlabel(f"test error (%), {depth} layers")
        axes.legend()

    arms = (*CONTROLS, *CONTROLS.values())
    shown = [record for record in deep if analysis.part_of(record) in arms]
    rows = analysis.table(shown)
    layout = Layout(height=FRAME_HEIGHT + 0.5 * len(CONTROLS))
    return plots.figure_card(draw, analysis.summary(shown), HEAD_NORM, rows, shown, layout)


def against_original(records: Sequence[Record], depth: int = 56) -> dict[str, FigureCard]:
    """One frame per changed block: its training curves against the original's."""
    deep = select(records, depth=depth)
    known = analysis.present(deep)
    return {NAMES[part]: pair_of_curves(deep, part, depth) for part in CHANGES if part in known}


def pair_of_curves(records: Sequence[Record], part: Part, depth: int) -> FigureCard:
    """Training error of one block and of the original over the iterations, every seed a line."""
    arms = {ORIGINAL: "ink", part: "residual"}

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        (axes,) = panels
        for arm, colour in arms.items():
            for number, record in enumerate(runs_of(records, arm)):
                iterations, errors = record.curves["iteration"], record.curves["train_error"]
                label = None if number else NAMES[arm]
                axes.plot(iterations, errors, color=colours[colour], alpha=0.7, label=label)
        axes.set(ylim=ERROR_RANGE, xlabel="iteration")
        axes.set_title(f"training error (%), {depth} layers")
        axes.legend()

    more = analysis.change(records, part, depth, "train_error")
    alt = f"{NAMES[part]}: training error ends {analysis.signed(more)} points from the original's."
    formula = FORMULAS[part]
    caption = (
        f"{formula[0].upper()}{formula[1:]}. Training error at the end less the original's: "
        f"{analysis.signed(more)} points ({more.n} seeds)."
    )
    pair = [*runs_of(records, ORIGINAL), *runs_of(records, part)]
    return plots.figure_card(draw, alt, caption, table_of_runs(pair, by=BY), pair)


def prediction(records: Sequence[Record]) -> plots.Prediction:
    """What to guess before looking: the most costly change at 56 layers."""
    return plots.Prediction(
        key="block-anatomy-worst",
        question="At 56 layers, which change makes the test error worst?",
        options=[NAMES[part] for part in CHANGES],
        comparison=analysis.errors_at(records, depth=56),
    )
