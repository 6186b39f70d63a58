"""The control of chapters 5, 8, 12, 13 and 14: one batch norm before the head."""

from ..study import Study
from . import analysis, figures
from .claims import CLAIMS
from .configs import QUESTION, configs

__all__ = ["STUDY", "analysis", "figures"]

STUDY = Study(
    slug="head_norm",
    question=QUESTION,
    configs=configs,
    figure=figures.with_and_without,
    summary=analysis.summary,
    claims=CLAIMS,
    beside=("degradation",),
)
