"""Chapter "Taming depth": what else keeps a deep network in hand, with many images and few."""

from ..study import Study
from . import analysis, figures
from .claims import CLAIMS
from .configs import QUESTION, configs

__all__ = ["STUDY", "analysis", "figures"]

STUDY = Study(
    slug="taming_depth",
    question=QUESTION,
    configs=configs,
    figure=figures.by_arm,
    summary=analysis.summary,
    claims=CLAIMS,
)
