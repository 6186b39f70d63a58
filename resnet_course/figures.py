"""One look for every figure: colours that mean the same everywhere, light and dark, words and numbers beside it.

A drawing is a function of matplotlib axes; `exhibit` draws it twice, for light and dark pages, and joins to it the
alternative text, the caption, the data as a table and the line that says where the numbers come from.
"""

import html
import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from urllib.parse import quote

from . import runs

# One hue a kind of network (readable in grey and by the colour-blind), lighter for dark pages.
_NAMES = ("plain", "residual", "preactivation", "ink", "faint")
COLOURS = {
    "light": dict(zip(_NAMES, ("#b8500c", "#1a63a5", "#3b7d3a", "#1f2328", "#c9ced6"), strict=True)),
    "dark": dict(zip(_NAMES, ("#ff9d5c", "#74b3f0", "#8fce8b", "#e6e8eb", "#4a4f57"), strict=True)),
}
MARKERS = {"plain": "s", "residual": "o", "preactivation": "^"}
WIDTH = 5.4  # inches; text stays legible when a phone shrinks the figure to its screen

# Where the page has no theme of its own (Jupyter, Colab), show the drawing that fits the notebook's.
_DARK = ('body[data-jp-theme-light="false"]', 'html[data-theme="dark"]', "html[theme=dark]")
_ONLY_ONE = "<style>.exhibit .only-dark{{display:none}}{}{{display:block}}{}{{display:none}}</style>".format(
    *(",".join(f"{page} .exhibit .only-{mode}" for page in _DARK) for mode in ("dark", "light"))
)


@contextmanager
def look(mode: str = "light") -> Iterator[dict[str, str]]:
    """The course's matplotlib style inside the `with`, and its colours by name. Raises KeyError for another mode."""
    import matplotlib.style

    colours = COLOURS[mode]
    inked = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    own = {"grid.color": colours["faint"], **dict.fromkeys(inked, colours["ink"])}
    with matplotlib.style.context([Path(__file__).with_name("course.mplstyle"), own]):
        yield colours


def svg(draw: Callable, mode: str, height: float = 3.6, **layout) -> str:
    """`draw(axes, colours)` as SVG text, `height` inches high. `layout` goes to matplotlib's Figure.subplots."""
    from matplotlib.figure import Figure

    with look(mode) as colours:
        figure = Figure((WIDTH, height))
        draw(figure.subplots(**layout), colours)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return re.sub(r"\s*\n\s*", " ", buffer.getvalue())


@dataclass(frozen=True)
class Exhibit:
    """A figure as readers meet it: both drawings, alternative text, caption, data table, provenance."""

    light: str = field(repr=False)
    dark: str = field(repr=False)
    alt: str
    caption: str
    rows: Sequence[dict] = field(repr=False)
    provenance: str = field(repr=False)

    def _repr_html_(self) -> str:
        alt = html.escape(self.alt, quote=True)
        pictures = "".join(
            f'<img class="only-{mode}" src="{source}" alt="{alt}" width="{WIDTH * 96:.0f}">'
            for mode, source in (("light", self.light), ("dark", self.dark))
        )
        return (
            f'{_ONLY_ONE}<figure class="exhibit">{pictures}<figcaption>{html.escape(self.caption)}</figcaption>'
            f'<details class="data-table"><summary>The numbers in this figure</summary>'
            f"{as_table(self.rows)}</details>"
            f'<p class="provenance">{html.escape(self.provenance)}</p></figure>'
        )


def exhibit(
    draw: Callable, alt: str, caption: str, rows: Sequence[dict], records: Sequence[runs.Record] = (), **layout
) -> Exhibit:
    """Draw `draw(axes, colours)` for light and dark pages. `alt` states the finding, `caption` asks or tells.

    `rows` are the plotted data; `records` give the provenance line; `layout` goes to `svg`.
    """
    source = runs.provenance_line(records) if records else "Computed by this page's own code."
    quoted = (quote(svg(draw, mode, **layout), safe=" !$'()*+,-./:;=?@_~") for mode in ("light", "dark"))
    light, dark = ("data:image/svg+xml," + picture for picture in quoted)  # base64 would hardly compress
    return Exhibit(light, dark, alt, caption, rows, source)


