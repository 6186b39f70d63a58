"""The chapter's figures, from records and from gates measured by the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, select, summarise
from ...records import table as table_of_runs
from . import analysis
from .analysis import NAMES, Fate
from .configs import ORDERS, ORIGINAL, SHORTCUTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_HEIGHT = 0.26  # inches per block
FRAME_HEIGHT = 1.2  # inches beside the rows: title, axis
FAILED_MARK = "x"
GUESSING = 90.0  # percent
ERROR_RANGE = (45.0, 95.0)  # percent, alike in all frames of the slider
BLOCKS = (
    "Test error of the original block and of ten changes to it: the mean over seeds large, each "
    "seed a small mark; a cross is a block that was not trained. The dotted line is the original. "
    "Which rows are far from it at one depth only?"
)
HEAD_NORM = (
    "Test error of 110 layers: hollow marks without a batch norm between the last block and the "
    "head, full ones with it. Compare blocks with one kind of mark, then marks within a row."
)
GATES = (
    "What untrained gates leave of the input, block after block; an identity stays at 1. "
    "How open is a gate whose bias says 0.998?"
)
# Blocks with the batch norm before the head and without: (name, without, with).
HEAD_NORM_PAIRS = (
    ("original", ORIGINAL, "head-bn"),
    ("ReLU before the sum", "relu-before-addition", "relu-before-addition-head-bn"),
    ("ReLU-only pre-activation", "relu-only-preactivation", "relu-only-preactivation-head-bn"),
    ("full pre-activation", "full-preactivation-no-head-bn", "full-preactivation"),
)


def by_variant(
    records: Sequence[Record],
    variants: Sequence[str] = (ORIGINAL, *SHORTCUTS, *ORDERS),
) -> FigureCard:
    """Test error of every block, one panel per depth; blocks that were not trained are crosses."""
    depths = sorted({record.depth for record in records})
    shown = [variant for variant in variants if variant in analysis.present(records)]

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        for axes, depth in zip(panels, depths, strict=True):
            of_depth = select(records, depth=depth)
            draw_blocks(axes, colours, of_depth, shown)
            axes.set(title=f"{depth} layers", xlabel="test error (%)")

    height = FRAME_HEIGHT + ROW_HEIGHT * len(shown)
    layout = Layout(ncols=len(depths), sharey=True, height=height)
    rows = analysis.table(records, shown)
    return plots.figure_card(draw, analysis.summary(records), BLOCKS, rows, records, layout)


def draw_blocks(
    axes: Axes, colours: Colours, records: Sequence[Record], variants: Sequence[str]
) -> None:
    """One row per block: a mark per seed and their mean; a dotted line at the original."""
    for row, variant in enumerate(variants):
        members = select(records, variant=variant)
        if members:
            draw_row(axes, colours, row, members)
    axes.set_yticks(range(len(variants)), [NAMES[variant] for variant in variants])
    axes.set_ylim(len(variants) - 0.5, -0.5)
    if originals := select(records, variant=ORIGINAL):
        errors = [record.final["test_error"] for record in originals]
        plots.reference_line(axes, colours, summarise(errors).mean)


def draw_row(axes: Axes, colours: Colours, row: int, records: Sequence[Record]) -> None:
    """The runs of one block; of failed ones a cross and how they failed."""
    errors = [record.final["test_error"] for record in records]
    way = analysis.usual_fate(records)
    if way is not Fate.LEARNT:
        axes.plot(errors, [row] * len(errors), FAILED_MARK, color=colours["plain"])
        axes.annotate(
            str(way),
            (min(errors), row),
            xytext=(-6, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=7,
            color=colours["plain"],
        )
        return
    plots.seeds(axes, errors, [row] * len(errors), colours["residual"])
    axes.plot(summarise(errors).mean, row, "o", color=colours["residual"])


def head_norm(records: Sequence[Record], depth: int = 110) -> FigureCard:
    """Test error of four blocks at one depth, with a batch norm before the head and without."""
    deep = select(records, depth=depth)
    known = analysis.present(deep)
    pairs = [pair for pair in HEAD_NORM_PAIRS if pair[1] in known or pair[2] in known]

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        (axes,) = panels
        for row, (_, without, with_norm) in enumerate(pairs):
            draw_arm(axes, colours, row, select(deep, variant=without), filled=False)
            draw_arm(axes, colours, row, select(deep, variant=with_norm), filled=True)
        axes.set_yticks(range(len(pairs)), [name for name, *_ in pairs])
        axes.set(ylim=(len(pairs) - 0.5, -0.5), xlabel=f"test error (%), {depth} layers")
        axes.plot([], [], "o", mfc="none", color=colours["residual"], label="without head BN")
        axes.plot([], [], "o", color=colours["residual"], label="with head BN")
        axes.legend(loc="lower right")

    variants = [variant for _, *both in pairs for variant in both]
    rows = analysis.table(deep, variants)
    shown = [record for record in deep if record.variant in variants]
    alt = analysis.summary(shown)
    layout = Layout(height=FRAME_HEIGHT + 0.5 * len(pairs))
    return plots.figure_card(draw, alt, HEAD_NORM, rows, shown, layout)


def draw_arm(
    axes: Axes, colours: Colours, row: int, records: Sequence[Record], filled: bool
) -> None:
    """One arm in its row: mean large, every seed a mark; hollow without the batch norm."""
    if not records:
        return
    errors = [record.final["test_error"] for record in records]
    place = row + (0.12 if filled else -0.12)
    plots.seeds(axes, errors, [place] * len(errors), colours["residual"])
    face = colours["residual"] if filled else "none"
    axes.plot(summarise(errors).mean, place, "o", color=colours["residual"], mfc=face)


def against_original(records: Sequence[Record], depth: int = 110) -> dict[str, FigureCard]:
    """One frame per changed block: its training curves against the original's."""
    deep = select(records, depth=depth)
    return {
        NAMES[variant]: pair_of_curves(deep, variant)
        for variant in analysis.present(deep)
        if variant != ORIGINAL
    }


