"""From what a run measured to its record: the one place that assembles and keeps one."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..recipes import RunConfig
from . import provenance
from .schema import Provenance, Record, Series
from .store import keep


@dataclass(frozen=True)
class Outcome:
    """What a run measured: see Record for the fields."""

    curves: Series = field(default_factory=dict)
    final: Mapping[str, float] = field(default_factory=dict)
    profiles: Series = field(default_factory=dict)
    stopped_at: int | None = None


@dataclass(frozen=True)
class Conditions:
    """Under which conditions: see Provenance for the fields.

    `study_files`: code of the study that had a part in the numbers. `training_seconds`: where a run
    was resumed, the time of all its parts.
    """

    data: str
    device: str = "cpu"
    precision: str = "fp32"
    cuda_graph: bool = False
    checkpoint_blocks: int = 0
    side_by_side: int = 1
    processes: int = 1
    command: str = ""
    weights: str | None = None
    weights_from: str | None = None
    study_files: Sequence[Path] = ()
    training_seconds: float | None = None


def record_run(
    study: str,
    config: RunConfig,
    outcome: Outcome,
    conditions: Conditions,
    clock: provenance.Clock,
    root: Path | None,
) -> Record:
    """Assemble the record of a run that began at `clock`, keep it below `root`, and return it.

    Without a root it is not kept: of several processes that train together, one writes.
    """
    made = _provenance(config, outcome, conditions, clock)
    record = Record(
        study=study,
        config=config,
        curves=outcome.curves,
        final=outcome.final,
        provenance=made,
        profiles=outcome.profiles,
        stopped_at=outcome.stopped_at,
    )
    if root is not None:
        keep(record, root)
    return record


def _provenance(
    config: RunConfig, outcome: Outcome, conditions: Conditions, clock: provenance.Clock
) -> Provenance:
    seconds = conditions.training_seconds
    if seconds is None:
        seconds = time.perf_counter() - clock.wall
    examples = (outcome.stopped_at or config.recipe.iterations) * config.recipe.batch_size
    trained = conditions.weights is None
    return Provenance(
        source=provenance.source_address(conditions.study_files),
        commit=provenance.commit(),
        data=conditions.data,
        libraries=provenance.libraries(),
        hardware=provenance.hardware(conditions.device),
        started=clock.started.isoformat(timespec="seconds"),
        wall_seconds=round(seconds, 2),
        cpu_seconds=round(time.process_time() - clock.cpu, 2),
        images_per_second=round(examples / max(seconds, 1e-9), 1) if trained else None,
        threads=1 if conditions.device == "cpu" else None,
        precision=conditions.precision,
        cuda_graph=conditions.cuda_graph,
        checkpoint_blocks=conditions.checkpoint_blocks,
        side_by_side=conditions.side_by_side,
        processes=conditions.processes,
        command=conditions.command,
        weights=conditions.weights,
        weights_from=conditions.weights_from,
    )