def as_table(rows: Sequence[dict]) -> str:
    """Rows of one shape as an HTML table; numbers to four significant digits, nan as a dash."""
    if not rows:
        return "<p>No data.</p>"
    head = "".join(f'<th scope="col">{html.escape(str(name).replace("_", " "))}</th>' for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{_cell(v)}</td>" for v in row.values()) + "</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="table-scroll" tabindex="0">{table}</div>'


_NUMBER = re.compile(r"(–|[−+-]?\d[^A-Za-z]*( [A-Za-zµ]{1,3})?)")  # with a unit, or for want of one a dash


def as_markdown(rows: Sequence[dict]) -> str:
    """Rows of one shape in Markdown, columns of words on the left; whole numbers with thousands separators."""
    table = [[str(name).replace("_", " ") for name in rows[0]]]
    table += [[f"{v:,}" if isinstance(v, int) else _cell(v) for v in row.values()] for row in rows]
    numbers = (sum(map(bool, map(_NUMBER.fullmatch, column[1:]))) for column in zip(*table, strict=True))
    rule = "|" + "".join("---:|" if 2 * many > len(rows) else ":---|" for many in numbers)
    head, *rest = ("| " + " | ".join(cells) + " |" for cells in table)
    return "\n".join([head, rule, *rest])


def _cell(value) -> str:
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:.4g}"
    return html.escape(str(value))


def error_against_depth(axes, colours: dict[str, str], records: Sequence[runs.Record], metric: str, **line) -> None:
    """Final `metric` (percent) against depth, one line a kind of network: mean, and every seed as a small mark."""
    means = runs.over_seeds(records, metric)
    for net in sorted({net for net, _ in means}):
        depths = [depth for kind, depth in means if kind == net]
        style = {"color": colours[net], "marker": MARKERS[net], "label": net, **line}
        axes.plot(depths, [means[net, depth].mean for depth in depths], **style)
        of_net = [r for r in records if r.net == net]
        axes.scatter([r.depth for r in of_net], [r.final[metric] for r in of_net], s=9, color=colours[net], alpha=0.5)
    depths = sorted({depth for _, depth in means})
    axes.set(xscale="log", xlabel="depth (weighted layers)")
    axes.set_xticks(depths, [str(depth) for depth in depths])
    axes.minorticks_off()


def values_by_name(axes, colour: str, values: Mapping[str, Sequence[float]]) -> None:
    """One row a name, from the top down: every value (a seed) a small mark, their mean a large one."""
    for row, (_name, of_seeds) in enumerate(values.items()):
        axes.scatter(of_seeds, [row] * len(of_seeds), s=9, color=colour, alpha=0.5)
        axes.plot(fmean(of_seeds), row, "o", color=colour)
    axes.set_yticks(range(len(values)), list(values))
    axes.set_ylim(len(values) - 0.5, -0.5)


def strength(depth: int, depths: Sequence[int]) -> float:
    """Opacity of a network's line among networks of several depths: the deeper, the stronger."""
    return 0.35 + 0.65 * (sorted(depths).index(depth) + 1) / len(depths)


def training_curves(axes, colours: dict, records: Sequence[runs.Record], metric: str = "train_error") -> None:
    """`metric` of each run over its epochs; deeper networks are drawn darker."""
    depths, labelled = sorted({record.depth for record in records}), set()
    for record in records:
        name = f"{record.net}-{record.depth}"
        style = {"color": colours[record.net], "alpha": strength(record.depth, depths)}
        style |= {} if name in labelled else {"label": name}
        axes.plot(record.curves["iteration"], record.curves[metric], **style)
        labelled.add(name)
    axes.set_xlabel("iteration")
    axes.legend()
