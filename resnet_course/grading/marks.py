"""What a submission has earned, and what still waits for a person: the one place where marks are decided."""

from dataclasses import dataclass

from .assignment import Assignment, Role
from .judge import Judged
from .matching import Matched
from .submissions import Submission


@dataclass(frozen=True)
class Mark:
    """The mark of one graded cell.

    Attributes:
        points: what the machine gives; None where only a person can say.
        waits: why a person has to look, or "".
    """

    cell: str
    task: str
    points: float | None
    maximum: float
    waits: str = ""


@dataclass(frozen=True)
class Report:
    """Everything about one submission.

    Attributes:
        marks: one for each graded cell, in order.
        notes: what was noticed, a sentence each.
        fault: why it could not be graded at all, or "".
    """

    submission: Submission
    matched: Matched
    judged: Judged
    marks: tuple[Mark, ...]
    notes: tuple[str, ...]
    fault: str = ""


def marks(wanted: Assignment, matched: Matched, judged: Judged) -> tuple[Mark, ...]:
    """A test gives its points when it has passed; an answer in words waits to be read."""
    given = []
    for cell in wanted.cells:
        if cell.role is Role.TEST:
            verdict = judged.verdicts.get(cell.name)
            passed = verdict is not None and verdict.passed
            held = verdict.held if verdict is not None else ""
            points = cell.points if passed else 0.0
            given.append(Mark(cell.name, cell.task, points, cell.points, held))
        elif cell.role is Role.WORDS and cell.points:
            answered = cell.name in matched.homes
            points = None if answered else 0.0
            waits = "an answer in words" if answered else ""
            given.append(Mark(cell.name, cell.task, points, cell.points, waits))
    return tuple(given)


def report(submission: Submission, wanted: Assignment, matched: Matched, judged: Judged) -> Report:
    """The report of a submission that was judged."""
    notes = [*matched.notes, *dict.fromkeys(judged.notes)]
    for refusal in judged.refusals:
        number = refusal.cell + 1
        notes.append(f"not run, in the {_ordinal(number)} cell: it reaches for {refusal.what}")
    given = marks(wanted, matched, judged)
    return Report(submission, matched, judged, given, tuple(notes))


def ungraded(submission: Submission, wanted: Assignment, fault: str) -> Report:
    """The report of a submission of which nothing could be graded."""
    matched = Matched(())
    judged = Judged()
    return Report(submission, matched, judged, marks(wanted, matched, judged), (), fault)


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"
