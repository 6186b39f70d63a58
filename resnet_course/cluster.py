"""A grid of runs on Ray, on this machine or many: one task a run, begun again elsewhere when its worker dies."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping

RETRIES = 3  # of a run whose worker is killed or whose machine is lost
SILENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}  # Ray reports to nobody
SILENT |= {"RAY_TQDM_PATCH_PRINT": "0"}  # and leaves print as it is


def run(
    jobs: Mapping[str, Callable[[], object]], parallel: int, address: str | None = None, gpus: int = 0
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Each name as its job ends, with what then gives the job's result or raises its error.

    Jobs must bear being begun again. Without an `address` a cluster of `parallel` workers is made here and ended;
    with one, that decides how many run at once. `gpus`: of a job. Raises RuntimeError where Ray is not installed.
    """
    os.environ |= SILENT
    try:
        import ray
    except ImportError:
        raise RuntimeError("Ray is not installed; `pip install 'resnet-course[cluster]'` brings it") from None
    here = {"address": address or "local"} | ({} if address else {"num_cpus": parallel, "include_dashboard": False})
    ray.init(**here, logging_level=logging.ERROR, log_to_driver=False)

    def result(task):
        try:
            return ray.get(task)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None

    try:
        remote = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=RETRIES)(lambda job: job())
        waiting = {remote.options(name=name).remote(job): name for name, job in jobs.items()}
        while waiting:
            (ended,), _ = ray.wait(list(waiting))
            yield waiting.pop(ended), lambda ended=ended: result(ended)
    finally:
        ray.shutdown()
