"""Jobs on one GPU: several networks of one recipe in one process, each on a stream of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..recipes import Recipe, RunConfig
from .jobs import Ended, Job, attempt

RANDOM_VARIANTS = ("dropout-in-branch", "dropout-shortcut", "stochastic-depth")


@dataclass(frozen=True)
class OnStreams:
    """`parallel` networks at once; where a group fails, as for want of memory, each alone."""

    parallel: int

    def run(self, jobs: Sequence[Job]) -> Iterator[Ended]:
        """See jobs.Launcher."""
        for group in groups(jobs, self.parallel):
            ended = attempt(group)
            if ended.error is None or len(group.configs) == 1:
                yield ended
                continue
            kind = type(ended.error).__name__
            print(f"{len(group.configs)} runs side by side failed ({kind}); now one by one.")
            for config in group.configs:
                yield attempt(replace(group, configs=(config,)))


def groups(jobs: Sequence[Job], size: int) -> list[Job]:
    """Jobs of up to `size` networks of one recipe (but for warm-up) and about one depth.

    Networks that draw random numbers as they train stay alone: captured graphs on two streams would
    share one generator.
    """
    alike: dict[tuple[Recipe, str], list[Job]] = {}
    for job in sorted(jobs, key=lambda job: -job.configs[0].depth):
        config = job.configs[0]
        alone = config.name if config.variant in RANDOM_VARIANTS else ""
        alike.setdefault((replace(config.recipe, warmup_steps=0), alone), []).append(job)
    joined = []
    for members in alike.values():
        for first in range(0, len(members), size):
            joined.append(_joined(members[first : first + size]))
    return joined


def _joined(jobs: Sequence[Job]) -> Job:
    configs: list[RunConfig] = []
    for job in jobs:
        configs += job.configs
    return replace(jobs[0], configs=tuple(configs))
