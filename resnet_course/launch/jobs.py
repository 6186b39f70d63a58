"""A job: runs that one process does at once, whatever launches it, here or elsewhere."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from .. import studies
from ..recipes import RunConfig, for_tier
from ..records.schema import Record
from ..records.store import RECORDED, weights_path
from ..studies import Study
from ..training.runtime import Runtime


@dataclass(frozen=True)
class Job:
    """Runs of one recipe that are done at once, by one process.

    Args:
        study: Slug of the study.
        configs: One, or several that are trained side by side.
        root: Folder of records.
        runtime: How they are computed.
        keep_weights: Keep the trained weights beside each record.
        deadline: Reading of time.time after which to stop, resumable.
        progress: Show a bar.
        command: Command line, for the records.
    """

    study: str
    configs: tuple[RunConfig, ...]
    root: Path
    runtime: Runtime
    keep_weights: bool
    deadline: float
    progress: bool
    command: str

    @property
    def name(self) -> str:
        """Its runs by name."""
        return ", ".join(config.name for config in self.configs)

    def run(self) -> list[Record]:
        """Do the runs and return their records; [] where the deadline passed first."""
        seconds = self.deadline - time.time()
        if seconds <= 0 and self.runtime.processes == 1:  # several agree on it while they train
            return []
        study = studies.get(self.study)
        if study.run_custom or not study.trains:
            return [self._measure(study, config) for config in self.configs]
        return self._train(study, seconds)

    def _train(self, study: Study, seconds: float) -> list[Record]:
        from ..training.fit import FitOptions, fit

        weights = {}
        for config in self.configs:
            path = weights_of(study, config, self.root)
            if path is not None:
                weights[config] = path
        options = FitOptions(self.root, self.keep_weights, seconds, self.progress, self.command)
        return fit(self.configs, study.slug, self.runtime, options, study.probe, weights)

    def _measure(self, study: Study, config: RunConfig) -> Record:
        from ..training import probing

        if study.run_custom:
            return probing.record_custom(
                config, study.slug, study.run_custom, self.root, self.command
            )
        weights = weights_of(study, config, self.root)
        if weights is None or study.probe is None:
            raise ValueError(f"{config.name} has no trained network to probe")
        return probing.record_probe(
            config, study.slug, study.probe, weights, self.root, command=self.command
        )


@dataclass(frozen=True)
class Ended:
    """A job that ended: with records, with none because it stopped in time, or with an error."""

    job: Job
    records: Sequence[Record] = ()
    error: Exception | None = None


class Launcher(Protocol):
    """Where jobs run."""

    def run(self, jobs: Sequence[Job]) -> Iterator[Ended]:
        """Run all jobs and yield each as it ends; one that fails does not stop the others."""
        ...


def attempt(job: Job) -> Ended:
    """Run a job in this process."""
    try:
        return Ended(job, job.run())
    except Exception as error:  # one failing run does not stop the others; it is reported
        return Ended(job, error=error)


def starting_network(study: Study, config: RunConfig) -> RunConfig | None:
    """The run whose trained network `config` probes or grows from, by the tier's own recipe.

    None for a run that draws its own weights.
    """
    if study.trains and not config.start_depth:
        return None
    return replace(
        config,
        depth=config.start_depth or config.depth,
        start_depth=0,
        label="",
        recipe=for_tier(config.tier),
    )


def weights_of(study: Study, config: RunConfig, root: Path) -> Path | None:
    """The weights that `config` begins with: the reader's own, else the package's, else None."""
    before = starting_network(study, config)
    if before is None or study.base is None:
        return None
    for place in (root, RECORDED):
        path = weights_path(place, study.base, before)
        if path.exists():
            return path
    return None
