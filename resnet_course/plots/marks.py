"""Marks that several figures share: a mean with its seeds around it, curves, rows by name."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from ..records.aggregate import grouped, over_seeds
from ..records.schema import Record
from .style import MARKERS, Colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SEED_SIZE = 9  # points squared
SEED_OPACITY = 0.5


def seeds(axes: "Axes", x: Sequence[float], y: Sequence[float], colour: str) -> None:
    """Every seed a small mark."""
    axes.scatter(x, y, s=SEED_SIZE, color=colour, alpha=SEED_OPACITY)


def depth_axis(axes: "Axes", depths: Sequence[int]) -> None:
    """Depth on a logarithmic axis, with a tick at each depth there is."""
    axes.set(xscale="log", xlabel="depth (weighted layers)")
    axes.set_xticks(depths, [str(depth) for depth in depths])
    axes.minorticks_off()


def error_against_depth(
    axes: "Axes", colours: Colours, records: Sequence[Record], metric: str
) -> None:
    """Final `metric` against depth, one line per architecture: mean, and every seed a mark."""
    means = over_seeds(records, metric)
    for (arch,), members in grouped(records, by=("arch",)).items():
        arch = str(arch)
        depths = sorted({record.depth for record in members})
        axes.plot(
            depths,
            [means[arch, depth].mean for depth in depths],
            color=colours[arch],
            marker=MARKERS[arch],
            label=arch,
        )
        errors = [record.final[metric] for record in members]
        seeds(axes, [record.depth for record in members], errors, colours[arch])
    depth_axis(axes, sorted({record.depth for record in records}))


def values_by_name(axes: "Axes", colour: str, values: Mapping[str, Sequence[float]]) -> None:
    """One row per name, from the top down: every value (a seed) small, their mean large."""
    for row, of_seeds in enumerate(values.values()):
        seeds(axes, of_seeds, [row] * len(of_seeds), colour)
        axes.plot(fmean(of_seeds), row, "o", color=colour)
    axes.set_yticks(range(len(values)), list(values))
    axes.set_ylim(len(values) - 0.5, -0.5)


def reference_line(axes: "Axes", colours: Colours, x: float) -> None:
    """A dotted vertical line at a value that others are compared with."""
    axes.axvline(x, color=colours["ink"], linewidth=0.8, linestyle=":")


def opacity(depth: int, depths: Sequence[int]) -> float:
    """Opacity of a network's line among networks of several depths: the deeper, the stronger."""
    return 0.35 + 0.65 * (sorted(depths).index(depth) + 1) / len(depths)


def training_curves(
    axes: "Axes", colours: Colours, records: Sequence[Record], metric: str = "train_error"
) -> None:
    """`metric` of each run over its iterations; the deeper the network, the stronger its line."""
    depths = sorted({record.depth for record in records})
    for members in grouped(records).values():
        first = members[0]
        for record in members:
            axes.plot(
                record.curves["iteration"],
                record.curves[metric],
                color=colours[record.arch],
                alpha=opacity(record.depth, depths),
                label=record.network if record is first else None,
            )
    axes.set_xlabel("iteration")
    axes.legend()
