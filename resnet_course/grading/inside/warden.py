"""The first process of a sandbox: it imports what notebooks import, and watches the processes that run them.

It runs no student's code. A cell or a test that overruns its time, fills the memory or kills its
process loses its own points: everything but the warden is ended, and the notebook run again without it.
"""

import os
import select
import signal
import time
from contextlib import suppress

from ..limits import GRACE
from . import confinement
from .channel import Channel, Closed, Message
from .job import Job, unpacked
from .recording import Output
from .recording import error as failed
from .student import Namespaces, Place, live

MOST_STARTS = 20


def warm_up() -> None:
    """Import what takes long, so that every fork has it."""
    import torch
    import torchvision  # noqa: F401

    import resnet_course.checks  # noqa: F401

    torch.set_num_threads(1)
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)  # the first one imports a great deal


class Died(Exception):
    """A process ended, or had to be ended, before it had said that it was done."""

    def __init__(self, why: str, error: Output | None = None) -> None:
        super().__init__(why)
        self.error = error or failed("CellKilled", why)


class Warden:
    """Runs one submission: `cells`, then `items` for as long as the host sends them."""

    def __init__(self, host: Channel, job: Job) -> None:
        self._host = host
        self._job = job
        self._spaces = Namespaces.prepared(job)
        self._left_out: dict[Place, Output] = {}
        self._told: set[int] = set()  # cells whose results the host has
        self._at: Place | str | None = None  # the statement or item that is running
        self._student = Channel(-1, -1)

    def cells(self) -> None:
        """Run the cells until nothing but the offending statements is missing; tell the host of each.

        Raises Died when they cannot be run even without those.
        """
        for _ in range(MOST_STARTS):
            self._start()
            try:
                self._follow()
            except Died as death:
                self._end_all()
                if not isinstance(self._at, tuple):
                    raise
                self._left_out[self._at] = death.error
            else:
                return
        raise Died("too many of its statements had to be left out")

    def items(self) -> None:
        """Judge what the host sends. An item that dies is lost, and the notebook is set up again."""
        while True:
            os.write(self._student.writing, b"!")
            try:
                self._follow()
            except Closed:
                return
            except Died as death:
                lost = self._at
                self._end_all()
                self.cells()
                self._host.send({"lost": lost, "why": str(death)})

    def _start(self) -> None:
        to_student, from_student = os.pipe(), os.pipe()
        if not os.fork():
            os.close(self._host.writing)
            warden = Channel(to_student[0], from_student[1])
            try:
                live(self._job, self._spaces, self._left_out, warden, self._host)
            except BaseException as fault:
                warden.send({"fatal": f"{type(fault).__name__}: {fault}"})
            finally:
                os._exit(0)
        os.close(to_student[0])
        os.close(from_student[1])
        self._student = Channel(from_student[0], to_student[1])

    def _follow(self) -> None:
        """Pass on what the student's process says until it is idle. Raises Died, or Closed at the end."""
        self._at = None
        due = time.monotonic() + self._job.limits.notebook
        while True:
            message = self._next(due)
            due = time.monotonic() + self._job.limits.cell + GRACE
            if "begin" in message:
                begun = message["begin"]
                self._at = tuple(begun) if isinstance(begun, list) else begun
            elif "idle" in message:
                if isinstance(self._at, str):
                    raise Died("its process ended")
                return
            elif "closed" in message:
                raise Closed
            elif "stuck" in message:
                raise Died(message["stuck"]["evalue"], message["stuck"])
            else:
                self._pass_on(message)

    def _next(self, due: float) -> Message:
        reading = self._student.reading
        ready, _, _ = select.select([reading], [], [], max(0.0, due - time.monotonic()))
        if not ready:
            raise Died("it did not end when its time was up")
        try:
            return self._student.receive()
        except Closed:
            raise Died("it ended its process, by exhausting the memory or by leaving") from None

    def _pass_on(self, message: Message) -> None:
        number = message.get("cell")
        if number is None:  # an outcome
            self._at = None
            self._host.send(message)
        elif number not in self._told:
            self._told.add(number)
            self._host.send(message)

    def _end_all(self) -> None:
        """End every process of the sandbox but this one, which is its first."""
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        with suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        os.close(self._student.reading)
        os.close(self._student.writing)


def own_channel() -> Channel:
    """The channel to the host, moved from standard input and output to where no print can reach it."""
    channel = Channel(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    return channel


def serve() -> None:
    """The life of a sandbox: warm up, take one job, run its cells, judge until the host has no more."""
    if os.getpid() != 1:
        raise SystemExit("this runs in a sandbox only, as its first process")
    warm_up()
    host = own_channel()
    host.send({"ready": True})
    try:
        job = unpacked(host.receive())
        confinement.settle()
        confinement.give_up_root()
        confinement.set_limits(job.limits, job.mapped)
        warden = Warden(host, job)
    except Exception as fault:
        host.send({"fatal": f"{type(fault).__name__}: {fault}"})
        return
    warden.cells()
    host.send({"idle": True})
    warden.items()
