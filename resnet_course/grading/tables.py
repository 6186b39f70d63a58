"""The tables of a graded class: grades.csv for people, and those that Canvas and Moodle import.

grades.csv is also read again: points that somebody has typed into a task's column are points by hand, and
stay when the class is graded anew.
"""

import csv
import io
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .assignment import Assignment
from .submissions import Submission

BEFORE = ("id", "student", "file", "points", "maximum", "percent", "state")
AFTER = ("by_hand", "notes", "set_aside")


@dataclass(frozen=True)
class Row:
    """One submission's line.

    Attributes:
        tasks: points of each task; None where somebody has to read it first.
        state: "graded", or what is still to be done, or why nothing was graded.
        by_hand: the tasks whose points somebody has typed.
    """

    submission: Submission
    tasks: dict[str, float | None]
    maximum: float
    state: str
    by_hand: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """Points so far; what nobody has read yet counts nothing."""
        return sum(points or 0.0 for points in self.tasks.values())

    def line(self) -> str:
        """The row as one line of a terminal."""
        score = f"{number(self.points):>5} of {number(self.maximum)}"
        notes = f"  ({'; '.join(self.notes)})" if self.notes else ""
        return f"  {self.submission.key:<24} {score}  {self.state}{notes}"


def write(rows: list[Row], wanted: Assignment, root: Path) -> list[Path]:
    """Write the tables into `root`, each whole or not at all; the files written."""
    tables = {"grades": _grades(rows, wanted)}
    if _from(rows, "canvas") or not _from(rows, "moodle"):
        tables["canvas"] = _canvas(rows, wanted)
    if moodle := _from(rows, "moodle"):
        tables["moodle"] = _moodle_worksheet(moodle)
    elif not _from(rows, "canvas"):
        tables["moodle"] = _moodle_import(rows, wanted)
    for name in ("canvas", "moodle"):  # of an earlier run, from another platform
        if name not in tables:
            (root / f"{name}.csv").unlink(missing_ok=True)
    # Excel knows UTF-8 by a mark at the beginning, which not every platform's import understands.
    encodings = {"grades": "utf-8-sig"}
    return [
        _write(lines, root / f"{name}.csv", encodings.get(name, "utf-8"))
        for name, lines in tables.items()
    ]


Lines = list[list[str]]


def _from(rows: list[Row], platform: str) -> list[Row]:
    return [row for row in rows if row.submission.person.platform == platform]


def _grades(rows: list[Row], wanted: Assignment) -> Lines:
    lines = [[*BEFORE, *wanted.tasks, *AFTER]]
    for row in rows:
        submission = row.submission
        file = submission.path.name if submission.path else ""
        percent = f"{100 * row.points / row.maximum:.1f}"
        before = [submission.key, submission.person.name, file]
        before += [number(row.points), number(row.maximum), percent, row.state]
        tasks = [number(row.tasks.get(task)) for task in wanted.tasks]
        after = [" ".join(row.by_hand), " | ".join(row.notes)]
        after.append(" | ".join(map(str, submission.set_aside)))
        lines.append([*before, *tasks, *after])
    return lines


def _canvas(rows: list[Row], wanted: Assignment) -> Lines:
    """Canvas's gradebook import: it knows people by ID, or by login where the names are logins."""
    lines = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", wanted.title]]
    lines.append(["    Points Possible", "", "", "", "", number(wanted.points)])
    for row in rows:
        person = row.submission.person
        user = person.number if person.platform == "canvas" else ""
        login = "" if user else person.name
        lines.append([person.name, user, "", login, "", number(row.points)])
    return lines


def _moodle_worksheet(rows: list[Row]) -> Lines:
    """Moodle's grading worksheet, which it takes back under Upload grading worksheet."""
    lines = [["Identifier", "Full name", "Grade", "Maximum grade", "Feedback comments"]]
    for row in rows:
        person = row.submission.person
        identifier = f"Participant {person.number}"
        comment = "" if row.state == "graded" else row.state
        line = [identifier, person.name, number(row.points), number(row.maximum), comment]
        lines.append(line)
    return lines


def _moodle_import(rows: list[Row], wanted: Assignment) -> Lines:
    """For Moodle's Grades > Import > CSV file, where the names are user names."""
    lines = [["username", wanted.title, f"{wanted.title} (feedback)"]]
    for row in rows:
        comment = "" if row.state == "graded" else row.state
        lines.append([row.submission.person.name, number(row.points), comment])
    return lines


def number(points: float | None) -> str:
    """Points as a person writes them; nothing for none."""
    return "" if points is None else f"{points:.4f}".rstrip("0").rstrip(".")


def safe(text: str) -> str:
    """Text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _write(lines: Lines, path: Path, encoding: str) -> Path:
    unfinished = path.with_suffix(".csv.part")
    with open(unfinished, "w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows([safe(value) for value in line] for line in lines)
    os.replace(unfinished, path)
    return path


def keep_copy(path: Path) -> Path | None:
    """Copy a table that is about to be written again to `earlier/`, named by its time; None if there is none."""
    if not path.exists():
        return None
    when = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(path.stat().st_mtime))
    copy = path.parent / "earlier" / f"{path.stem}-{when}.csv"
    copy.parent.mkdir(exist_ok=True)
    shutil.copy2(path, copy)
    return copy


def typed(path: Path, known: Mapping[str, Mapping[str, float | None]]) -> dict[str, dict[str, float | None]]:
    """What somebody has changed in grades.csv since it was written.

    Args:
        known: each row's points as they were written, by id and task.

    Returns:
        The changed points, by id and task; None where a number was taken out.

    Raises:
        ValueError: the table cannot be understood; the message says where.
    """
    if not path.exists():
        return {}
    changes: dict[str, dict[str, float | None]] = {}
    for line in _read(path):
        key = line.get("id", "").removeprefix("'")
        for task, before in known.get(key, {}).items():
            now = _points(line.get(task, ""), key, task)
            if number(now) != number(before):
                changes.setdefault(key, {})[task] = now
    return changes


def _read(path: Path) -> Iterable[dict[str, str]]:
    """The lines of a table that a spreadsheet may have saved, with semicolons or in its own encoding."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    lines = list(csv.DictReader(io.StringIO(text), delimiter=separator))
    if not lines or "id" not in lines[0]:
        raise ValueError(f"{path} has no column `id` any more; put it back or move the file away")
    return [{name: value or "" for name, value in line.items() if name} for line in lines]


def _points(text: str, key: str, task: str) -> float | None:
    text = text.strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"grades.csv has {text!r} as the points of {key} for {task}; a number is needed") from None
