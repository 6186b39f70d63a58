"""The chapter's figures, from records and from what a page measures itself."""

from collections.abc import Mapping, Sequence
from statistics import fmean, geometric_mean
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, RecordError, mean_profile
from . import analysis
from .measures import clipped, imbalance, kind, looks, members, over_kinds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of each kind of network: the architecture whose colour it has, and how its line is drawn.
LOOKS = {
    "plain without batch norm": ("plain", ":"),
    "plain": ("plain", "-"),
    "residual": ("residual", "-"),
    "plain without batch norm, rescaled": ("plain", "-."),
}
THE_THREE = ("plain without batch norm", "plain", "residual")
# Kind -> what the opening figure calls it, which must not tell in what way gradients go wrong.
CLIPPED_AND_NOT = {
    "plain": "plain",
    clipped("plain"): "plain, in proportion",
    "residual": "residual",
    clipped("residual"): "residual, in proportion",
}
RELATIVE_RANGE = (1e-6, 1e2)  # alike in all frames of the slider
EVERY = 9  # layers, of which the table under a figure names one
ENDS = (
    'Training error after the last step: mean over seeds, each seed a small mark. "In proportion": '
    "the gradient of each layer is kept in proportion to its weights. If the size of the gradients "
    "were the cause, where would the plain networks with such gradients have to be?"
)
IMBALANCE = (
    "Gradient norm of the first convolution over that of the last, as a power of ten: mean over "
    "seeds, each seed a small mark. What happened between the two panels?"
)
PROFILES = (
    "Norm of each layer's gradient before training, this page's own run. Read it from right to "
    "left, the way backpropagation goes. What is the slope of a straight line on this scale?"
)
SHATTERING = (
    "Correlation between the gradients by the input at two points of a line between two images, "
    "against their distance (a sixty-third of the line each), untrained networks, mean over seeds. "
    "How far does a gradient reach?"
)
# (kind, depth) -> norm of the gradient of each layer
Profiles = Mapping[tuple[str, int], Sequence[float]]


def ends_of_twins(
    records: Sequence[Record], caption: str = ENDS, depths: Sequence[int] = (56, 110)
) -> FigureCard:
    """Training error after the last step of twins, clipped and not, one panel per depth.

    Raises RecordError where there are no twins of a depth.
    """
    errors = {depth: _errors(records, depth) for depth in depths}

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, depth in zip(panels, depths, strict=True):
            plots.values_by_name(axes, colours["ink"], errors[depth])
            axes.set(title=f"{depth} layers", xlabel="training error (%)")

    rows = []
    for depth, by_name in errors.items():
        for name, values in by_name.items():
            row = {"depth": depth, "network": name, "training error (%)": fmean(values)}
            rows.append(row | {"seeds": len(values)})
    ends = [f"{row['network']} {row['training error (%)']:.1f} %" for row in rows]
    alt = f"Training error after the last step, {depths[0]} layers first: {'; '.join(ends)}."
    shown = [r for r in records if r.depth in depths and kind(r) in CLIPPED_AND_NOT]
    layout = Layout(ncols=len(depths), sharex=True, sharey=True, height=2.6)
    return plots.figure_card(draw, alt, caption, rows, shown, layout)


def _errors(records: Sequence[Record], depth: int) -> dict[str, list[float]]:
    errors = {}
    for name, shown_as in CLIPPED_AND_NOT.items():
        runs = members(records, name, depth)
        if runs:
            errors[shown_as] = [record.final["train_error"] for record in runs]
    if not errors:
        raise RecordError(f"there are no twins of {depth} layers among these records")
    return errors


def imbalance_by_depth(
    records: Sequence[Record], caption: str = IMBALANCE, kinds: Sequence[str] = THE_THREE
) -> FigureCard:
    """First over last gradient against depth, before training and after it."""
    shown = [record for record in records if kind(record) in kinds]
    iterations = (looks(shown)[0], looks(shown)[-1])
    depths = sorted({record.depth for record in shown})

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, iteration in zip(panels, iterations, strict=True):
            for name in kinds:
                _draw_imbalance(axes, colours, shown, name, iteration)
            axes.set_title(f"after {iteration} steps" if iteration else "untrained")
            plots.depth_axis(axes, depths)
        panels[0].set_ylabel("first / last, power of ten")
        panels[0].legend(fontsize=7)

    rows = []
    for iteration in iterations:
        for (name, depth), stats in over_kinds(shown, imbalance, iteration).items():
            row = {"network": name, "depth": depth, "iteration": iteration}
            rows.append(row | {"power of ten": str(stats), "seeds": stats.n})
    layout = Layout(ncols=2, sharey=True)
    return plots.figure_card(draw, analysis.summary(shown), caption, rows, shown, layout)


