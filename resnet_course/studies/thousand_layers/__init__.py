"""Chapter "A thousand layers": what they cost, and whether they train."""

from ..study import Study
from . import analysis, figures
from .claims import CLAIMS
from .configs import QUESTION, configs

__all__ = ["STUDY", "analysis", "figures"]

STUDY = Study(
    slug="thousand_layers",
    question=QUESTION,
    configs=configs,
    figure=figures.by_depth,
    summary=analysis.summary,
    claims=CLAIMS,
)
