"""What a launch says: what it will cost, and how each job ended."""

import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..recipes import RunConfig
from ..records.aggregate import counted
from ..records.schema import Record
from ..studies import Study
from ..training.runtime import Runtime
from .jobs import Ended

if TYPE_CHECKING:
    from ..training.cost import Hooks


def say_cost(study: Study | None, todo: Sequence[RunConfig], runtime: Runtime, lanes: int) -> None:
    """Print what `todo` will cost, from a few timed steps; `lanes` run at once.

    A depth whose cost cannot be told is named, and the sum is then a lower bound.
    """
    from ..training import cost
    from ..training.runtime import resolve

    if not todo:
        print("Everything asked for is recorded already.")
        return
    runtime = resolve(runtime)
    seconds: dict[RunConfig, float] = {}
    untold = []
    for depth in dict.fromkeys(config.depth for config in todo):
        alike = [config for config in todo if config.depth == depth]
        with _if_it_can_be_told(f"The cost of {depth} layers"):
            seconds |= cost.seconds_of_runs(alike, runtime, hooks_of(study))
        if alike[0] not in seconds:
            untold.append(depth)
    lanes = min(lanes, len(todo), os.cpu_count() or 1) if runtime.device == "cpu" else 1
    total = duration(sum(seconds.values()) / lanes)
    about = f"at least {total}" if untold else f"about {total}"
    print(f"{_what(study, todo)}, {about} on this {runtime.device.upper()}.")


def hooks_of(study: Study | None) -> "Hooks":
    """What a study does with networks; without a study it trains them."""
    from ..training.cost import Hooks

    if study is None:
        return Hooks()
    return Hooks(study.trains, study.probe, study.run_custom)


def _what(study: Study | None, todo: Sequence[RunConfig]) -> str:
    if study and not study.trains:
        return counted(len(todo), "network") + " to probe"
    examples = sum(config.recipe.iterations * config.recipe.batch_size for config in todo)
    return f"{counted(len(todo), 'run')}, {counted(examples, 'training example')}"


def say_memory(study: Study | None, todo: Sequence[RunConfig], runtime: Runtime) -> None:
    """Print what the deepest network of `todo` takes in memory while it trains."""
    from ..training import cost
    from ..training.runtime import resolve

    if not todo or (study and (study.run_custom or not study.trains)):
        return
    runtime = resolve(runtime)
    deepest = max(todo, key=lambda config: config.depth)
    how = "measured" if runtime.device == "cuda" else "counted in float32"
    with _if_it_can_be_told(f"The memory of {deepest.name}"):
        taken = cost.bytes_to_train(deepest, runtime) / 2**30
        print(f"Training {deepest.name} takes about {taken:.2g} GiB of memory, {how}.")


@contextmanager
def _if_it_can_be_told(what: str) -> Generator[None]:
    try:
        yield
    except Exception as error:  # whatever ails a network is reported again when its turn comes
        print(f"{what} cannot be told ({type(error).__name__}: {error}).")


def duration(seconds: float) -> str:
    """Seconds in words: 8 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def say_end(ended: Ended) -> None:
    """Print how a job ended."""
    name = ended.job.name
    if ended.error is not None:
        print(f"{name} failed: {type(ended.error).__name__}: {ended.error}", flush=True)
    elif not ended.records:
        print(f"{name} stopped in time; run the same command again to go on.", flush=True)
    for record in ended.records:
        print(f"{record.config.name}: {_final(record)}", flush=True)


def _final(record: Record) -> str:
    parts = []
    for metric, value in record.final.items():
        if not metric.endswith("loss"):
            parts.append(f"{metric.replace('_', ' ')} {value:.4g}")
    if record.diverged:
        parts.append("diverged")
    return ", ".join([*parts, duration(record.provenance.wall_seconds)])


def silence_other_ranks(processes: int) -> bool:
    """Whether this is the first of the processes that share runs; the others print nothing more."""
    from ..training.callbacks import is_rank_zero

    if processes == 1 or is_rank_zero():
        return True
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    return False
