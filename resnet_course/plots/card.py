"""A figure as readers meet it: drawn for light and dark pages, with words, numbers and source."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from ..records.aggregate import provenance_line
from ..records.schema import Record
from .style import ONE_PANEL, WIDTH, Draw, Layout, svg
from .tables import Rows, as_table

COMPUTED_HERE = "Computed by this page's own code."
UNQUOTED = " !$'()*+,-./:;=?@_~"  # characters that a data URL bears as they are

# Where the page has no theme of its own (Jupyter, Colab), show what fits the notebook's.
_DARK_PAGES = (
    'body[data-jp-theme-light="false"]',
    'html[data-theme="dark"]',
    "html[theme=dark]",
)


def _only_one() -> str:
    dark = ",".join(f"{page} .exhibit .only-dark" for page in _DARK_PAGES)
    light = ",".join(f"{page} .exhibit .only-light" for page in _DARK_PAGES)
    return (
        "<style>.exhibit .only-dark{display:none}"
        f"{dark}{{display:block}}{light}{{display:none}}</style>"
    )


@dataclass(frozen=True)
class FigureCard:
    """Both drawings as data URLs, alternative text, caption, data table, provenance."""

    light: str = field(repr=False)
    dark: str = field(repr=False)
    alt: str
    caption: str
    rows: Rows = field(repr=False)
    provenance: str = field(repr=False)

    def _repr_html_(self) -> str:
        alt = html.escape(self.alt, quote=True)
        pictures = "".join(
            f'<img class="only-{mode}" src="{source}" alt="{alt}" width="{WIDTH * 96:.0f}">'
            for mode, source in (("light", self.light), ("dark", self.dark))
        )
        return (
            f'{_only_one()}<figure class="exhibit">{pictures}'
            f"<figcaption>{html.escape(self.caption)}</figcaption>"
            '<details class="data-table"><summary>The numbers in this figure</summary>'
            f"{as_table(self.rows)}</details>"
            f'<p class="provenance">{html.escape(self.provenance)}</p></figure>'
        )


def figure_card(
    draw: Draw,
    alt: str,
    caption: str,
    rows: Rows,
    records: Sequence[Record] = (),
    layout: Layout = ONE_PANEL,
) -> FigureCard:
    """Draw a figure for light and dark pages.

    Args:
        draw: Draws on the panels, row by row.
        alt: States the finding, for who does not see the figure.
        caption: Asks or tells what to look at.
        rows: The plotted data.
        records: Where the data come from; none: computed by the page itself.
        layout: Of the panels.
    """
    return FigureCard(
        light=_data_url(svg(draw, "light", layout)),
        dark=_data_url(svg(draw, "dark", layout)),
        alt=alt,
        caption=caption,
        rows=rows,
        provenance=provenance_line(records) if records else COMPUTED_HERE,
    )


def _data_url(picture: str) -> str:
    return "data:image/svg+xml," + quote(picture, safe=UNQUOTED)  # base64 would hardly compress
