"""The chapter's figures, from records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, summarise, table
from .analysis import BY, HISTORIES, history, members, summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLES = {"train_error": "training error (%)", "test_error": "test error (%)"}
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
