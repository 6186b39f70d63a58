"""A class graded: from a folder of whatever was handed in to tables, gradebook and a page for each student.

Every submission ends in the tables, whatever is in it; what cannot be graded is there with the reason.
"""

import os
import sys
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from . import assignment, feedback, release, sandbox, submissions, tables
from .arrange import arranged
from .assignment import Assignment
from .gradebook import Book
from .judge import judge
from .limits import Limits
from .marks import Report, report, ungraded
from .matching import match
from .submissions import Submission


@dataclass(frozen=True)
class Options:
    """How a class is graded.

    Attributes:
        processes: submissions at a time.
        trusted: ids of submissions whose code an instructor has read: nothing is kept from their tests.
    """

    processes: int = field(default_factory=lambda: min(2, os.cpu_count() or 1))
    limits: Limits = field(default_factory=Limits)
    trusted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Graded:
    """The outcome: where it is, a row for each submission, and what an instructor should look at."""

    root: Path
    rows: list[tables.Row]
    warnings: list[str]


def grade_class(
    folder: Path, out: Path, slug: str | None = None, options: Options | None = None
) -> Graded:
    """Grade a folder of submissions into `out`/ASSIGNMENT.

    Args:
        folder: what Canvas or Moodle export, or a folder or a file a student.
        out: folder of the results; a second run keeps points that people have given.
        slug: the assignment, or how its name begins; None for the one that most people answer.

    Raises:
        ValueError: there is nothing to grade, or it cannot be said which assignment it is.
        sandbox.Unavailable: students' code cannot be kept apart on this machine.
    """
    options = options or Options()
    _refuse_sources(folder)
    sandbox.probe()
    known = [assignment.load(name) for name in assignment.slugs()]
    collected = submissions.collect(folder, known)
    chosen_slug = _whole(slug) if slug else submissions.vote(collected.everyone)
    wanted = next(a for a in known if a.slug == chosen_slug)
    handed_in = submissions.choose(collected.everyone, wanted.slug)
    _check_trusted(options.trusted, handed_in)
    run = _Run(wanted, out.absolute() / wanted.slug, options)
    rows = run.grade(handed_in)
    warnings = submissions.clashes(handed_in)
    warnings += [f"not a submission: {stray}" for stray in collected.strays]
    return Graded(run.root, rows, warnings)


def _refuse_sources(folder: Path) -> None:
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    inside = folder.resolve()
    if inside == assignment.EXERCISES or inside in assignment.EXERCISES.parents:
        raise ValueError(f"{folder} holds the course itself, with its solutions; name a folder of submissions")


def _whole(slug: str) -> str:
    fitting = [name for name in assignment.slugs() if name.startswith(slug)]
    if slug in fitting:
        return slug
    if len(fitting) != 1:
        raise ValueError(f"no single assignment is called {slug!r}; there are {', '.join(assignment.slugs())}")
    return fitting[0]


def _check_trusted(trusted: frozenset[str], handed_in: list[Submission]) -> None:
    if unknown := trusted - {submission.key for submission in handed_in}:
        raise ValueError(f"nobody here has the id {', '.join(sorted(unknown))}; ids are in grades.csv")


