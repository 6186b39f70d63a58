"""The chapter's figures, from records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout, Prediction
from ...records import Record, RecordError, grouped, over_seeds, select, table
from . import analysis
from .claims import DEEP, METRIC
from .configs import IDENTITY_START, TARGETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BOTTOM = analysis.ROUNDING / 3  # of the axis: marks on the floor are seen whole
TOP = 4.0
COPIES = (
    "Error of the copy against depth: mean over seeds, each seed a small mark. The floor of the "
    "plot stands for everything that float32 cannot tell from zero. What would a stack of 128 "
    "layers do?"
)
OWN_RUN = "This page's own run: error left after 120 steps, one seed."
THREE_TARGETS = (
    "The same stacks, asked for the identity, for a rotation and for the change of sign. Which of "
    "these curves would you have drawn differently?"
)


def by_depth(records: Sequence[Record], caption: str = COPIES) -> FigureCard:
    """Error of the copy against depth.

    Raises RecordError where nothing was asked to copy.
    """
    copies = select(records, label="", variant="")
    if not copies:
        raise RecordError("none of these records is of a stack that was to copy its input")

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        plots.error_against_depth(axes, colours, copies, METRIC)
        lift_to_floor(axes)
        axes.set_title("relative error of the copy")
        axes.legend()

    rows = table(copies, (METRIC,))
    return plots.figure_card(draw, analysis.summary(copies), caption, rows, copies)


def by_target(records: Sequence[Record], caption: str = THREE_TARGETS) -> FigureCard:
    """Error against depth, one panel per recorded target, at the depths that these share."""
    shown = at_shared_depths(records)
    targets = recorded_targets(shown)
    deepest = max(record.depth for record in shown)

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, label in zip(panels, targets, strict=True):
            members = select(shown, label=label)
            draw_from_identity(axes, colours, select(members, variant=IDENTITY_START))
            plots.error_against_depth(axes, colours, select(members, variant=""), METRIC)
            lift_to_floor(axes)
            axes.set(title=TARGETS[label], xlabel="depth")
        panels[-1].legend(loc="lower right", fontsize=8)

    rows = table(shown, (METRIC,), by=("label", "arch", "variant", "depth"))
    for row in rows:
        row["label"] = TARGETS[str(row["label"])]
    layout = Layout(ncols=len(targets), sharey=True)
    alt = analysis.controls(shown, deepest)
    return plots.figure_card(draw, alt, caption, rows, shown, layout)


def draw_from_identity(axes: "Axes", colours: Colours, records: Sequence[Record]) -> None:
    """Plain stacks that start as the identity: a dotted line, every seed a mark."""
    if not records:
        return
    errors = over_seeds(records, METRIC, by=("depth",))
    depths = [int(depth) for (depth,) in errors]
    means = [stats.mean for stats in errors.values()]
    axes.plot(depths, means, ":s", color=colours["plain"], label="plain from identity")
    left = [record.final[METRIC] for record in records]
    plots.seeds(axes, [record.depth for record in records], left, colours["plain"])


def recorded_targets(records: Sequence[Record]) -> list[str]:
    """The labels of the targets that some record has, in the order of the study."""
    labels = {record.label for record in records}
    return [label for label in TARGETS if label in labels]


def at_shared_depths(records: Sequence[Record]) -> list[Record]:
    """The records of the depths at which every recorded target was asked for.

    Raises RecordError where there is none.
    """
    labels = recorded_targets(records)
    depths = [{record.depth for record in select(records, label=label)} for label in labels]
    shared = set.intersection(*depths) if depths else set()
    if not shared:
        raise RecordError("these records have no depth at which all their targets were asked for")
    return [record for record in records if record.depth in shared]


def curves_by_depth(records: Sequence[Record]) -> dict[str, FigureCard]:
    """One frame per depth: the error of the copy over the iterations, every seed a line."""
    frames = {}
    for (depth,), members in grouped(select(records, label="", variant=""), by=("depth",)).items():
        ends = []
        for (arch, _), error in analysis.copy_errors(members).items():
            ends.append(f"{arch} ends at {analysis.in_words(error)}")
        frames[f"{depth} layers"] = curves(members, f"{depth} layers: {'; '.join(ends)}.")
    return frames


def curves(records: Sequence[Record], caption: str) -> FigureCard:
    """Error of the copy over the iterations, batch noise included."""

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        plots.training_curves(axes, colours, records, METRIC)
        lift_to_floor(axes)
        axes.set_title("relative error of the copy")

    return plots.figure_card(draw, caption, caption, table(records, (METRIC,)), records)


def lift_to_floor(axes: "Axes") -> None:
    """A logarithmic axis on which errors that round to nothing lie on the floor."""
    import numpy

    for line in axes.lines:
        heights = numpy.asarray(line.get_ydata(), float)
        line.set_ydata(heights.clip(min=analysis.ROUNDING))
    for marks in axes.collections:
        x_and_y = numpy.array(marks.get_offsets(), float)
        x_and_y[:, 1] = x_and_y[:, 1].clip(min=analysis.ROUNDING)
        marks.set_offsets(x_and_y)
    axes.set(yscale="log", ylim=(BOTTOM, TOP))
    axes.minorticks_off()  # a hundred marks more, and nothing to read at them


def prediction(records: Sequence[Record]) -> Prediction:
    """The chapter's prediction: what a plain stack makes of another target than the identity."""
    plain = select(records, arch="plain", depth=DEEP, variant="")
    copy = analysis.copy_errors(plain)["plain", DEEP]
    return Prediction(
        key="residual-block-rotation",
        question=f"Asked to copy its input, a plain stack of {DEEP} layers is left with "
        f"{copy.mean:.2f} of the variance as error. How much will be left when it is asked for a "
        "rotation?",
        options=("next to nothing", "about half as much", "about as much", "all of it"),
        comparison=f"As a share of the variance, it is left with "
        f"{analysis.left_for_each_target(plain)}.",
    )
