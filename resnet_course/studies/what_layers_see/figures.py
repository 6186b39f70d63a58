"""The chapter's figures, from records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import plots
from ...plots import Colours, FigureCard, Layout, Prediction
from ...records import Record, grouped, mean_profile, over_seeds, select
from .analysis import PROBES, head_errors, probe_curves, summary, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ERROR_RANGE = (48, 100)  # percent, alike at every depth, with room for the legend above the curves


OF_CHANNELS = (
    "What a linear reader of channel averages, which is what the network's own last layer is, errs "
    "after each block. Dotted: the same network before training."
)
OF_HEADS = (
    "The network's own head on earlier blocks of the last stage, mean over seeds. Which networks "
    "let you stop early?"
)


def along_the_network(records: Sequence[Record], caption: str = "") -> FigureCard:
    """Error of both probes from the stem to the last block; dotted: the untrained networks."""
    curves = probe_curves(records)
    depths = sorted({record.depth for record in records})

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        for axes, name in zip(panels, PROBES, strict=True):
            for curve in curves:
                trained = curve.state == "trained"
                axes.plot(
                    [stats.mean for stats in curve.errors[name]],
                    color=colours[curve.arch],
                    alpha=plots.opacity(curve.depth, depths),
                    linestyle="-" if trained else ":",
                    label=curve.network if trained else None,
                )
            axes.set(title=f"probe of {name}: test error (%)", xlabel="after block (0: stem)")
        panels[0].set_ylim(*ERROR_RANGE)
        panels[0].legend(loc="upper left")

    layout = Layout(ncols=2, sharey=True)
    return plots.figure_card(draw, summary(records), caption, table(records), records, layout)


def channels_only(records: Sequence[Record], caption: str = OF_CHANNELS) -> FigureCard:
    """Error of the probe of channels along one network, trained and untrained."""
    curves = probe_curves(records)
    rows = []
    ends = []
    for curve in curves:
        errors = [stats.mean for stats in curve.errors["channels"]]
        ends.append(f"{curve.state} from {errors[0]:.0f} to {errors[-1]:.0f} %")
        for block, error in enumerate(errors):
            rows.append({"state": curve.state, "after block": block, "test error (%)": error})

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        for curve in curves:
            axes.plot(
                [stats.mean for stats in curve.errors["channels"]],
                color=colours[curve.arch],
                linestyle="-" if curve.state == "trained" else ":",
                label=f"{curve.network}, {curve.state}",
            )
        axes.set_title("probe of channel averages: test error (%)")
        axes.set_xlabel("after block (0: first layer)")
        axes.legend()

    alt = f"Error of a linear probe of channel averages, first to last block: {', '.join(ends)}."
    return plots.figure_card(draw, alt, caption, rows, records)


def by_depth(records: Sequence[Record]) -> dict[str, FigureCard]:
    """One frame per depth: both probes along the networks of that depth."""
    frames = {}
    for (depth,), members in grouped(records, by=("depth",)).items():
        frames[f"{depth} layers"] = along_the_network(
            members,
            f"{depth} layers: error of linear probes after each block, mean over seeds. Dotted: "
            "before training. Which curves go down, and which of the two probes is right?",
        )
    return frames


def own_heads(records: Sequence[Record], caption: str = OF_HEADS) -> FigureCard:
    """Test error of each network's own head on every block of its last stage."""
    heads = head_errors(records)
    depths = sorted({record.depth for record in records})

    def draw(panels: Sequence["Axes"], colours: Colours) -> None:
        (axes,) = panels
        for network, errors in heads.items():
            arch, _, depth = network.rpartition("-")
            axes.plot(
                [(block + 1) / len(errors) for block in range(len(errors))],
                [stats.mean for stats in errors],
                color=colours[arch],
                marker=plots.MARKERS[arch],
                markersize=3,
                alpha=plots.opacity(int(depth), depths),
                label=network,
            )
        axes.set_xlabel("place in the last stage (1: where the head belongs)")
        axes.set_title("test error (%) of the network's own head")
        axes.legend()

    rows = []
    for network, errors in heads.items():
        for block, stats in enumerate(errors, 1):
            row = {"network": network, "block": block, "error (%)": stats.mean, "std": stats.std}
            rows.append(row)
    ends = [f"{name} {e[0].mean:.0f} to {e[-1].mean:.0f} %" for name, e in heads.items()]
    alt = (
        "Error of the network's own head, from the first block of the last stage to the last: "
        f"{', '.join(ends)}."
    )
    return plots.figure_card(draw, alt, caption, rows, records)


def prediction(records: Sequence[Record]) -> Prediction:
    """The chapter's prediction: what can be read off the first layer, if places count."""
    members = select(records, arch="plain", depth=20)
    stem = mean_profile(members, "areas")[0]
    whole = over_seeds(members, "test_error")["plain", 20]
    return Prediction(
        key="what-layers-see-stem",
        question=f"A trained plain-20 ends near {whole.mean:.0f} % test error. How will a linear "
        "probe do that reads only its stem, one convolution and a ReLU, averaged over 4×4 areas?",
        options=("near chance, 90 %", "about 75 %", "about as well as the whole network"),
        comparison=f"The probe of the stem has {stem} % error, the whole network {whole} % "
        f"({stem.n} seeds).",
    )
