"""Figures as readers meet them: one style, shared marks, cards with words and numbers, widgets."""

from .card import FigureCard, figure_card
from .marks import (
    depth_axis,
    error_against_depth,
    opacity,
    reference_line,
    seeds,
    training_curves,
    values_by_name,
)
from .style import COLOURS, MARKERS, Colours, Draw, Layout, look, svg
from .tables import as_markdown, as_table
from .verdicts import claims_table
from .widgets import Prediction, frames

__all__ = [
    "COLOURS",
    "MARKERS",
    "Colours",
    "Draw",
    "FigureCard",
    "Layout",
    "Prediction",
    "as_markdown",
    "as_table",
    "claims_table",
    "depth_axis",
    "error_against_depth",
    "figure_card",
    "frames",
    "look",
    "opacity",
    "reference_line",
    "seeds",
    "svg",
    "training_curves",
    "values_by_name",
]
