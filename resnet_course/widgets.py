"""Widgets that move on a static page: every frame is in the page, and the browser does the moving."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .figures import Exhibit


def frames(exhibits: Mapping[str, Exhibit], label: str, start: int = 0):
    """A slider over labelled exhibits, by mouse, touch and arrow keys; needs no kernel once drawn.

    >>> frames({"20 layers": …, "56 layers": …}, "depth")

    Raises ValueError when there is nothing to show.
    """
    import ipywidgets as w

    if not exhibits:
        raise ValueError("a slider needs at least one frame to show")
    names = list(exhibits)
    slider = w.SelectionSlider(options=names, index=start, description=label, layout=w.Layout(width="100%"))
    stack = w.Stack([w.HTML(exhibits[name].figure()) for name in names], selected_index=start)
    w.jslink((slider, "index"), (stack, "selected_index"))
    return w.VBox([slider, stack])


@dataclass(frozen=True)
class Prediction:
    """A question to answer before looking: radio buttons, remembered by the book's page, then the comparison.

    Without the book's script (Jupyter, Colab) the choice is not kept and the comparison opens by a click.
    """

    key: str
    question: str
    options: Sequence[str]
    comparison: str

    def _repr_html_(self) -> str:
        choices = "".join(
            f'<label><input type="radio" name="{self.key}" value="{i}"> {html.escape(option)}</label>'
            for i, option in enumerate(self.options)
        )
        return (
            f'<fieldset class="prediction" data-key="{self.key}">'
            f"<legend>{html.escape(self.question)}</legend>{choices}"
            f'<details class="after-prediction"><summary>Compare with what was measured</summary>'
            f"<p>{html.escape(self.comparison)}</p></details></fieldset>"
        )
