"""The chapter's figures, from records and from slices that the page cuts itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, select
from . import analysis
from .analysis import STATISTICS, TITLES, Spread, Statistics
from .configs import AXIS, DISTANCES, RATES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

SHARE_RANGE = (-0.55, 1.2)  # of a promise; what falls further is drawn at the lower end
LOWEST_SHARE = -0.5
CONTOURS = 7  # lines on a plane
COLOUR_RANGE = {"batch": (1.2, 5.0), "running": (1.0, 1e5)}  # nats, alike in all frames
COLOUR_TICKS = {"batch": (1.5, 2, 3, 4), "running": (1, 100, 10_000)}
SLICES = (
    "Training loss along random directions around trained weights: median over directions and "
    "seeds, and the middle half of them. Note the logarithmic axis wherever running statistics "
    "were used. In which panel is flat good news?"
)
OWN_SLICES = (
    "One direction through four trained networks, this page's own run: on the left with the "
    "batch's statistics, on the right, on a logarithmic axis, with the running ones. The weights "
    "are the same. Which picture would you publish?"
)
GROWTH = (
    "Standard deviation of each batch norm's output with running statistics, weights displaced by "
    "their own length, as a multiple of that at rest. A straight line on this axis is a factor in "
    "every layer."
)
PROMISES = (
    "One step downhill from the initial weights: gain as a share of what the gradient promises, "
    "mean over seeds; 1 is a promise kept, below 0 the loss rises (cut off at −0.5). How small "
    "would the step of plain-110 have to be?"
)
Slices = Mapping[Statistics, Sequence[float]]  # loss (nats) at each of DISTANCES


def by_depth(records: Sequence[Record]) -> FigureCard:
    """Loss along random directions around trained weights: a row per statistics, a panel per depth.

    Median over directions and seeds, and the middle half of them. Only the kinds of statistics
    that the records keep are drawn.
    """
    kinds = [kind for kind in STATISTICS if kind == "batch" or analysis.has_running(records)]
    depths = sorted({record.depth for record in records})

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        left = iter(panels)
        for kind in kinds:
            for depth in depths:
                axes = next(left)
                draw_slices(axes, colours, select(records, depth=depth), kind)
                axes.set_title(f"{depth} layers", fontsize=9)
        for number, kind in enumerate(kinds):
            panels[number * len(depths)].set_ylabel(f"loss (nats)\n{TITLES[kind]}", fontsize=8)
        for axes in panels[-len(depths) :]:
            axes.set_xlabel("distance")
        for number in range(len(kinds)):
            share_scale(panels[number * len(depths) : (number + 1) * len(depths)])
        panels[0].legend(fontsize=7)

    layout = Layout(len(kinds), len(depths), sharex=True, height=2.6 * len(kinds))
    rows = rows_of_slices(records, kinds)
    return plots.figure_card(draw, analysis.summary(records), SLICES, rows, records, layout)


def draw_slices(
    axes: Axes, colours: Colours, records: Sequence[Record], statistics: Statistics
) -> None:
    """One panel: each network's slice, on a logarithmic axis with running statistics."""
    kept = [r for r in records if r.iterations(analysis.quantity("loss", statistics))]
    for (arch, _), members in analysis.by_network(kept).items() if kept else ():
        line = analysis.slices(members, statistics)
        colour = colours[arch]
        axes.plot(DISTANCES, [at.median for at in line], color=colour, label=arch)
        lows, highs = [at.low for at in line], [at.high for at in line]
        axes.fill_between(DISTANCES, lows, highs, color=colour, alpha=0.25, linewidth=0)
    if statistics == "running":
        axes.set_yscale("log")


def share_scale(row: Sequence[Axes]) -> None:
    """One vertical scale for the panels of a row; its numbers stand at the first."""
    limits = [axes.get_ylim() for axes in row]
    for axes in row:
        axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
    for axes in row[1:]:
        axes.tick_params(labelleft=False, which="both")


def rows_of_slices(
    records: Sequence[Record], kinds: Sequence[Statistics]
) -> list[dict[str, object]]:
    """One row per distance: the median loss of each network with each kind of statistics."""
    columns: dict[str, Sequence[Spread]] = {}
    for kind in kinds:
        kept = analysis.having(records, "loss", kind)
        for (arch, depth), members in analysis.by_network(kept).items():
            columns[f"{arch}-{depth}, {kind}"] = analysis.slices(members, kind)
    rows = []
    for place, distance in enumerate(DISTANCES):
        row: dict[str, object] = {"distance": distance}
        row |= {name: line[place].median for name, line in columns.items()}
        rows.append(row)
    return rows


