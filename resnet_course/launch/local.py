"""Jobs on this machine: one after the other in this process, or side by side in processes."""

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace

from .jobs import Ended, Job, attempt

TRIES = 2  # of a job whose process is killed
WATCH_EVERY = 0.5  # seconds between looks whether the parent lives


@dataclass(frozen=True)
class InThisProcess:
    """One job after the other.

    `ends_with_error`: an error ends everything, as it must where several processes share each run
    and would wait for one another.
    """

    ends_with_error: bool = False

    def run(self, jobs: Sequence[Job]) -> Iterator[Ended]:
        """See jobs.Launcher."""
        for job in jobs:
            ended = Ended(job, job.run()) if self.ends_with_error else attempt(job)
            yield ended
            if self.ends_with_error and not ended.records:
                return


@dataclass(frozen=True)
class InProcesses:
    """Jobs side by side, each in a process: one that is killed takes no other with it.

    A killed job is begun again in a new process, from its last saved state; killed twice, it is
    reported. Processes end with their parent, however that ends.
    """

    parallel: int

    def run(self, jobs: Sequence[Job]) -> Iterator[Ended]:
        """See jobs.Launcher."""
        waiting = [replace(job, progress=False) for job in jobs]
        waiting.sort(key=lambda job: job.configs[0].depth)  # longest first, from the end
        killed: Counter[Job] = Counter()
        lanes = [_lane() for _ in range(min(self.parallel, len(waiting)))]
        running: dict[Future[Ended], tuple[Job, ProcessPoolExecutor]] = {}
        try:
            while waiting or running:
                while waiting and lanes:
                    job, lane = waiting.pop(), lanes.pop()
                    running[lane.submit(attempt, job)] = (job, lane)
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    job, lane = running.pop(future)
                    error = future.exception()
                    if not isinstance(error, BrokenProcessPool):
                        lanes.append(lane)
                        yield future.result()
                        continue
                    lanes.append(_lane())
                    killed[job] += 1
                    if killed[job] >= TRIES:
                        yield Ended(job, error=error)
                        continue
                    print(f"The process of {job.name} was killed; it begins again.")
                    waiting.append(job)
        finally:
            for lane in [*lanes, *(lane for _, lane in running.values())]:
                _end(lane)


def _lane() -> ProcessPoolExecutor:
    """A process for one job at a time."""
    context = multiprocessing.get_context("spawn")  # a fork would inherit torch's threads
    return ProcessPoolExecutor(1, context, initializer=_follow_parent, initargs=(os.getpid(),))


def _end(lane: ProcessPoolExecutor) -> None:
    """End a lane at once: what it writes, it writes whole."""
    processes = list((lane._processes or {}).values())
    lane.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def _follow_parent(parent: int) -> None:
    """Die by Ctrl-C or SIGTERM at once, and with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_EVERY)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
