"""Chapter "The shape of the loss": slices around trained weights, with both kinds of statistics."""

from ..study import Study
from . import analysis, figures
from .claims import CLAIMS
from .configs import BASE, DISTANCES, QUESTION, configs
from .probe import probe

__all__ = ["DISTANCES", "STUDY", "analysis", "figures"]

STUDY = Study(
    slug="loss_shape",
    question=QUESTION,
    configs=configs,
    figure=figures.by_depth,
    summary=analysis.summary,
    claims=CLAIMS,
    probe=probe,
    base=BASE,
    trains=False,
)
