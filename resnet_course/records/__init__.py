"""Recorded runs, the only place where a measured number lives: typed, read strictly, averaged."""

from .aggregate import (
    by_seed,
    counted,
    curves_frame,
    difference,
    frame,
    grouped,
    mean_profile,
    over_seeds,
    provenance_line,
    select,
    table,
    varying_fields,
)
from .claims import Claim, Judgement, Verdict, judge
from .schema import MissingRecordsError, Provenance, Record, RecordError
from .statistics import Estimate, Stats, estimate, paired_difference, proportion, summarise
from .store import RECORDED, home, load, read, write

__all__ = [
    "RECORDED",
    "Claim",
    "Estimate",
    "Judgement",
    "MissingRecordsError",
    "Provenance",
    "Record",
    "RecordError",
    "Stats",
    "Verdict",
    "by_seed",
    "counted",
    "curves_frame",
    "difference",
    "estimate",
    "frame",
    "grouped",
    "home",
    "judge",
    "load",
    "mean_profile",
    "over_seeds",
    "paired_difference",
    "proportion",
    "provenance_line",
    "read",
    "select",
    "summarise",
    "table",
    "varying_fields",
    "write",
]
