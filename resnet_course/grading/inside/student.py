"""The process in which a student's code runs: its cells one after the other, then each test in a fork."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from ..limits import Limits
from . import admission, ambient, recording
from .channel import Channel, Closed, Message
from .guards import Guards, Refused
from .job import Cell, Item, Job, unpack

Namespace = dict[str, Any]
Place = tuple[int, int]  # a cell's number, and a statement's in it


class CellTimeout(BaseException):
    """Raised in a cell whose time is up; no `except Exception` of a student's catches it."""


@contextmanager
def alarm(limits: Limits) -> Iterator[None]:
    """Raises CellTimeout in what overruns a cell's time."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise CellTimeout(f"it took longer than {limits.cell} s")

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(limits.cell)
    try:
        yield
    finally:
        signal.alarm(0)


@dataclass
class Namespaces:
    """The set-up, run twice: once for the student's code to live in, once for the course's own cells."""

    student: Namespace
    course: Namespace
    guards: Guards
    originals: ambient.Originals

    @classmethod
    def prepared(cls, job: Job) -> "Namespaces":
        """Fresh namespaces in which the set-up has run."""
        spaces: list[Namespace] = [{"__name__": "__main__"}, {"__name__": "__main__"}]
        for space in spaces:
            for packed in job.setup:
                exec(unpack(packed), space)
        guards = Guards(spaces[0])
        if job.fenced:
            spaces[0]["__builtins__"] = guards.builtins()
        return cls(spaces[0], spaces[1], guards, ambient.Originals())


@dataclass
class CellResult:
    """What a cell has shown, and what of it was kept from running."""

    outputs: list[recording.Output] = field(default_factory=list)
    refused: list[tuple[str, list[str]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fail(self, error: recording.Output) -> None:
        """Show an error, if it is the first of the cell."""
        if not any(output["output_type"] == "error" for output in self.outputs):
            self.outputs.append(error)


@dataclass(frozen=True)
class Step:
    """A statement and where it stands: the number of its cell, and its own in the cell."""

    place: Place
    statement: admission.Statement


class Stuck(Exception):
    """A statement has overrun its time or filled the memory, so the process is spoilt."""

    def __init__(self, error: recording.Output) -> None:
        super().__init__()
        self.error = error


class Student:
    """Runs a student's cells in a namespace and remembers the answers that they define.

    `left_out` holds the statements that must not run again, with the errors that they ended in.
    """

    def __init__(
        self, job: Job, spaces: Namespaces, left_out: dict[Place, recording.Output], warden: Channel
    ) -> None:
        self._job = job
        self._spaces = spaces
        self._left_out = left_out
        self._warden = warden
        self._stubs = frozenset(d for stub in job.stubs.values() for d in admission.dump(stub))
        self._answers: Namespace = {}
        self._waiting: list[Step] = []
        self._refused: set[str] = set()  # names that what was refused would have defined

    # Cells.

    def run(self, number: int) -> CellResult:
        """Run a cell to its end; a statement that fails does not keep the next from running.

        Raises Stuck.
        """
        cell = self._job.cells[number]
        result = CellResult()
        with recording.printed(self._job.limits.output) as place:
            if cell.code:
                fault = self._guarded((number, 0), lambda: self._run_course(cell), result)
                self._show(fault, result)
            else:
                self._run_own_cell(number, cell, result)
        if place.text():
            result.outputs.insert(0, recording.stream(place.text()))
        return result

    def _run_own_cell(self, number: int, cell: Cell, result: CellResult) -> None:
        statements: list[admission.Statement] = []
        fault = self._guarded((number, -1), lambda: statements.extend(self._parsed(cell)), result)
        self._show(fault, result)
        for position, statement in enumerate(statements):
            self._run_own(Step((number, position), statement), result)

    def _parsed(self, cell: Cell) -> list[admission.Statement]:
        try:
            return admission.admit(cell.source, cell.label, self._stubs, self._job.fenced)
        except (RecursionError, MemoryError):
            raise SyntaxError("nested too deeply to be read") from None

    def _run_course(self, cell: Cell) -> None:
        """One of the course's own cells, with its own built-ins, beside what the student has made."""
        scope = {name: value for name, value in self._spaces.student.items() if name != "__builtins__"}
        exec(unpack(cell.code), scope)
        del scope["__builtins__"]
        self._spaces.student.update(scope)

    def _run_own(self, step: Step, result: CellResult) -> None:
        statement = step.statement
        if statement.refused:
            self._refuse(statement.refused, statement, result)
        elif statement.note:
            result.notes.append(statement.note)
        elif statement.code:
            fault = self._guarded(step.place, lambda: self._execute(statement), result)
            if isinstance(fault, Refused):
                self._refuse(str(fault), statement, result)
            elif isinstance(fault, NameError) and fault.name in self._refused:
                self._refuse(f"what was not run: `{fault.name}`", statement, result)
            else:
                self._show(fault, result)
            if isinstance(fault, NameError):
                self._waiting.append(step)

    @staticmethod
    def _show(fault: BaseException | None, result: CellResult) -> None:
        if fault is not None:
            result.fail(recording.failure(fault))

    def _refuse(self, what: str, statement: admission.Statement, result: CellResult) -> None:
        result.refused.append((what, sorted(statement.binds)))
        self._refused |= statement.binds

    def _guarded(
        self, place: Place, act: Callable[[], None], result: CellResult
    ) -> BaseException | None:
        """Do something in its time; the exception that it raised. Raises Stuck."""
        if place in self._left_out:
            result.fail(self._left_out[place])
            return None
        self._warden.send({"begin": place})
        try:
            with alarm(self._job.limits):
                act()
        except (CellTimeout, MemoryError) as fault:
            raise Stuck(recording.failure(fault)) from None
        except BaseException as fault:
            return fault
        return None

    def _execute(self, statement: admission.Statement) -> None:
        assert statement.code is not None
        value = eval(statement.code, self._spaces.student)
        if statement.shows and value is not None:
            print(repr(value))
        if statement.defines in self._job.stubs:
            self._answers[statement.defines] = self._spaces.student[statement.defines]

    def run_what_waited(self) -> None:
        """Run again what missed a name that a later cell has defined, until nothing more comes of it.

        Raises Stuck.
        """
        while self._waiting:
            steps = self._waiting
            self._waiting = []
            for step in steps:
                with recording.printed(0):
                    self._run_own(step, CellResult())
            if len(self._waiting) == len(steps):
                return

    # Checks and tests.

    def answers(self) -> Namespace:
        """Each task's answer: as last defined, else whatever bears its name, else as handed out."""
        unwritten = dict(self._spaces.course)
        for task, stub in self._job.stubs.items():
            exec(compile(stub, f"<{task}>", "exec"), unwritten)
        bound = {task: self._spaces.student.get(task, unwritten[task]) for task in self._job.stubs}
        return bound | self._answers

    def judge(self, item: Item) -> Message:
        """Run a check or a test on the answers; what came of it, as a message."""
        ambient.reset()
        scope = dict(self._spaces.course)
        scope.update(self.answers())
        self._spaces.guards.log.clear()
        fault: BaseException | None = None
        with recording.printed(self._job.limits.output) as place:
            try:
                with alarm(self._job.limits):
                    self._run_item(item, scope)
            except BaseException as raised:
                fault = raised
        return {
            "outcome": item.name,
            "nonce": item.nonce,
            "error": recording.failure(fault) if fault else None,
            "line": _line(fault, item.name),
            "missing": fault.name if isinstance(fault, NameError) else None,
            "refused": [*self._spaces.guards.log, *([str(fault)] if type(fault) is Refused else [])],
            "text": place.text(),
        }

    def _run_item(self, item: Item, scope: Namespace) -> None:
        exec(unpack(item.code), scope)
        if tampering := ambient.tampering():
            raise Refused(tampering)
        if replaced := self._spaces.originals.replaced():
            raise Refused(f"`{replaced}`, which is not what it was")


