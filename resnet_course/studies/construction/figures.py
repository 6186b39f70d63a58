"""The chapter's figures, from records."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, counted, grouped, over_seeds, select, summarise, table
from .analysis import BY, HISTORIES, history, members, steps, summary
from .configs import DEEP, GENTLE, SHALLOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLES = {"train_error": "training error (%)", "test_error": "test error (%)"}
BLOCKS = 3  # of each stage of plain-20
OFFSET = 0.1  # of rows, so that marks of two architectures do not hide each other


def by_history(records: Sequence[Record], caption: str = "") -> FigureCard:
    """Training and test error at the end, one row per history: mean, and every seed a mark."""
    known = {history(record) for record in records}
    ways = [name for key, name in HISTORIES.items() if key in known]
    archs = sorted({record.arch for record in records})

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, (metric, title) in zip(panels, TITLES.items(), strict=True):
            for arch in archs:
                offset = -OFFSET if arch == archs[0] else OFFSET
                _draw_rows(axes, colours, records, arch, ways, metric, offset)
            axes.set_yticks(range(len(ways)), ways)
            axes.set_title(title)
        panels[0].set_ylim(len(ways) - 0.5, -0.5)
        figure = panels[0].get_figure()
        assert figure is not None
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(archs))

    rows = table(records, by=BY)
    layout = Layout(ncols=2, sharex=True, sharey=True)
    return plots.figure_card(draw, summary(records), caption, rows, records, layout)


def _draw_rows(
    axes: "Axes",
    colours: Colours,
    records: Sequence[Record],
    arch: str,
    ways: Sequence[str],
    metric: str,
    offset: float,
) -> None:
    means, rows = [], []
    for row, way in enumerate(ways):
        errors = [record.final[metric] for record in members(records, arch, way)]
        if errors:
            plots.seeds(axes, errors, [row + offset] * len(errors), colours[arch])
            means.append(summarise(errors).mean)
            rows.append(row + offset)
    axes.plot(means, rows, plots.MARKERS[arch], color=colours[arch], label=arch)


def curves(
    records: Sequence[Record], first: Sequence[Record], arch: str, caption: str = ""
) -> FigureCard:
    """Training error while training, mean over seeds.

    Args:
        records: Of this study.
        first: The shallow networks' own first runs, of the study of degradation.
        arch: Whose networks are shown.
        caption: Of the figure.
    """
    mine = select(records, arch=arch)
    before = select(first, arch=arch, depth=SHALLOW, variant="")

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        for runs in grouped(mine, by=BY).values():
            _draw_curve(axes, colours[arch], runs, HISTORIES[history(runs[0])])
        _draw_curve(axes, colours[arch], before, f"{SHALLOW}, its first steps")
        axes.set_title(f"{arch} networks: training error (%)")
        axes.set_xlabel("iteration, the shallow network's own included")
        figure = axes.get_figure()
        assert figure is not None
        figure.legend(loc="outside lower center", ncols=2, fontsize=8)

    rows = table(mine, ("train_error",), BY)
    layout = Layout(height=4.2)
    return plots.figure_card(draw, summary(mine), caption, rows, [*before, *mine], layout)


def _draw_curve(axes: "Axes", colour: str, runs: Sequence[Record], label: str) -> None:
    errors = [run.curves["train_error"] for run in runs]
    axes.plot(
        steps(runs[0]),
        [fmean(at) for at in zip(*errors, strict=True)],
        color=colour,
        alpha=1.0 if runs[0].depth == DEEP else 0.5,
        linestyle="--" if runs[0].label == GENTLE else "-",
        linewidth=1.8 if runs[0].start_depth else 2.8,
        label=label,
    )


def copies_beside_scratch(degraded: Sequence[Record], caption: str = "") -> FigureCard:
    """Test error of plain networks trained from scratch, and of copies of plain-20, by depth.

    Args:
        degraded: Plain networks of the study of degradation.
        caption: Of the figure.
    """
    plain = [record for record in select(degraded, arch="plain") if record.depth >= SHALLOW]
    errors = {depth: stats.mean for (_, depth), stats in over_seeds(plain, "test_error").items()}
    depths = sorted(errors)
    copied = errors[SHALLOW]

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        plots.error_against_depth(axes, colours, plain, "test_error")
        copies = [copied] * len(depths)
        axes.plot(depths, copies, "D--", color=colours["ink"], label="plain-20 and identities")
        axes.set_title("test error (%)")
        axes.legend()

    ends = [f"{depth} layers {errors[depth]:.1f} %" for depth in depths]
    alt = (
        f"Test error from scratch: {', '.join(ends)}. A copy of plain-{SHALLOW} deepened by "
        f"identities keeps its {copied:.1f} % at every depth."
    )
    return plots.figure_card(draw, alt, caption, table(plain), plain)


def grafted(
    counts: Sequence[int],
    depth: int,
    error: float,
    is_equal: bool,
    scratch: Mapping[int, float],
) -> FigureCard:
    """A plain-20 with blocks grafted into it, beside plain networks trained from scratch.

    Args:
        counts: Grafted blocks of each stage, before its last block.
        depth: Of the grafted network.
        error: Its test error in percent.
        is_equal: Whether its logits are those of plain-20, to the last bit.
        scratch: Depth -> test error of a plain network trained from scratch.
    """

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        _draw_blocks(panels[0], colours, counts)
        axes = panels[1]
        style = {"color": colours["plain"], "alpha": 0.5}
        axes.plot(list(scratch), list(scratch.values()), "s-", label="from scratch", **style)
        axes.plot(depth, error, "D", color=colours["ink"], label="grafted")
        plots.depth_axis(axes, list(scratch))
        axes.set(xlim=(18, 160), ylim=(40, 95), title="test error (%)")
        axes.legend()

    words = "equal to plain-20's to the last bit" if is_equal else "different from plain-20's"
    sentence = (
        f"{counted(sum(counts), 'grafted block')}, {depth} layers: {error:.1f} % test error, "
        f"logits {words}."
    )
    if sum(counts) and depth in scratch:
        sentence += f" Plain-{depth} trained from scratch: {scratch[depth]:.1f} %."
    rows = [{"grafted blocks": sum(counts), "depth": depth, "test error (%)": error}]
    layout = Layout(nrows=2, height_ratios=(2, 3))
    return plots.figure_card(draw, sentence, sentence, rows, layout=layout)


def _draw_blocks(axes: "Axes", colours: Colours, counts: Sequence[int]) -> None:
    """Each stage a row of blocks, those of plain-20 filled, the grafted ones outlined."""
    from matplotlib.patches import Rectangle

    for stage, count in enumerate(counts):
        for place in range(BLOCKS + count):
            is_grafted = BLOCKS - 1 <= place < BLOCKS - 1 + count
            face = "none" if is_grafted else colours["plain"]
            corner = (place, 2.15 - stage)
            square = Rectangle(corner, 0.7, 0.7, edgecolor=colours["plain"], facecolor=face)
            axes.add_patch(square)
    axes.set(xlim=(-0.3, 18), ylim=(0, 3), xticks=[])
    axes.set_yticks((2.5, 1.5, 0.5), ("stage 1", "stage 2", "stage 3"))
    axes.set_title("trained blocks (filled) and grafted ones (outlined)")
    axes.spines[:].set_visible(False)
    axes.grid(False)
