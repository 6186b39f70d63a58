"""One look for every figure: colours that mean the same everywhere, on light pages and dark."""

import io
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Colours: TypeAlias = Mapping[str, str]
# Draws on the panels of a figure, row by row, in the colours of a mode.
Draw: TypeAlias = "Callable[[Sequence[Axes], Colours], None]"

# One hue per kind of network (readable in grey and by the colour-blind), lighter on dark pages.
COLOURS: Mapping[str, Colours] = {
    "light": {
        "plain": "#b8500c",
        "residual": "#1a63a5",
        "preactivation": "#3b7d3a",
        "ink": "#1f2328",
        "faint": "#c9ced6",
    },
    "dark": {
        "plain": "#ff9d5c",
        "residual": "#74b3f0",
        "preactivation": "#8fce8b",
        "ink": "#e6e8eb",
        "faint": "#4a4f57",
    },
}
MARKERS = {"plain": "s", "residual": "o", "preactivation": "^"}
WIDTH = 5.4  # inches; text stays legible when a phone shrinks the figure to its screen
HEIGHT = 3.6
INKED = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")


@dataclass(frozen=True)
class Layout:
    """How the panels of a figure lie, as matplotlib's Figure.subplots takes it.

    `height` is in inches; `height_ratios` are of the rows, where they differ.
    """

    nrows: int = 1
    ncols: int = 1
    sharex: bool = False
    sharey: bool = False
    height: float = HEIGHT
    height_ratios: Sequence[float] | None = None


ONE_PANEL = Layout()


@contextmanager
def look(mode: str = "light") -> Generator[Colours]:
    """The course's matplotlib style inside the `with`, and its colours by name.

    Raises KeyError for another mode than "light" and "dark".
    """
    import matplotlib.style

    colours = COLOURS[mode]
    own = {"grid.color": colours["faint"]}
    own |= dict.fromkeys(INKED, colours["ink"])
    with matplotlib.style.context([Path(__file__).with_name("course.mplstyle"), own]):
        yield colours


def svg(draw: Draw, mode: str, layout: Layout = ONE_PANEL) -> str:
    """What `draw` draws as SVG text, in the colours of "light" or "dark" pages."""
    from matplotlib.figure import Figure

    with look(mode) as colours:
        figure = Figure((WIDTH, layout.height))
        grid = figure.subplots(
            layout.nrows,
            layout.ncols,
            sharex=layout.sharex,
            sharey=layout.sharey,
            height_ratios=layout.height_ratios,
            squeeze=False,
        )
        draw(list(grid.flat), colours)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return re.sub(r"\s*\n\s*", " ", buffer.getvalue())
