"""Chapter "Not overfitting, not simply vanishing gradients": gradients by layer, and clipped."""

from ..study import Study
from . import analysis, figures
from .claims import CLAIMS
from .configs import QUESTION, configs
from .probe import probe

__all__ = ["STUDY", "analysis", "figures"]

STUDY = Study(
    slug="vanishing_gradients",
    question=QUESTION,
    configs=configs,
    figure=figures.imbalance_by_depth,
    summary=analysis.summary,
    claims=CLAIMS,
    probe=probe,
)