class _Run:
    """One class being graded."""

    def __init__(self, wanted: Assignment, root: Path, options: Options) -> None:
        self.wanted = wanted
        self.root = root
        self._options = options
        self._exporter = feedback.exporter()
        self._began = time.monotonic()

    def grade(self, handed_in: list[Submission]) -> list[tables.Row]:
        """Judge everybody, then write what came of it."""
        self.root.mkdir(parents=True, exist_ok=True)
        print(f"{self.wanted.slug}: {len(handed_in)} submissions", flush=True)
        try:
            release.generate(self.wanted.slug, self.root)
        except RuntimeError as fault:
            raise ValueError(f"{self.root} was made for another version of the assignment: {fault}") from None
        with Book(self.root, self.wanted.slug) as book:
            self._read_back(book, handed_in)
            rows: dict[str, tables.Row] = {}
            for done, each in enumerate(self._reports(handed_in), start=1):
                row = self._write(each, book)
                rows[row.submission.key] = row
                self._say(done, len(handed_in), row)
        ordered = [rows[submission.key] for submission in handed_in]
        tables.write(ordered, self.wanted, self.root)
        return ordered

    def _read_back(self, book: Book, handed_in: list[Submission]) -> None:
        """Take over points that somebody has typed into the table of an earlier run, and keep a copy of it."""
        table = self.root / "grades.csv"
        known = {submission.key: book.scores(submission.key) for submission in handed_in}
        for key, tasks in tables.typed(table, known).items():
            for task, points in tasks.items():
                book.set_by_hand(key, task, points)
                print(f"  points by hand: {key}, {task}: {tables.number(points) or 'taken back'}")
        tables.keep_copy(table)

    def _reports(self, handed_in: list[Submission]) -> Iterator[Report]:
        """The reports, each as soon as it is there."""
        pool = ThreadPoolExecutor(self._options.processes)
        futures: dict[Future[Report], Submission] = {pool.submit(self._judge, s): s for s in handed_in}
        try:
            yield from (future.result() for future in as_completed(futures))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _judge(self, submission: Submission) -> Report:
        """Judge one; whatever goes wrong is its report's fault, and nobody else's."""
        if submission.reason:
            return ungraded(submission, self.wanted, submission.reason)
        is_trusted = submission.key in self._options.trusted
        try:
            matched = match(submission.cells, self.wanted)
            judged = judge(matched, self.wanted, self._options.limits, not is_trusted)
        except sandbox.Unavailable as fault:
            return ungraded(submission, self.wanted, str(fault))
        except Exception as fault:
            print(traceback.format_exc(), file=sys.stderr)
            why = f"the grader itself failed on it ({type(fault).__name__}); grade it by hand"
            return ungraded(submission, self.wanted, why)
        return report(submission, self.wanted, matched, judged)

    def _write(self, each: Report, book: Book) -> tables.Row:
        """Write a submission's notebooks, marks and page; its row."""
        key = each.submission.key
        is_new = self._keep("submitted", key, arranged(each, self.wanted, show_hidden=False))
        self._keep("autograded", key, arranged(each, self.wanted, show_hidden=True))
        book.record(key, each.submission.person.name, each.marks, is_new)
        student_copy = arranged(each, self.wanted, show_hidden=False)
        page = feedback.page(
            self._exporter, student_copy, self.wanted, book.cells(key), book.comments(key)
        )
        path = self._place("feedback", key, "html")
        path.write_text(page, encoding="utf-8")
        return self._row(each, book)

    def _keep(self, kind: str, key: str, notebook: nbformat.NotebookNode) -> bool:
        """Write a notebook where nbgrader looks for it; whether another one was there before."""
        for cell in notebook.cells if kind == "submitted" else ():
            if cell.cell_type == "code":
                cell.outputs = []
        text = nbformat.writes(notebook)
        path = self._place(kind, key, "ipynb")
        is_new = path.exists() and path.read_text(encoding="utf-8") != text
        path.write_text(text, encoding="utf-8")
        return is_new

    def _place(self, kind: str, key: str, ending: str) -> Path:
        folder = self.root / kind / key / self.wanted.slug
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self.wanted.slug}.{ending}"

    def _row(self, each: Report, book: Book) -> tables.Row:
        key = each.submission.key
        by_hand = book.by_hand(key)
        state = _state(each, book.waiting(key), by_hand)
        return tables.Row(
            each.submission,
            book.scores(key),
            self.wanted.points,
            state,
            tuple(by_hand),
            each.notes,
        )

    def _say(self, done: int, count: int, row: tables.Row) -> None:
        """One line a submission: how far we are, what it got, how long it will take."""
        spent = time.monotonic() - self._began
        left = spent / done * (count - done)
        time_left = f"about {left / 60:.0f} min left" if left > 90 else f"about {left:.0f} s left"
        score = f"{tables.number(row.points)} of {tables.number(row.maximum)}"
        print(f"[{done}/{count}] {row.submission.key}: {score}; {time_left}", flush=True)


def _state(each: Report, waiting: list[str], by_hand: list[str]) -> str:
    if each.fault and not by_hand:
        return f"not graded: {each.fault}"
    parts = []
    for mark in each.marks:
        if mark.cell not in waiting:
            continue
        if mark.task in by_hand:
            parts.append(f"to be read again, it was handed in anew: {mark.cell}")
        elif mark.points is None:
            parts.append(f"to be read: {mark.cell}")
        else:
            parts.append(f"to be looked at: {mark.cell}, it reaches for {mark.waits}")
    return "; ".join(parts) or "graded"