def pair_of_curves(records: Sequence[Record], variant: str) -> FigureCard:
    """Training error of one block and of the original over the iterations, every seed a line."""
    pair = [record for record in records if record.variant in (ORIGINAL, variant)]

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        (axes,) = panels
        for name, colour in ((ORIGINAL, colours["ink"]), (variant, colours["residual"])):
            for number, record in enumerate(select(pair, variant=name)):
                iterations, errors = record.curves["iteration"], record.curves["train_error"]
                label = None if number else NAMES[name]
                axes.plot(iterations, errors, color=colour, alpha=0.7, label=label)
        axes.axhline(GUESSING, color=colours["faint"], linewidth=0.8)
        axes.set(ylim=ERROR_RANGE, xlabel="iteration", title="training error (%)")
        axes.legend(loc="lower left")

    words = (
        f"{NAMES[variant]}: {how_it_ended(select(pair, variant=variant))}; "
        f"the original: {how_it_ended(select(pair, variant=ORIGINAL))}."
    )
    rows = table_of_runs(pair, by=("depth", "variant"))
    return plots.figure_card(draw, words, words, rows, pair)


def how_it_ended(records: Sequence[Record]) -> str:
    """Training error at the end of some runs, or how they failed and what was measured of it."""
    way = analysis.usual_fate(records)
    if way is Fate.LEARNT:
        return f"training error at the end {analysis.ending(records, 'train_error', ' %')}"
    return f"{way}, {analysis.measured_failure(records)}"


def what_gates_leave(keeps: Mapping[str, Sequence[float]]) -> FigureCard:
    """Product of the shares that the gates of a network keep, block by block, on a log axis.

    Args:
        keeps: Name of a network -> share of the shortcut that each of its gates lets through.
    """
    left = {name: list(accumulate(shares, mul)) for name, shares in keeps.items()}

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        (axes,) = panels
        styles = ("-", "--", ":", "-.")
        for style, (name, products) in zip(styles, left.items(), strict=False):
            blocks = range(1, len(products) + 1)
            axes.plot(blocks, products, style, color=colours["residual"], label=name)
        axes.set(yscale="log", xlabel="blocks passed", title="share of the input that is left")
        axes.legend()

    ends = [f"{name} {products[-1]:.2g}" for name, products in left.items()]
    alt = f"Left of the input after the last block, untrained: {'; '.join(ends)}."
    rows: list[dict[str, object]] = []
    for name, shares in keeps.items():
        rows.append(
            {
                "network": name,
                "blocks": len(shares),
                "least open gate": min(shares),
                "product of all": left[name][-1],
            }
        )
    return plots.figure_card(draw, alt, GATES, rows)


def prediction(records: Sequence[Record]) -> plots.Prediction:
    """What to guess before looking: the cost of half a shortcut in a shallow network."""
    return plots.Prediction(
        key="preactivation-half",
        question="At 20 layers, nine blocks, how much does halving every shortcut cost?",
        options=(
            "nothing that can be seen",
            "some points of test error",
            "the network does not learn at all",
        ),
        comparison=analysis.half_a_shortcut(records),
    )
