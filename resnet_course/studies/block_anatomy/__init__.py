"""Chapter "Anatomy of the block": the residual block with one part changed at a time."""

from ..study import Study
from . import analysis, figures
from .claims import CLAIMS
from .configs import CHANGES, ORIGINAL, QUESTION, Part, configs

__all__ = ["CHANGES", "ORIGINAL", "STUDY", "Part", "analysis", "figures"]

STUDY = Study(
    slug="block_anatomy",
    question=QUESTION,
    configs=configs,
    figure=figures.by_part,
    summary=analysis.summary,
    claims=CLAIMS,
)