def _line(fault: BaseException | None, name: str) -> int | None:
    """The line of the cell at which an exception left it."""
    trace = fault.__traceback__ if fault else None
    line = None
    while trace:
        if trace.tb_frame.f_code.co_filename == f"<{name}>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def live(
    job: Job,
    spaces: Namespaces,
    left_out: dict[Place, recording.Output],
    warden: Channel,
    host: Channel,
) -> None:
    """The life of the process: the cells, then a fork for each word from the warden."""
    student = Student(job, spaces, left_out, warden)
    try:
        for number in range(len(job.cells)):
            result = student.run(number)
            warden.send({"cell": number} | vars(result))
        student.run_what_waited()
    except Stuck as stuck:
        warden.send({"stuck": stuck.error})
        return
    warden.send({"idle": True})
    while os.read(warden.reading, 1):
        process = os.fork()
        if not process:
            _in_a_fork(lambda: _judge_next(student, warden, host))
        os.waitpid(process, 0)
        warden.send({"idle": True})


def _judge_next(student: Student, warden: Channel, host: Channel) -> None:
    try:
        message = host.receive()
    except Closed:
        warden.send({"closed": True})
        return
    item = Item(**message)
    warden.send({"begin": item.name})
    warden.send(student.judge(item))


def _in_a_fork(act: Callable[[], None]) -> None:
    """Do something and end the process, whatever happens."""
    try:
        act()
    finally:
        os._exit(0)
