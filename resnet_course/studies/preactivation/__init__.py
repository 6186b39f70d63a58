"""Chapter "Identity mappings": what may stand on the shortcut, and where activations belong."""

from ..study import Study
from . import analysis, figures
from .claims import CLAIMS
from .configs import QUESTION, configs
from .probe import probe

__all__ = ["STUDY", "analysis", "figures"]

STUDY = Study(
    slug="preactivation",
    question=QUESTION,
    configs=configs,
    figure=figures.by_variant,
    summary=analysis.summary,
    claims=CLAIMS,
    probe=probe,
)
