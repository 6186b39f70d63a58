"""Widgets that move on a static page: all frames are in it, and the browser moves them."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .card import FigureCard

if TYPE_CHECKING:
    from IPython.display import HTML
    from ipywidgets import VBox


def frames(cards: Mapping[str, FigureCard], label: str, start: int = 0) -> "VBox | HTML":
    """A slider over figure cards by their labels, for mouse, touch and arrow keys.

    It needs no kernel once drawn. Raises ValueError when there is nothing to show.
    """
    import ipywidgets

    if not cards:
        raise ValueError("a slider needs at least one frame to show")
    if not hasattr(ipywidgets, "Stack"):
        return _plain(cards, label, start)
    slider = ipywidgets.SelectionSlider(
        options=[*cards],
        index=start,
        description=label,
        layout=ipywidgets.Layout(width="100%"),
    )
    pages = [ipywidgets.HTML(card._repr_html_()) for card in cards.values()]
    stack = ipywidgets.Stack(pages, selected_index=start)
    ipywidgets.jslink((slider, "index"), (stack, "selected_index"))
    return ipywidgets.VBox([slider, stack])


def _plain(cards: Mapping[str, FigureCard], label: str, start: int) -> "HTML":
    """The same slider in plain HTML, for the ipywidgets before 8 of Colab, which has no Stack."""
    from IPython.display import HTML

    pages = []
    for number, (name, card) in enumerate(cards.items()):
        hidden = "" if number == start else " hidden"
        title = f"<b>{html.escape(name)}</b>"
        pages.append(f'<div data-frame="{number}"{hidden}>{title}{card._repr_html_()}</div>')
    slider = Path(__file__).with_name("slider.html").read_text()
    last = len(cards) - 1
    return HTML(slider.format(label=label, last=last, start=start, frames="".join(pages)))


@dataclass(frozen=True)
class Prediction:
    """A question to answer before looking: radio buttons, then the comparison.

    The book's page remembers the choice. Without its script (Jupyter, Colab) the choice is not kept
    and the comparison opens by a click.
    """

    key: str
    question: str
    options: Sequence[str]
    comparison: str

    def _repr_html_(self) -> str:
        choices = "".join(self._choice(number) for number in range(len(self.options)))
        return (
            f'<fieldset class="prediction" data-key="{self.key}">'
            f"<legend>{html.escape(self.question)}</legend>{choices}"
            '<details class="after-prediction">'
            "<summary>Compare with what was measured</summary>"
            f"<p>{html.escape(self.comparison)}</p></details></fieldset>"
        )

    def _choice(self, number: int) -> str:
        button = f'<input type="radio" name="{self.key}" value="{number}">'
        return f"<label>{button} {html.escape(self.options[number])}</label>"
