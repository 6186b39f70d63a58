"""Chapter "The same depth, trained": where plain networks do as well, are residual ones sooner?"""

from ..study import Study
from . import analysis, figures
from .claims import CLAIMS
from .configs import QUESTION, configs

__all__ = ["STUDY", "analysis", "figures"]

STUDY = Study(
    slug="trained_depth",
    question=QUESTION,
    configs=configs,
    figure=figures.curves,
    summary=analysis.summary,
    claims=CLAIMS,
)
