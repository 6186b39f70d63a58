"""Run a record again, and say whether the same numbers come out."""

import math
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..records.schema import Record
from ..training.runtime import Runtime
from .jobs import Job

TOLERANCE = 5.0  # points of error, or percent of another number: rounding grows as training goes on


class Likeness(StrEnum):
    """How like a repeated run is to its record."""

    EQUAL = "equal to the last digit"
    CLOSE = "within tolerance"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Comparison:
    """A record beside its repetition; `largest` is the largest difference of a final metric."""

    record: Record
    again: Record
    likeness: Likeness
    largest: float


def reproduce(record: Record) -> Comparison:
    """Run a record again on this machine's CPU, as it was run, and compare.

    Raises:
        ValueError: It was computed in another way than this machine can, or with weights that are
            not here.
    """
    runtime = Runtime(
        "cpu",
        record.provenance.precision,
        checkpoint_blocks=record.provenance.checkpoint_blocks,
        devices=record.provenance.processes,
    )
    with tempfile.TemporaryDirectory() as folder:
        job = Job(
            study=record.study,
            configs=(record.config,),
            root=Path(folder),
            runtime=runtime,
            keep_weights=False,
            deadline=time.time() + math.inf,
            progress=True,
            command=f"resnet-course reproduce {record.study}/{record.tier}/{record.config.name}",
        )
        (again,) = job.run()
    return compare(record, again)


def compare(record: Record, again: Record) -> Comparison:
    """Say how like two records of one run are, by all their numbers."""
    largest = max((_gap(a, b) for a, b in _finals(record, again)), default=0.0)
    if _same(record, again):
        likeness = Likeness.EQUAL
    else:
        likeness = Likeness.CLOSE if largest <= TOLERANCE else Likeness.DIFFERENT
    return Comparison(record, again, likeness, largest)


def _same(record: Record, again: Record) -> bool:
    """Whether every number is the same; NaN is the same as NaN."""
    return _numbers(record) == _numbers(again)


def _numbers(record: Record) -> str:
    curves = {name: list(values) for name, values in record.curves.items()}
    profiles = {name: list(values) for name, values in record.profiles.items()}
    return repr((curves, dict(record.final), profiles))


def _finals(record: Record, again: Record) -> Iterable[tuple[float, float]]:
    if set(record.final) != set(again.final):
        yield math.inf, 0.0
    for metric, value in record.final.items():
        if metric.endswith("error"):
            yield value, again.final.get(metric, math.inf)


def _gap(value: float, again: float) -> float:
    if math.isnan(value) and math.isnan(again):
        return 0.0
    return abs(value - again) if math.isfinite(value - again) else math.inf
