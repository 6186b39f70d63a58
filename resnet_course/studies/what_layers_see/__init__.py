"""Chapter "What layers see": what a linear classifier can read off after each block."""

from ..study import Study
from . import analysis, figures, pictures, probe
from .claims import CLAIMS
from .configs import QUESTION, configs

__all__ = ["STUDY", "analysis", "figures", "pictures", "probe"]

STUDY = Study(
    slug="what_layers_see",
    question=QUESTION,
    configs=configs,
    figure=figures.along_the_network,
    summary=analysis.summary,
    claims=CLAIMS,
    probe=probe.probe,
)
