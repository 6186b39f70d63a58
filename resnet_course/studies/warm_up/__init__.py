"""Chapter "A hundred layers, a warm-up and a norm": how first steps decide the rest."""

from ..study import Study
from . import analysis, figures
from .claims import CLAIMS
from .configs import QUESTION
from .configs import configs as starts  # the module keeps its name

__all__ = ["STUDY", "analysis", "figures"]

STUDY = Study(
    slug="warm_up",
    question=QUESTION,
    configs=starts,
    figure=figures.by_start_at_the_end,
    summary=analysis.summary,
    claims=CLAIMS,
)
