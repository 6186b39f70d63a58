"""Jobs on Ray, on this machine or many: one task per job, begun again when its worker dies."""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..records.store import keep
from .jobs import Ended, Job, attempt

RETRIES = 3  # of a job whose worker is killed or whose machine is lost
STARTS = 3  # of a cluster of our own: on a busy machine Ray's daemon may time out
# Ray reports to nobody, leaves GPUs visible to jobs that ask for none, and print as it is.
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TQDM_PATCH_PRINT": "0",
}


@dataclass(frozen=True)
class OnRay:
    """Jobs as tasks of Ray.

    Args:
        parallel: Workers of a cluster of our own, made here and ended.
        address: Of another cluster, which decides by itself how many jobs run at once.
        gpus: That each job asks for.
    """

    parallel: int
    address: str | None = None
    gpus: int = 0

    def run(self, jobs: Sequence[Job]) -> Iterator[Ended]:
        """See jobs.Launcher; raises RuntimeError where Ray is not installed."""
        os.environ |= ENVIRONMENT
        try:
            import ray
            import ray.exceptions
        except ImportError:
            raise RuntimeError(
                "Ray is not installed; `pip install 'resnet-course[cluster]'` brings it"
            ) from None
        self._connect()
        try:
            task = ray.remote(num_cpus=1, num_gpus=self.gpus, max_retries=RETRIES)(attempt)
            waiting = {}
            for job in jobs:
                silent = replace(job, progress=False)
                waiting[task.options(name=job.name).remote(silent)] = job
            while waiting:
                (reference,), _ = ray.wait(list(waiting))
                job = waiting.pop(reference)
                try:
                    ended: Ended = ray.get(reference)
                except ray.exceptions.RayError as error:
                    ended = Ended(job, error=error)
                for record in ended.records:  # the worker may have written it elsewhere
                    keep(record, job.root)
                yield ended
        finally:
            ray.shutdown()

    def _connect(self) -> None:
        import ray

        if self.address:
            ray.init(self.address, logging_level=logging.ERROR, log_to_driver=False)
            return
        for attempt_number in range(1, STARTS + 1):
            try:
                ray.init(
                    "local",
                    num_cpus=self.parallel,
                    include_dashboard=False,
                    logging_level=logging.ERROR,
                    log_to_driver=False,
                )
                return
            except Exception:  # Ray raises just that when its daemon is late
                ray.shutdown()
                if attempt_number == STARTS:
                    raise
