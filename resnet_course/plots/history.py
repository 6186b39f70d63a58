"""The winners of the ImageNet challenge: error against depth, as the first chapter tells it.

The chapter measures no networks, so that it has no study and no records. Its errors are quoted, and
they are quoted here, with their source, beside the figure that shows them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from .card import FigureCard, figure_card
from .marks import depth_axis
from .style import Colours
from .widgets import Prediction

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP = 18  # percent
IN_ORDER = (
    "The winners of the ImageNet challenge and, for 2014, the runners-up: error against depth, "
    "joined in order of time. Which step down in error came without a step in depth?"
)
PROVENANCE = "Errors quoted from the sources in the table; nothing here was measured by us."


@dataclass(frozen=True)
class Entry:
    """An entry of the challenge: an ensemble of networks, judged on the test set.

    Args:
        year: Of the challenge.
        network: The best known network of the ensemble.
        depth: Weighted layers of that network.
        top5_error: Of the ensemble, in percent.
        source: Who reports the error.
    """

    year: int
    network: str
    depth: int
    top5_error: float
    source: str

    @property
    def name(self) -> str:
        """Year and network: "2015 ResNet-152"."""
        return f"{self.year} {self.network}"

    @property
    def sentence(self) -> str:
        """The entry in words."""
        return f"{self.name}: {self.depth} layers, {self.top5_error} % top-5 error."


# ZFNet is the network that the winners of 2013 published; what they entered was not described.
ENTRIES = (
    Entry(2012, "AlexNet", 8, 16.4, "Russakovsky et al. 2015"),
    Entry(2013, "ZFNet", 8, 11.7, "Russakovsky et al. 2015"),
    Entry(2014, "VGG-19", 19, 7.32, "He et al. 2015, Table 5"),
    Entry(2014, "GoogLeNet", 22, 6.66, "He et al. 2015, Table 5"),
    Entry(2015, "ResNet-152", 152, 3.57, "He et al. 2015, Table 5"),
)


@dataclass(frozen=True)
class NamePlace:
    """Where a name stands: its offset from the point in points, and which end of it is there."""

    offset: tuple[int, int]
    align: Literal["left", "right"]


ABOVE_RIGHT = NamePlace((8, 5), "left")
ABOVE_LEFT = NamePlace((0, 14), "right")
BELOW = NamePlace((-7, -10), "right")
CROWDED = 1.5  # times the depth of the entry before: nearer than that two names would overlap


def error_by_depth(
    entries: Sequence[Entry] = ENTRIES, caption: str = IN_ORDER, shown: Entry | None = None
) -> FigureCard:
    """Error against depth, in order of time; `shown` stands out and is named.

    Without one every entry is named. Raises ValueError where there is no entry.
    """
    if not entries:
        raise ValueError("there is no entry to show")

    def draw(panels: "Sequence[Axes]", colours: Colours) -> None:
        (axes,) = panels
        draw_entries(axes, colours, entries)
        for entry, place in zip(entries, name_places(entries), strict=True):
            if shown in (None, entry):
                colour = colours["residual" if "ResNet" in entry.network else "plain"]
                axes.scatter(entry.depth, entry.top5_error, s=60, color=colour, zorder=3)
                write_name(axes, entry, place)

    sentences = [entry.sentence for entry in entries if shown in (None, entry)]
    alt = " ".join(sentences)
    rows = [
        {
            "year": entry.year,
            "network": entry.network,
            "layers": entry.depth,
            "top-5 error (%)": entry.top5_error,
            "source": entry.source,
        }
        for entry in entries
    ]
    return replace(figure_card(draw, alt, caption, rows), provenance=PROVENANCE)


def frames_by_entry(entries: Sequence[Entry] = ENTRIES) -> dict[str, FigureCard]:
    """One frame per entry, in which it stands out."""
    return {entry.name: error_by_depth(entries, entry.sentence, entry) for entry in entries}


def draw_entries(axes: "Axes", colours: Colours, entries: Sequence[Entry]) -> None:
    """Every entry a point, joined in order of time."""
    depths = [entry.depth for entry in entries]
    errors = [entry.top5_error for entry in entries]
    axes.plot(depths, errors, color=colours["faint"], marker="o", markersize=4, zorder=1)
    depth_axis(axes, sorted(set(depths)))
    axes.set(ylim=(0, TOP), title="top-5 error (%), ILSVRC test set, ensembles")


def write_name(axes: "Axes", entry: Entry, place: NamePlace) -> None:
    """An entry's name beside its point."""
    axes.annotate(
        entry.name,
        (entry.depth, entry.top5_error),
        xytext=place.offset,
        textcoords="offset points",
        ha=place.align,
        fontsize=8,
    )


def name_places(entries: Sequence[Entry]) -> list[NamePlace]:
    """Where names have room: above the falling line, or below a point that another crowds."""
    places = []
    depths = [entry.depth for entry in entries]
    for before, depth in zip([0, *depths], depths, strict=False):
        if before < depth < CROWDED * before:
            places.append(BELOW)
        else:
            places.append(ABOVE_LEFT if depth == max(depths) else ABOVE_RIGHT)
    return places


def prediction_of_cost(vgg_19: int, resnet_152: int) -> Prediction:
    """The chapter's prediction: multiply-adds of two networks of very different depth."""
    return Prediction(
        key="race-for-depth-price",
        question="ResNet-152 is eight times as deep as VGG-19. How many multiply-adds does it need "
        "for one image?",
        options=("about eight times as many", "about as many", "about half as many"),
        comparison=f"Count them below: VGG-19 {vgg_19 / 1e9:.1f} billion, ResNet-152 "
        f"{resnet_152 / 1e9:.1f} billion.",
    )
