"""Chapter "Small steps": how strongly each layer responds, and what that says about F."""

from ..study import Study
from . import analysis, figures
from .claims import CLAIMS
from .configs import QUESTION, configs
from .probe import probe

__all__ = ["STUDY", "analysis", "figures"]

STUDY = Study(
    slug="layer_responses",
    question=QUESTION,
    configs=configs,
    figure=figures.by_layer,
    summary=analysis.summary,
    claims=CLAIMS,
    probe=probe,
)
