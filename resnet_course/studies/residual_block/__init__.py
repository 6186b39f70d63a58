"""Chapter "H(x) = F(x) + x": how well stacks with and without shortcuts learn to do nothing."""

from ..study import Study
from . import analysis, figures
from .claims import CLAIMS
from .configs import QUESTION, configs
from .experiment import run_custom

__all__ = ["STUDY", "analysis", "figures"]

STUDY = Study(
    slug="residual_block",
    question=QUESTION,
    configs=configs,
    figure=figures.by_depth,
    summary=analysis.summary,
    claims=CLAIMS,
    run_custom=run_custom,
)