def both_statistics(slices: Mapping[str, Slices]) -> FigureCard:
    """Slices that the page has cut itself, with the batch's statistics and with the running ones.

    Args:
        slices: Network, "plain-56", -> kind of statistics -> loss at each of DISTANCES.
    """

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        for axes, kind in zip(panels, STATISTICS, strict=True):
            for name, lines in slices.items():
                arch, _, depth = name.partition("-")
                strength = plots.opacity(int(depth), depths)
                axes.plot(DISTANCES, lines[kind], color=colours[arch], alpha=strength, label=name)
            axes.set(title=TITLES[kind], xlabel="distance along the direction")
        panels[0].set_ylabel("training loss (nats)")
        panels[1].set_yscale("log")
        panels[0].legend(fontsize=8)

    depths = sorted({int(name.partition("-")[2]) for name in slices})
    ends = {kind: _highest_ends(slices, kind) for kind in STATISTICS}
    alt = f"Loss at distance 1, higher side: batch {ends['batch']}; running {ends['running']}."
    rows = _rows_of_lines(slices)
    return plots.figure_card(draw, alt, OWN_SLICES, rows, layout=Layout(ncols=2))


def _highest_ends(slices: Mapping[str, Slices], kind: Statistics) -> str:
    ends = [f"{name} {max(at[kind][0], at[kind][-1]):.3g}" for name, at in slices.items()]
    return ", ".join(ends)


def _rows_of_lines(slices: Mapping[str, Slices]) -> list[dict[str, object]]:
    rows = []
    for place, distance in enumerate(DISTANCES):
        row: dict[str, object] = {"distance": distance}
        for name, lines in slices.items():
            row |= {f"{name}, {kind}": lines[kind][place] for kind in STATISTICS}
        rows.append(row)
    return rows


def growth_by_layer(growth: Mapping[str, Sequence[float]]) -> FigureCard:
    """How much larger each layer's output is in a displaced network than in one at rest.

    Args:
        growth: Network, "plain-56", -> ratio of standard deviations, batch norm by batch norm.
    """

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        (axes,) = panels
        for name, ratios in growth.items():
            arch = name.partition("-")[0]
            axes.plot(range(1, len(ratios) + 1), ratios, color=colours[arch], label=name)
        axes.axhline(1, color=colours["ink"], linewidth=0.8, linestyle=":")
        axes.set(yscale="log", xlabel="layer", title="output, displaced by at rest")
        axes.legend()

    ends = [f"{name} {ratios[-1]:,.3g}" for name, ratios in growth.items()]
    alt = f"Last layer's output, displaced by at rest: {', '.join(ends)} times."
    places = range(min(len(ratios) for ratios in growth.values()))
    rows: list[dict[str, object]] = []
    for place in places:
        row: dict[str, object] = {"layer": place + 1}
        rows.append(row | {name: ratios[place] for name, ratios in growth.items()})
    return plots.figure_card(draw, alt, GROWTH, rows)


def planes(records: Sequence[Record]) -> dict[str, FigureCard]:
    """One frame per network whose record keeps a plane: the loss on it, a panel per statistics."""
    frames = {}
    for record in analysis.having(records, "surface", "batch"):
        frames[record.network] = plane(record)
    return frames


def plane(record: Record) -> FigureCard:
    """The loss (nats) on the plane of two random directions around one trained network."""
    kinds = [k for k in STATISTICS if record.iterations(analysis.quantity("surface", k))]
    heights = {kind: plane_of(record, kind) for kind in kinds}

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        for axes, kind in zip(panels, kinds, strict=True):
            draw_plane(axes, colours, heights[kind], kind)
        panels[0].set_ylabel("distance along direction 2")

    spans = [f"{TITLES[kind]} {_span(heights[kind])}" for kind in kinds]
    words = f"{record.network}: training loss (nats) on a plane; {', '.join(spans)}."
    layout = Layout(ncols=len(kinds), sharey=True, height=3.7)
    rows = _rows_of_plane(heights)
    return plots.figure_card(draw, words, words, rows, [record], layout)


def plane_of(record: Record, statistics: Statistics) -> list[Sequence[float]]:
    """The loss on the plane of a record, row by row."""
    flat = record.profile(analysis.quantity("surface", statistics))
    return [flat[i : i + len(AXIS)] for i in range(0, len(flat), len(AXIS))]


