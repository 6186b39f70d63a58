"""The chapter's figures, from records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout
from ...records import Record, select
from . import analysis
from .analysis import UNTRAINED, along_layers, average, by_network, residual_by_depth

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE_BY_SIDE = Layout(ncols=2, sharey=True)
RESPONSE_RANGE = (0.0, 2.0)  # alike in all frames of the slider
LINE_WIDTH = 1.2
BY_LAYER = (
    "Standard deviation of each layer's response after short training, mean over seeds. Where is "
    "the order of the paper's Fig. 7?"
)
RATIOS = (
    "Length of each branch beside its shortcut, from input to output: mean over seeds. Stages "
    "begin at one and two thirds."
)


def by_layer(records: Sequence[Record]) -> FigureCard:
    """He 2015, Fig. 7: responses after training, in the order of the layers and sorted."""

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        draw_responses(panels, colours, records)

    rows = analysis.table(records)
    alt = analysis.summary(records)
    return plots.figure_card(draw, alt, BY_LAYER, rows, records, SIDE_BY_SIDE)


def draw_responses(
    panels: Sequence[Axes],
    colours: Colours,
    records: Sequence[Record],
    iteration: int | None = None,
) -> None:
    """Responses of each network: by layer on the left panel, sorted on the right."""
    networks = by_network(records)
    depths = sorted({depth for _, depth in networks})
    for (arch, depth), members in networks.items():
        responses = along_layers(members, "response", iteration)
        for axes, values in zip(panels, (responses, sorted(responses, reverse=True)), strict=True):
            axes.plot(
                range(1, len(values) + 1),
                values,
                color=colours[arch],
                linewidth=LINE_WIDTH,
                alpha=plots.opacity(depth, depths),
                label=f"{arch}-{depth}",
            )
    panels[0].set(title="standard deviation, by layer", xlabel="layer")
    panels[1].set(title="the same, sorted", xlabel="rank")
    panels[1].legend()


def over_training(
    recorded: Sequence[Record], longer: Sequence[Record], published: Sequence[Record]
) -> dict[str, FigureCard]:
    """One frame per length of training: responses of residual networks."""
    steps = f"{recorded[0].config.recipe.iterations:,} steps"
    more_steps = f"{longer[0].config.recipe.iterations:,} steps"
    small = f"Small residual networks, small images, {steps}"
    others = "Residual networks of full size, trained by others, 200 epochs"
    return {
        "untrained": frame(recorded, "Residual networks before the first step", UNTRAINED),
        steps: frame(recorded, small),
        more_steps: frame(longer, f"Residual networks of full size, {more_steps}"),
        "200 epochs": frame(published, others),
    }


def frame(records: Sequence[Record], what: str, iteration: int | None = None) -> FigureCard:
    """Responses of residual networks on a scale that all frames share."""
    residual = select(records, arch="residual", label="")

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        draw_responses(panels, colours, residual, iteration)
        panels[0].set_ylim(*RESPONSE_RANGE)

    rows: list[dict[str, object]] = []
    for depth, members in residual_by_depth(residual).items():
        mean = str(average(members, "response", iteration))
        rows.append({"network": f"residual-{depth}", "mean response": mean})
    means = ", ".join(f"{row['network']} {row['mean response']}" for row in rows)
    alt = f"{what}: mean response {means}."
    return plots.figure_card(draw, alt, f"{what}.", rows, residual, SIDE_BY_SIDE)


def ratios(records: Sequence[Record]) -> FigureCard:
    """Length of each branch beside its shortcut, before training and after."""
    networks = residual_by_depth(records)
    moments = {UNTRAINED: "untrained: |F(x)| / |x|", None: "after training"}

    def draw(panels: Sequence[Axes], colours: Colours) -> None:
        for axes, (iteration, title) in zip(panels, moments.items(), strict=True):
            for depth, members in networks.items():
                values = along_layers(members, "ratio", iteration)
                places = [(number + 0.5) / len(values) for number in range(len(values))]
                axes.plot(
                    places,
                    values,
                    color=colours["residual"],
                    alpha=plots.opacity(depth, list(networks)),
                    label=f"{depth} layers",
                )
            axes.set(title=title, xlabel="place in the network")
        panels[1].legend()

    means = [
        f"{depth} layers {average(members, 'ratio', UNTRAINED)}"
        for depth, members in networks.items()
    ]
    alt = (
        "Already before training the branches of deeper networks are smaller beside their "
        f"shortcuts: {', '.join(means)}."
    )
    residual = [record for members in networks.values() for record in members]
    rows = analysis.table(residual)
    return plots.figure_card(draw, alt, RATIOS, rows, residual, SIDE_BY_SIDE)


def prediction(records: Sequence[Record]) -> plots.Prediction:
    """What to guess before looking: whether a deep network responds less after short training."""
    steps = records[0].config.recipe.iterations
    return plots.Prediction(
        key="layer-responses-depth",
        question=f"After {steps} steps of training, how do the responses of ResNet-110 compare "
        "with those of ResNet-20?",
        options=("clearly smaller, as in the paper's figure", "about the same", "clearly larger"),
        comparison=f"Mean over the layers: {analysis.responses(records, arch='residual')}.",
    )
