"""One submission judged: its cells run in a sandbox, then each check and each test, and marks given here.

What an answer does is done in the sandbox; whether a test has passed is decided in this process, by an
outcome that bears the word sent along with that test alone.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from .assignment import Assignment, Cell, Role
from .inside.channel import Message
from .inside.job import Cell as JobCell
from .inside.job import Item, Job, pack
from .limits import Limits
from .matching import Matched
from .notebook import clean
from .sandbox import Ended, Sandbox

Output = dict[str, Any]
HIDDEN = "### BEGIN HIDDEN TESTS"


@dataclass(frozen=True)
class Refusal:
    """Something that was kept from running beside the tests: what it reaches for, and what it would define."""

    cell: int
    what: str
    binds: frozenset[str]


@dataclass(frozen=True)
class Verdict:
    """What came of a check or a test.

    Attributes:
        passed: whether it ran to its end without an error.
        error: the error, as an output; None where it passed.
        text: what was printed.
        held: why an instructor has to look before the result counts, or "".
    """

    name: str
    passed: bool
    error: Output | None = None
    text: str = ""
    held: str = ""


@dataclass
class Judged:
    """All that came of a submission. `outputs` are those of the student's cells, by number."""

    outputs: dict[int, list[Output]] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def held(self) -> dict[str, str]:
        """The tests whose results wait for an instructor, with the reasons."""
        return {v.name: v.held for v in self.verdicts.values() if v.held}


def judge(matched: Matched, wanted: Assignment, limits: Limits, fenced: bool = True) -> Judged:
    """Run a submission in a sandbox of its own.

    Raises Unavailable where no sandbox can be had. Whatever else happens ends in the verdicts.
    """
    judged = Judged()
    with Sandbox(limits) as sandbox:
        try:
            sandbox.send(job(matched, wanted, limits, fenced, sandbox.mapped()).packed())
            for message in sandbox.messages():
                _take_cell(judged, message, matched)
            for cell in wanted.of(Role.CHECK, Role.TEST):
                judged.verdicts[cell.name] = _ask(sandbox, cell, judged)
        except Ended:
            pass
    for cell in wanted.of(Role.CHECK, Role.TEST):
        why = f"the notebook took longer than {limits.notebook} s, or its sandbox ended"
        judged.verdicts.setdefault(cell.name, _failed(cell.name, "SandboxEnded", why))
    return judged


def job(matched: Matched, wanted: Assignment, limits: Limits, fenced: bool, mapped: int) -> Job:
    """What the sandbox has to do: the student's cells in the student's order, the course's compiled."""
    answers = list(wanted.of(Role.ANSWER))
    return Job(
        setup=tuple(pack(compiled(cell)) for cell in wanted.of(Role.SETUP)),
        cells=tuple(_job_cell(matched, number) for number in program(matched)),
        stubs={cell.name: cell.released for cell in answers},
        fenced=fenced,
        limits=limits,
        mapped=mapped,
    )


def program(matched: Matched) -> list[int]:
    """Numbers of the cells to run: the student's own, and demonstrations as they were handed out."""
    runs = []
    for number, cell in enumerate(matched.cells):
        locked = matched.locked.get(number)
        if cell.kind == "code" and (locked is None or locked.role is Role.DEMONSTRATION):
            runs.append(number)
    return runs


def _job_cell(matched: Matched, number: int) -> JobCell:
    label = f"<cell {number}>"
    locked = matched.locked.get(number)
    if locked is not None:
        return JobCell(label, code=pack(compiled(locked)))
    return JobCell(label, source=matched.cells[number].source)


def compiled(cell: Cell) -> CodeType:
    """One of the course's own cells as code; its text stays here."""
    text = TransformerManager().transform_cell(cell.source)
    return compile(text, f"<{cell.name}>", "exec", dont_inherit=True)


def _take_cell(judged: Judged, message: Message, matched: Matched) -> None:
    if "fatal" in message:
        raise RuntimeError(f"the sandbox could not begin: {message['fatal']}")
    number = program(matched)[message["cell"]]
    judged.outputs[number] = safe_outputs(message["outputs"])
    judged.notes += [clean(note) for note in message["notes"]]
    for what, binds in message["refused"]:
        judged.refusals.append(Refusal(number, clean(what), frozenset(binds)))


def _ask(sandbox: Sandbox, cell: Cell, judged: Judged) -> Verdict:
    """Have a check or a test run, and decide what its outcome means. Raises Ended."""
    nonce = secrets.token_hex(16)
    sandbox.send(Item(cell.name, pack(compiled(cell)), nonce).packed())
    outcome = sandbox.receive()
    if "lost" in outcome:
        return _failed(cell.name, "CellKilled", str(outcome["why"]))
    if outcome.get("outcome") != cell.name or outcome.get("nonce") != nonce:
        return _failed(cell.name, "ForgedOutcome", "what came back does not bear this test's word")
    text = clean(str(outcome["text"])) if cell.role is Role.CHECK else ""
    if outcome["error"] is None:
        return Verdict(cell.name, True, text=text)
    (error,) = safe_outputs([outcome["error"]])
    _point_out(error, cell, outcome["line"])
    return Verdict(cell.name, False, error, text, _held(cell, outcome, judged.refusals))


def _held(cell: Cell, outcome: Message, refusals: Iterable[Refusal]) -> str:
    """Why a failure may be due to what was kept from running, or ""."""
    if cell.role is Role.CHECK:
        return ""
    if outcome["refused"]:
        return clean("; ".join(dict.fromkeys(outcome["refused"])))
    needed = {cell.task, outcome["missing"]}
    return "; ".join(dict.fromkeys(r.what for r in refusals if needed & r.binds))


def _point_out(error: Output, cell: Cell, line: int | None) -> None:
    """Add the line at which a visible part of a test failed; hidden lines are not shown."""
    visible = cell.source.split(HIDDEN)[0].splitlines()
    if line is not None and cell.role is Role.TEST and line <= len(visible):
        error["traceback"].insert(0, f"at: {visible[line - 1].strip()}")


def _failed(name: str, kind: str, why: str) -> Verdict:
    error = {"output_type": "error", "ename": kind, "evalue": why, "traceback": [f"{kind}: {why}"]}
    return Verdict(name, False, error)


def safe_outputs(outputs: list[Output]) -> list[Output]:
    """Outputs of a sandbox as a notebook may hold them: text and errors, and nothing else."""
    kept: list[Output] = []
    for output in outputs:
        kind = output.get("output_type")
        if kind == "stream":
            kept.append({"output_type": kind, "name": "stdout", "text": clean(str(output["text"]))})
        elif kind == "error":
            lines = [clean(str(line)) for line in output["traceback"]]
            name = clean(str(output["ename"]))
            message = clean(str(output["evalue"]))
            kept.append(
                {"output_type": kind, "ename": name, "evalue": message, "traceback": lines}
            )
    return kept
