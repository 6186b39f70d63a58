"""Widgets that move on a static page: every frame is in the page, and the browser does the moving."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .figures import Exhibit


def frames(exhibits: Mapping[str, Exhibit], label: str, start: int = 0):
    """A slider over exhibits by their labels, for mouse, touch and arrow keys; needs no kernel once drawn.

    Raises ValueError when there is nothing to show.
    """
    import ipywidgets as w

    if not exhibits:
        raise ValueError("a slider needs at least one frame to show")
    if not hasattr(w, "Stack"):
        return _plain(exhibits, label, start)
    slider = w.SelectionSlider(options=[*exhibits], index=start, description=label, layout=w.Layout(width="100%"))
    stack = w.Stack([w.HTML(exhibit._repr_html_()) for exhibit in exhibits.values()], selected_index=start)
    w.jslink((slider, "index"), (stack, "selected_index"))
    return w.VBox([slider, stack])


def _plain(exhibits: Mapping[str, Exhibit], label: str, start: int):
    """The same slider in plain HTML, for the ipywidgets before 8 that Colab brings: they know no Stack."""
    from IPython.display import HTML

    slider = Path(__file__).with_name("slider.html").read_text()
    shown = "".join(
        f'<div data-frame="{i}"{" hidden" * (i != start)}><b>{html.escape(name)}</b>{exhibit._repr_html_()}</div>'
        for i, (name, exhibit) in enumerate(exhibits.items())
    )
    return HTML(slider.format(label=label, last=len(exhibits) - 1, start=start, frames=shown))


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
            f'<fieldset class="prediction" data-key="{self.key}"><legend>{html.escape(self.question)}</legend>'
            f'{choices}<details class="after-prediction"><summary>Compare with what was measured</summary>'
            f"<p>{html.escape(self.comparison)}</p></details></fieldset>"
        )