def draw_plane(
    axes: Axes, colours: Colours, heights: Sequence[Sequence[float]], statistics: Statistics
) -> None:
    """Colour on a scale that all networks share, contour lines between this plane's own extremes.

    A plane that is nearly flat has one colour, and its lines still say where it rises.
    """
    norm = _colour_scale(statistics)
    ink = colours["ink"]
    image = axes.imshow(
        heights,
        norm=norm,
        cmap="viridis_r",
        alpha=0.6,  # so that lines in the page's ink can be seen on it
        extent=(AXIS[0], AXIS[-1], AXIS[0], AXIS[-1]),
        origin="lower",
        interpolation="bilinear",
    )
    lines = axes.contour(AXIS, AXIS, heights, _levels(heights), colors=ink, linewidths=0.6)
    axes.clabel(lines, fontsize=6, fmt="%.3g")
    axes.plot(0, 0, "+", color=ink)
    axes.set(aspect="equal", title=TITLES[statistics], xlabel="distance along direction 1")
    axes.grid(False)
    bar = axes.figure.colorbar(image, ax=axes, orientation="horizontal", extend="both")
    ticks = COLOUR_TICKS[statistics]
    bar.set_ticks(list(ticks), labels=[f"{tick:,g}" for tick in ticks])
    bar.minorticks_off()
    bar.set_label("training loss (nats)", color=ink)


def _colour_scale(statistics: Statistics) -> Normalize:
    from matplotlib.colors import LogNorm

    low, high = COLOUR_RANGE[statistics]
    return LogNorm(low, high, clip=True)


def _levels(heights: Sequence[Sequence[float]]) -> list[float]:
    """Losses for contour lines: evenly spaced in their ratio between the plane's extremes."""
    flat = [height for row in heights for height in row]
    low, high = min(flat), max(flat)
    ratio = (high / low) ** (1 / (CONTOURS + 1))
    return [low * ratio**step for step in range(1, CONTOURS + 1)]


def _span(heights: Sequence[Sequence[float]]) -> str:
    flat = [height for row in heights for height in row]
    return f"{min(flat):.4g} to {max(flat):.4g}"


def _rows_of_plane(
    heights: Mapping[Statistics, Sequence[Sequence[float]]],
) -> list[dict[str, object]]:
    """Every third point of every other row."""
    rows: list[dict[str, object]] = []
    for kind, plane_rows in heights.items():
        for j in range(0, len(AXIS), 2):
            row: dict[str, object] = {"statistics": kind, "direction 2": AXIS[j]}
            for i in range(0, len(AXIS), 3):
                row[f"direction 1: {AXIS[i]:.2f}"] = plane_rows[j][i]
            rows.append(row)
    return rows


def promises(records: Sequence[Record]) -> FigureCard:
    """Share of the promised gain that one step downhill brings, untrained, against its rate."""
    shares = analysis.promises(records)
    depths = sorted({depth for _, depth in shares})

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        (axes,) = panels
        for (arch, depth), by_rate in shares.items():
            means = [max(LOWEST_SHARE, share.mean) for share in by_rate.values()]
            axes.plot(
                list(by_rate),
                means,
                color=colours[arch],
                marker=plots.MARKERS[arch],
                markersize=3,
                alpha=plots.opacity(depth, depths),
                label=f"{arch}-{depth}",
            )
        axes.set(xscale="log", ylim=SHARE_RANGE, xlabel="learning rate of the step")
        axes.set_title("share of the promised gain that one step brings")
        axes.legend(fontsize=8)

    rows: list[dict[str, object]] = []
    for (arch, depth), by_rate in shares.items():
        for rate in [rate for rate in RATES[::2] if rate in by_rate]:
            share = by_rate[rate]
            rows.append(
                {
                    "network": f"{arch}-{depth}",
                    "rate": rate,
                    "share": share.mean,
                    "standard deviation": share.std,
                }
            )
    alt = analysis.promises_at_training_rate(records)
    return plots.figure_card(draw, alt, PROMISES, rows, records)


def prediction(records: Sequence[Record]) -> plots.Prediction:
    """What to guess before looking: around which trained network the loss is flattest."""
    return plots.Prediction(
        key="loss-shape-sharpness",
        question="Which of these trained networks has the flattest surroundings?",
        options=(
            "plain, 20 layers",
            "residual, 20 layers",
            "plain, 110 layers",
            "residual, 110 layers",
            "it depends on whose statistics the batch norms use",
        ),
        comparison=analysis.sharpness_text(records),
    )
