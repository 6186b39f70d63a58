"""Chapter "Many short paths": networks with blocks taken out, and their gradient by path length."""

from ..study import Study
from . import analysis, figures, probe
from .claims import CLAIMS
from .configs import NETWORKS, QUESTION, configs

__all__ = ["STUDY", "analysis", "figures", "probe"]

STUDY = Study(
    slug="short_paths",
    question=QUESTION,
    configs=configs,
    figure=figures.one_out,
    summary=analysis.summary,
    claims=CLAIMS,
    probe=probe.probe,
    base=NETWORKS,
    trains=False,
)
