"""The chapter's figures, from records."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, counted, grouped, over_seeds, select, summarise, table
from .analysis import BY, HISTORIES, history, members, steps, summary
from .configs import DEEP, GENTLE, SHALLOW
from .grafts import Graft

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLES = {"train_error": "training error (%)", "test_error": "test error (%)"}
BLOCKS = 3  # of each stage of plain-20
BY_HISTORY = (
    "Error after the last step: mean over seeds, each seed a small mark. Which rows would coincide "
    "if training found whatever can be represented?"
)
CURVES = (
    "Training error of {arch} networks while training, on cropped and flipped images, mean over "
    "seeds. Where the shallow network's first steps end, it is trained on, as it is or deepened."
)
COPIES = (
    "Plain networks trained from scratch (mean over seeds, each seed a small mark), and plain-20 "
    "with blocks added that do nothing. Which of the two lines is about what a network can do?"
)
OFFSET = 0.1  # of rows, so that marks of two architectures do not hide each other


def by_history(records: Sequence[Record], caption: str = BY_HISTORY) -> FigureCard:
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
    means: list[float] = []
    rows: list[float] = []
    for row, way in enumerate(ways):
        errors = [record.final[metric] for record in members(records, arch, way)]
        if errors:
            plots.seeds(axes, errors, [row + offset] * len(errors), colours[arch])
            means.append(summarise(errors).mean)
            rows.append(row + offset)
    axes.plot(means, rows, plots.MARKERS[arch], color=colours[arch], label=arch)


def curves_by_arch(records: Sequence[Record], first: Sequence[Record]) -> dict[str, FigureCard]:
    """One frame per architecture: training error while training; see `curves`."""
    archs = sorted({record.arch for record in records})
    return {arch: curves(records, first, arch) for arch in archs}


def curves(records: Sequence[Record], first: Sequence[Record], arch: str) -> FigureCard:
    """Training error of an architecture while training, mean over seeds.

    Args:
        records: Of this study.
        first: The shallow networks' own first runs, of the study of degradation.
        arch: Whose networks are shown.
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
    caption = CURVES.format(arch=arch)
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


def copies_beside_scratch(degraded: Sequence[Record], caption: str = COPIES) -> FigureCard:
    """Test error of plain networks trained from scratch, and of copies of plain-20, by depth.

    `degraded`: plain networks of the study of degradation.
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


def grafted(grafts: Sequence[Graft], scratch: Mapping[int, float]) -> dict[str, FigureCard]:
    """One frame per copy of plain-20, beside plain networks trained from scratch.

    Args:
        grafts: The copies.
        scratch: Depth -> test error (percent) of a plain network trained from scratch.
    """
    return {f"{graft.depth} layers": _graft_card(graft, scratch) for graft in grafts}


def _graft_card(graft: Graft, scratch: Mapping[int, float]) -> FigureCard:
    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        _draw_blocks(panels[0], colours, graft.counts)
        axes = panels[1]
        depths, errors = list(scratch), list(scratch.values())
        colour = colours["plain"]
        axes.plot(depths, errors, "s-", label="from scratch", color=colour, alpha=0.5)
        axes.plot(graft.depth, graft.error, "D", color=colours["ink"], label="grafted")
        plots.depth_axis(axes, depths)
        axes.set(xlim=(18, 180), ylim=(40, 95), title="test error (%)")
        axes.legend(loc="lower right", ncols=2)

    sentence = _sentence(graft, scratch)
    number = sum(graft.counts)
    rows = [{"grafted blocks": number, "depth": graft.depth, "test error (%)": graft.error}]
    layout = Layout(nrows=2, height_ratios=(2, 3))
    return plots.figure_card(draw, sentence, sentence, rows, layout=layout)


def _sentence(graft: Graft, scratch: Mapping[int, float]) -> str:
    words = "equal to" if graft.is_equal else "different from"
    sentence = (
        f"{counted(sum(graft.counts), 'grafted block')}, {graft.depth} layers: {graft.error:.1f} % "
        f"test error, logits {words} plain-20's to the last bit."
    )
    if sum(graft.counts) and graft.depth in scratch:
        from_scratch = scratch[graft.depth]
        sentence += f" Plain-{graft.depth} trained from scratch: {from_scratch:.1f} %."
    return sentence


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
