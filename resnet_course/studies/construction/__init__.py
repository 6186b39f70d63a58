"""Chapter "The construction argument, executed": networks grown from a trained shallower one."""

from ..study import Study
from . import analysis, figures, grafts
from .claims import CLAIMS
from .configs import NETWORKS, QUESTION, configs

__all__ = ["STUDY", "analysis", "figures", "grafts"]

STUDY = Study(
    slug="construction",
    question=QUESTION,
    configs=configs,
    figure=figures.by_history,
    summary=analysis.summary,
    claims=CLAIMS,
    base=NETWORKS,
)