def _draw_imbalance(
    axes: "Axes", colours: Colours, records: Sequence[Record], name: str, iteration: int
) -> None:
    arch, line = LOOKS[name]
    runs = [record for record in records if kind(record) == name]
    values = [imbalance(record, iteration) for record in runs]
    plots.seeds(axes, [record.depth for record in runs], values, colours[arch])
    means = over_kinds(runs, imbalance, iteration)
    depths = [depth for _, depth in means]
    axes.plot(
        depths,
        [stats.mean for stats in means.values()],
        line,
        color=colours[arch],
        marker=plots.MARKERS[arch],
        label=name,
    )


def gradient_profiles(
    profiles: Profiles, caption: str = PROFILES, title: str = "norm of the gradient, untrained"
) -> FigureCard:
    """Gradient of each layer along the network, of what a page measured itself."""
    depths = sorted({depth for _, depth in profiles})

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        for (name, depth), values in profiles.items():
            arch, line = LOOKS[name]
            places = [number / (len(values) - 1) for number in range(len(values))]
            axes.plot(
                places,
                values,
                line,
                color=colours[arch],
                alpha=plots.opacity(depth, depths),
                label=f"{name}-{depth}",
            )
        axes.set(yscale="log", title=title)
        axes.set_xlabel("position in the network, first layer to last")
        axes.legend(ncols=2, fontsize=8)

    rows = []
    for (name, depth), values in profiles.items():
        for place in (0, len(values) // 3, 2 * len(values) // 3, len(values) - 1):
            row = {"network": f"{name}-{depth}", "layer": place + 1}
            rows.append(row | {"gradient norm": values[place]})
    sides = [f"{n}-{d} {v[0]:.2g} and {v[-1]:.2g}" for (n, d), v in profiles.items()]
    alt = f"Gradient of the first layer and of the last convolution: {'; '.join(sides)}."
    return plots.figure_card(draw, alt, caption, rows)


def relative_gradients(records: Sequence[Record], depth: int = 56) -> dict[str, FigureCard]:
    """One frame per look: gradient over weights of each layer, geometric mean over seeds."""
    frames = {}
    shown = [r for r in records if r.depth == depth and kind(r) in THE_THREE]
    for iteration in looks(shown):
        profiles = {}
        for name in THE_THREE:
            profiles[name] = _relative(members(shown, name, depth), iteration)
        firsts = "; ".join(f"{name} {values[0]:.1g}" for name, values in profiles.items())
        frames[f"{iteration} steps"] = plots.figure_card(
            _draw_relative(profiles),
            alt=f"Relative gradient of the first layer after {iteration} steps: {firsts}.",
            caption=f"After {iteration} steps, {depth} layers, geometric mean over seeds. "
            f"First layer: {firsts}.",
            rows=_relative_rows(profiles),
            records=shown,
        )
    return frames


def _relative(runs: Sequence[Record], iteration: int) -> list[float]:
    """Of each convolution; the head is left out."""
    profiles = [run.profile("relative_gradient", iteration)[:-1] for run in runs]
    return [geometric_mean(layer) for layer in zip(*profiles, strict=True)]


def _draw_relative(profiles: Mapping[str, Sequence[float]]) -> plots.Draw:
    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        for name, values in profiles.items():
            arch, line = LOOKS[name]
            axes.plot(range(1, len(values) + 1), values, line, color=colours[arch], label=name)
        axes.set(yscale="log", ylim=RELATIVE_RANGE)
        axes.set_title("norm of the gradient / norm of the weights")
        axes.set_xlabel("convolution, first to last")
        axes.legend(fontsize=8)

    return draw


def _relative_rows(profiles: Mapping[str, Sequence[float]]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, values in profiles.items():
        for place in range(0, len(values), EVERY):
            row: dict[str, object] = {"network": name, "layer": place + 1}
            rows.append(row | {"relative gradient": values[place]})
    return rows


def shattering(
    records: Sequence[Record], caption: str = SHATTERING, iteration: int = 0
) -> FigureCard:
    """How the gradient by the input forgets itself along a line between images, by depth."""
    shown = [record for record in records if kind(record) in THE_THREE]
    depths = sorted({record.depth for record in shown})
    curves = {}
    for depth in depths:
        for name in THE_THREE:
            runs = members(shown, name, depth)
            profile = mean_profile(runs, "autocorrelation", iteration)
            curves[name, depth] = [stats.mean for stats in profile]

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, depth in zip(panels, depths, strict=True):
            for name in THE_THREE:
                arch, line = LOOKS[name]
                axes.plot(curves[name, depth], line, color=colours[arch], label=name)
            axes.set(title=f"{depth} layers", xlabel="lag (points)")
        panels[0].set_ylabel("autocorrelation")
        figure = panels[0].get_figure()
        assert figure is not None
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8)

    rows = []
    for (name, depth), values in curves.items():
        for lag in (1, 4, 16):
            rows.append({"network": f"{name}-{depth}", "lag": lag, "autocorrelation": values[lag]})
    neighbours = [f"{name}-{depth} {values[1]:.2f}" for (name, depth), values in curves.items()]
    alt = f"Autocorrelation of neighbours, untrained networks: {'; '.join(neighbours)}."
    layout = Layout(ncols=len(depths), sharey=True)
    return plots.figure_card(draw, alt, caption, rows, shown, layout)
