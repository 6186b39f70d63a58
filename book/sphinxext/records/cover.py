"""Sphinx extension: the picture on the first page and the card for links, from the recorded runs.

Every line is a run: its training error, epoch by epoch. Nothing is arranged by hand but the frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from docutils import nodes
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book.sphinxext.fragments import fragment
from book.sphinxext.project import MOTTO, TITLE
from book.sphinxext.records import evidence
from book.sphinxext.records.evidence import Curve

STUDY = "degradation"
TIER = "laptop"
METRIC = "train_error"
WIDTH = 960
HEIGHT = 300
MARGIN = 6  # above and below the lines, so that none is cut
NIGHT = "#14181d"  # the background of dark pages, and of the card wherever it is shown
CARD_INCHES = (12, 6.3)
CARD_DPI = 100

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """One run as it is drawn: points in the picture's units, from left to right, y downwards."""

    arch: str
    opacity: str
    points: str


class Curves:
    """All recorded runs of the first experiment on one scale."""

    def __init__(self) -> None:
        self.curves = evidence.training_curves(STUDY, TIER, METRIC)
        self.depths = sorted({curve.depth for curve in self.curves})

    @cached_property
    def lowest(self) -> float:
        """The smallest error of all (percent)."""
        return min(min(curve.errors) for curve in self.curves)

    @cached_property
    def highest(self) -> float:
        """The largest error of all (percent)."""
        return max(max(curve.errors) for curve in self.curves)

    def scaled(self, curve: Curve) -> Points:
        """The points of a curve, steps from 0 to 1 and errors from 0 (lowest) to 1 (highest)."""
        first = curve.steps[0]
        length = curve.steps[-1] - first
        span = self.highest - self.lowest
        return [
            ((step - first) / length, (error - self.lowest) / span)
            for step, error in zip(curve.steps, curve.errors, strict=True)
        ]


def line(curves: Curves, curve: Curve) -> Line:
    """A curve as the picture draws it."""
    height = HEIGHT - 2 * MARGIN
    points = " ".join(
        f"{WIDTH * x:.1f},{height * (1 - y) + MARGIN:.1f}" for x, y in curves.scaled(curve)
    )
    return Line(curve.arch, f"{curve.strength:.2f}", points)


def words(curves: Curves) -> str:
    """What the picture shows, for those who do not see it."""
    return (
        f"{len(curves.curves)} lines, one for each recorded run, fall from left to right as the "
        f"networks learn. The plain networks of {curves.depths[-1]} layers stay at the top; the "
        "residual ones come down at every depth."
    )


def cover() -> str:
    """The picture as SVG in the page itself, in the colours of the page's theme."""
    curves = Curves()
    values = {
        "width": WIDTH,
        "height": HEIGHT,
        "words": words(curves),
        "lines": [line(curves, curve) for curve in curves.curves],
        "shallowest": curves.depths[0],
        "deepest": curves.depths[-1],
    }
    return fragment("cover.html.j2", values)


def write_card(path: Path) -> None:
    """The same lines with the title, as a PNG of the size that links show, opaque."""
    with evidence.dark_figures() as colours:
        figure = Figure(figsize=CARD_INCHES, dpi=CARD_DPI, facecolor=NIGHT)
        figure.set_layout_engine("none")
        draw_lines(figure.add_axes((0, 0, 1, 0.58)), colours)
        ink = colours["ink"]
        figure.text(0.05, 0.80, TITLE, fontsize=40, fontweight="bold", color=ink)
        figure.text(0.05, 0.68, MOTTO, fontsize=22, color=ink, alpha=0.8)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="png", facecolor=NIGHT, metadata={"Software": None})


def draw_lines(axes: Axes, colours: Mapping[str, str]) -> None:
    """Every run from the left edge to the right, without a frame."""
    curves = Curves()
    for curve in curves.curves:
        steps, errors = zip(*curves.scaled(curve), strict=True)
        colour = colours[curve.arch]
        axes.plot(steps, errors, color=colour, alpha=curve.strength, linewidth=2.5)
    axes.set_xlim(0, 1)
    axes.axis("off")


class Cover(SphinxDirective):
    """{cover}: the picture of the first page."""

    def run(self) -> list[nodes.Node]:
        """The picture with its caption."""
        for path in evidence.record_files():
            self.env.note_dependency(str(path))
        return [nodes.raw("", cover(), format="html")]


def add_card(app: Sphinx, error: Exception | None) -> None:
    """Write the card beside the other static files."""
    if error is None and app.builder.format == "html":
        write_card(Path(app.outdir) / "_static" / "card.png")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive, and the card at the end of the build."""
    app.add_directive("cover", Cover)
    app.connect("build-finished", add_card)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
