"""The chapter's figures, from records."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, Stats, mean_profile, select
from ..depths import TWINS
from .analysis import (
    CHANGES,
    SHALLOW,
    before_training,
    blocks,
    changes_table,
    mean_length,
    mean_path_by_sizes,
    mean_paths,
    networks,
    paths_table,
    summary,
    table,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STAGES = 3
NONE_CHANGED = 0.5  # where a logarithmic axis has its zero
ONE_OUT = (
    "Test error with one block taken out, trained networks: a line per run. "
    "Which network is a chain?"
)
PUBLISHED = (
    "Published residual networks of 20, 32, 44 and 56 layers with one block taken out; the deeper "
    "the network, the stronger its line. Which block would you rather keep?"
)
SEVERAL = "Blocks taken out, and pairs swapped, at random. How would the curve of a chain look?"
PATHS = "Branches on the mean path of the gradient. Which of the lines is training's doing?"
ERROR_RANGE = (40, 100)  # percent, alike in all frames of a slider


def one_out(records: Sequence[Record], caption: str = ONE_OUT) -> FigureCard:
    """Test error with each block taken out alone, from the first to the last; a line per run."""
    depths = sorted({record.depth for record in records})

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        for members in networks(records).values():
            for number, record in enumerate(members):
                errors = record.profile("without_one")
                axes.plot(
                    [place / len(errors) for place in range(len(errors))],
                    errors,
                    ".-",
                    color=colours[record.arch],
                    alpha=plots.opacity(record.depth, depths),
                    label=None if number else record.network,
                )
        axes.set(
            title="test error with one block taken out (%)",
            xlabel="place of the block, from the stem (0) to the head (1)",
        )
        axes.legend(fontsize=7)

    return plots.figure_card(draw, summary(records), caption, table(records), records)


def frames_of_twins(records: Sequence[Record]) -> dict[str, FigureCard]:
    """One frame per block of the twins of 20 layers: both rows of blocks, and what is left."""
    twins = {arch: select(records, arch=arch, depth=SHALLOW) for arch in TWINS}
    frames = {"none": twins_without(twins, out=0)}
    for out in range(1, blocks(SHALLOW) + 1):
        frames[f"block {out}"] = twins_without(twins, out)
    return frames


def twins_without(twins: dict[str, list[Record]], out: int) -> FigureCard:
    """The twins of 20 layers without their block number `out`, counted from 1; 0 for none."""
    errors = {arch: error_without(members, out) for arch, members in twins.items()}
    change = f"Without block {out}" if out else "Whole"
    parts = [f"{arch}-{SHALLOW} {error} %" for arch, error in errors.items()]
    text = f"{change}: {', '.join(parts)} test error ({errors['plain'].n} seeds)."
    rows = [
        {"network": f"{arch}-{SHALLOW}", "test error (%)": str(error)}
        for arch, error in errors.items()
    ]

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, (arch, error) in zip(panels, errors.items(), strict=True):
            draw_row_of_blocks(axes, colours[arch], out)
            axes.text(10.3, 0.5, f"{error.mean:.0f} %", va="center", fontsize=14)
            axes.set_title(f"{arch}-{SHALLOW}: its nine blocks and its test error")

    records = [record for members in twins.values() for record in members]
    return plots.figure_card(draw, text, text, rows, records, Layout(nrows=2))


def error_without(records: Sequence[Record], out: int) -> Stats:
    """Test error (%) of one network without a block, counted from 1; 0 for none."""
    if out:
        return mean_profile(records, "without_one")[out - 1]
    return mean_profile(records, "whole")[0]


def draw_row_of_blocks(axes: "Axes", colour: str, out: int) -> None:
    """Nine blocks in three stages, the one taken out empty."""
    from matplotlib.patches import Rectangle

    for number in range(1, blocks(SHALLOW) + 1):
        gap = 0.4 * ((number - 1) // STAGES)  # between stages
        face = "none" if number == out else colour
        axes.add_patch(Rectangle((number - 1 + gap, 0), 0.8, 1, facecolor=face, edgecolor=colour))
    axes.set(xlim=(-0.2, 12), ylim=(-0.2, 1.2))
    axes.set_axis_off()


def frames_of_lesions(records: Sequence[Record]) -> dict[str, FigureCard]:
    """One frame per network: what each of its blocks costs when it is missing."""
    return {name: lesions(name, members) for name, members in networks(records).items()}


def lesions(name: str, records: Sequence[Record]) -> FigureCard:
    """Test error of one network without each block: bars for the mean, points for the seeds."""
    base = mean_profile(records, "whole")[0]
    errors = mean_profile(records, "without_one")
    places = range(1, len(errors) + 1)
    rest = [error.mean for error in errors[1:]]

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        rises = [error.mean - base.mean for error in errors]
        colour = colours[records[0].arch]
        axes.bar(places, rises, bottom=base.mean, color=colour, width=0.7, alpha=0.8)
        for record in records:
            axes.scatter(places, record.profile("without_one"), s=5, color=colours["ink"])
        axes.axhline(base.mean, color=colours["ink"], lw=1)
        for stage in range(1, STAGES):
            plots.reference_line(axes, colours, stage * len(errors) / STAGES + 0.5)
        axes.set_ylim(*ERROR_RANGE)
        axes.set_xlabel("block taken out (dotted: next stage)")
        axes.set_title("test error (%); line: nothing taken out")

    rows = [
        {"block out": place, "error (%)": error.mean, "std": error.std}
        for place, error in zip(places, errors, strict=True)
    ]
    alt = (
        f"{name}: {base.mean:.0f} % error whole; without its first block {errors[0].mean:.0f} %, "
        f"without one of the others {min(rest):.0f} to {max(rest):.0f} %."
    )
    caption = f"{name}: whole {base} %. Bars: mean over {base.n} seeds; points: each seed."
    return plots.figure_card(draw, alt, caption, rows, records)


def several_at_once(records: Sequence[Record], caption: str = SEVERAL) -> FigureCard:
    """Test error with blocks taken out, and with pairs swapped, against how many."""
    depths = sorted({record.depth for record in records})

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, change in zip(panels, ("without", "swapped"), strict=True):
            for name, members in networks(records).items():
                means = [*mean_profile(members, "whole"), *mean_profile(members, change)]
                counts = [NONE_CHANGED, *CHANGES][: len(means)]
                first = members[0]
                axes.plot(
                    counts,
                    [mean.mean for mean in means],
                    color=colours[first.arch],
                    marker=plots.MARKERS[first.arch],
                    markersize=4,
                    alpha=plots.opacity(first.depth, depths),
                    label=name,
                )
            axes.set_xscale("log")
            axes.set_xticks([NONE_CHANGED, *CHANGES], ["0", *map(str, CHANGES)])
            axes.minorticks_off()
        panels[0].set(title="test error (%)", xlabel="blocks taken out")
        panels[1].set(title="test error (%)", xlabel="pairs swapped")
        panels[0].legend(fontsize=7, loc="lower right")

    rows = changes_table(records)
    alt = "; ".join(_four_changes(rows))
    layout = Layout(ncols=2, sharey=True)
    return plots.figure_card(
        draw, f"Test error with four changes: {alt}.", caption, rows, records, layout
    )


def _four_changes(rows: Sequence[dict[str, object]]) -> list[str]:
    return [
        f"{row['network']} {row['out (%)']:.0f} % with four blocks out, "
        f"{row['swapped (%)']:.0f} % with four pairs swapped"
        for row in rows
        if row["changes"] == 4
    ]


def frames_of_gradients(records: Sequence[Record]) -> dict[str, FigureCard]:
    """One frame per residual network: the gradient by path length, beside the count of paths."""
    residual = networks(select(records, arch="residual"))
    return {f"{members[0].depth} layers": gradient(members) for members in residual.values()}


def gradient(records: Sequence[Record]) -> FigureCard:
    """Shares of the gradient of one network by path length, trained and, where probed, before."""
    depth = records[0].depth
    trained = [share.mean for share in mean_profile(records, "gradient_share")]
    probed = before_training(records)
    untrained = (
        [share.mean for share in mean_profile(probed, "gradient_share", 0)] if probed else []
    )
    lengths = range(len(trained))
    of_paths = [math.comb(blocks(depth), length) / 2 ** blocks(depth) for length in lengths]

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        axes.bar(lengths, trained, color=colours["residual"], label="gradient, trained")
        if untrained:
            draw_untrained(axes, colours, lengths, untrained)
        axes.plot(lengths, of_paths, color=colours["ink"], marker=".", lw=1, label="paths")
        axes.set(title="share of all paths and of the gradient", xlabel="branches on the path")
        axes.legend()

    text = (
        f"residual-{depth}: a path passes {blocks(depth) / 2:g} of {blocks(depth)} branches on "
        f"average, the gradient of the trained network {mean_length(trained):.1f}"
    )
    if untrained:
        text += f", that of the untrained one {mean_length(untrained):.1f}"
    rows: list[dict[str, object]] = []
    for length in lengths:
        row: dict[str, object] = {"branches": length, "gradient, trained": trained[length]}
        if untrained:
            row["gradient, untrained"] = untrained[length]
        rows.append(row | {"paths": of_paths[length]})
    return plots.figure_card(draw, f"{text}.", f"{text}.", rows, records)


def draw_untrained(axes: "Axes", colours: Colours, x: Sequence[float], y: Sequence[float]) -> None:
    """What residual networks do before training: their colour, broken and hollow."""
    axes.plot(
        x,
        y,
        color=colours["residual"],
        linestyle="--",
        marker="o",
        markerfacecolor="none",
        label="gradient, untrained",
    )


def path_lengths(
    records: Sequence[Record], untrained: dict[int, float], caption: str = PATHS
) -> FigureCard:
    """Mean path against blocks: all paths, the gradient before and after training, the logarithm.

    `untrained`: depth -> mean path before training measured by the page itself, one network each;
    recorded networks are shown as well where there are any.
    """
    after = mean_paths(records)
    before = mean_paths(records, iteration=0)
    sizes = [blocks(depth) for depth in after]

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        axes.plot(sizes, [size / 2 for size in sizes], ":", color=colours["ink"], label="all paths")
        at_first = [before[d].mean if d in before else untrained[d] for d in after]
        draw_untrained(axes, colours, sizes, at_first)
        axes.plot(
            sizes,
            [mean_path_by_sizes(depth) for depth in after],
            "-.",
            color=colours["ink"],
            label="Σ 1/(1+k)",
        )
        axes.plot(
            sizes,
            [stats.mean for stats in after.values()],
            "o-",
            color=colours["residual"],
            label="gradient, trained",
        )
        axes.set(xlabel="blocks", title="branches on the mean path")
        axes.set_xticks(sizes)
        axes.legend()

    rows = paths_table(records, untrained)
    parts = [f"{depth} layers trained {stats.mean:.1f}" for depth, stats in after.items()]
    alt = f"Branches on the mean path of the gradient: {', '.join(parts)}."
    chosen = select(records, arch="residual")
    return plots.figure_card(draw, alt, caption, rows, chosen)
