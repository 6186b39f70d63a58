"""Chapter "Depth that stops helping": plain and residual networks over the same depths."""

from ..study import Study
from . import analysis, figures, replications
from .claims import CLAIMS
from .configs import QUESTION, configs

__all__ = ["STUDY", "analysis", "figures", "replications"]

STUDY = Study(
    slug="degradation",
    question=QUESTION,
    configs=configs,
    figure=figures.by_depth,
    summary=analysis.summary,
    claims=CLAIMS,
)
