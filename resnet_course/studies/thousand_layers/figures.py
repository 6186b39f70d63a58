"""The chapter's figures, from records."""

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, counted, grouped, select, table
from .analysis import ARM_OF, DEEPEST, arm_name, arm_of, summary
from .analysis import table as passes
from .claims import CHANCE, GUESSING
from .memory import Peak, peak

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOKS = {"original": "residual", "pre-activation": "preactivation"}
BY_DEPTH = (
    "Loss of the first pass over 8,000 images and test error after the last, against depth: "
    "medians over seeds, each seed a mark; dotted on the left: guessing. What do a clear path and "
    "a norm before the head have to do with it?"
)
CURVES = (
    "Training error of 1,202 layers after each of the two passes, a line per seed. "
    "Which of the four learns?"
)
LENGTHS = (0, 1, 2, 5, 10, 20, 25, 50, 100, 200)  # blocks per segment; 0 checkpoints nothing


def by_depth(records: Sequence[Record], caption: str = BY_DEPTH) -> FigureCard:
    """Loss of the first epoch and test error at the end against depth, a line per arm."""
    text = summary(records)
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
    return plots.figure_card(draw, text, caption, rows, records, Layout(ncols=2))


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


def curves(records: Sequence[Record], caption: str = CURVES, depth: int = DEEPEST) -> FigureCard:
    """Training error of the networks of one depth after each pass; a colour and style per arm."""
    shown = select(records, depth=depth)

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        for (variant,), members in grouped(shown, by=("variant",)).items():
            block, head_norm = arm_of(str(variant))
            for number, record in enumerate(members):
                axes.plot(
                    record.curves["iteration"],
                    record.curves["train_error"],
                    "o-" if head_norm else "o:",
                    color=colours[LOOKS[block]],
                    label=None if number else arm_name(str(variant)),
                )
        axes.axhline(CHANCE, color=colours["ink"], linewidth=0.8, linestyle=":")
        axes.set(xlabel="iteration", title=f"{depth} layers: training error (%); dotted: guessing")
        axes.legend(fontsize=7)

    return plots.figure_card(draw, summary(shown), caption, passes(shown), shown)


def frames_of_segments() -> dict[str, FigureCard]:
    """One frame per length of a checkpointed segment: what ResNet-1202 then keeps, counted."""
    return {length_name(blocks): memory_of_segments(blocks) for blocks in LENGTHS}


def memory_of_segments(chosen: int) -> FigureCard:
    """Memory of a step against the blocks in a segment, one length pointed at."""
    peaks = {blocks: peak(blocks) for blocks in LENGTHS}
    own = peaks[chosen]

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        draw_peaks(axes, colours["residual"], peaks)
        axes.plot(LENGTHS.index(chosen), own.total + 0.4, "v", color=colours["ink"])
        axes.set(xlabel="blocks per segment", title="GB, counted")
        axes.legend()

    what = f"Segments of {counted(chosen, 'block')}" if chosen else "Nothing checkpointed"
    text = f"{what}: {own.total:.2f} GB for ResNet-1202 at batch 128 in float32, counted."
    rows = [{"blocks per segment": chosen, "kept (GB)": own.kept, "inside of one (GB)": own.inside}]
    return plots.figure_card(draw, text, text, rows)


def draw_peaks(axes: "Axes", colour: str, peaks: dict[int, Peak]) -> None:
    """What is kept, and on top of it the inside of one segment."""
    names = [length_name(blocks) for blocks in peaks]
    kept = [each.kept for each in peaks.values()]
    inside = [each.inside for each in peaks.values()]
    axes.bar(names, kept, color=colour, label="kept")
    axes.bar(names, inside, bottom=kept, color=colour, alpha=0.4, label="inside of one")


def length_name(blocks: int) -> str:
    """A segment's length as the figure calls it."""
    return str(blocks) if blocks else "off"
