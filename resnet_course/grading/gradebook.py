"""nbgrader's gradebook: the marks of the machine, and those of people, which nothing here overwrites."""

import warnings
from collections.abc import Iterable
from pathlib import Path

from nbgrader.api import Grade, Gradebook, MissingEntry, SubmittedNotebook

from .marks import Mark


class Book:
    """The gradebook of one assignment, in `root`. A context manager."""

    def __init__(self, root: Path, slug: str) -> None:
        warnings.filterwarnings("ignore", module="nbgrader")  # on its own way with its own database
        self._slug = slug
        self._book = Gradebook(f"sqlite:///{root / 'gradebook.db'}")

    def __enter__(self) -> "Book":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._book.close()

    def record(self, key: str, name: str, marks: Iterable[Mark], is_new: bool) -> None:
        """Write the machine's marks. `is_new`: the answers are not those that a person may have marked."""
        self._book.update_or_create_student(key, last_name=name)
        self._book.update_or_create_submission(self._slug, key)
        by_cell = {mark.cell: mark for mark in marks}
        for grade in self._grades(key):
            mark = by_cell[grade.name]
            grade.auto_score = mark.points
            is_marked = grade.manual_score is not None
            grade.needs_manual_grade = is_new if is_marked else bool(mark.waits)
        self._book.db.commit()

    def set_by_hand(self, key: str, task: str, points: float | None) -> None:
        """Write a person's points for a task, over its cells in order; None takes them back."""
        grades = [grade for grade in self._grades(key) if _task(grade) == task]
        left = points
        for grade in grades:
            if left is None:
                grade.manual_score = None
                continue
            is_last = grade is grades[-1]
            grade.manual_score = left if is_last else min(left, grade.max_score)
            left -= grade.manual_score
            grade.needs_manual_grade = False
        self._book.db.commit()

    def scores(self, key: str) -> dict[str, float | None]:
        """Points of each task; None where somebody has to read it first. Empty for who is not in the book."""
        totals: dict[str, float | None] = {}
        for grade in self._grades(key):
            known = grade.manual_score if grade.manual_score is not None else grade.auto_score
            before = totals.get(_task(grade), 0.0)
            unknown = before is None or known is None
            totals[_task(grade)] = None if unknown else before + known + (grade.extra_credit or 0.0)
        return totals

    def cells(self, key: str) -> dict[str, float]:
        """Points of each graded cell."""
        return {grade.name: grade.score for grade in self._grades(key)}

    def comments(self, key: str) -> dict[str, str]:
        """Comments that people have written on answers."""
        notebook = self._notebook(key)
        comments = notebook.comments if notebook is not None else []
        return {comment.name: comment.comment for comment in comments if comment.comment}

    def by_hand(self, key: str) -> list[str]:
        """The tasks that have points by hand."""
        marked = (_task(g) for g in self._grades(key) if g.manual_score is not None)
        return list(dict.fromkeys(marked))

    def waiting(self, key: str) -> list[str]:
        """The cells that wait for a person."""
        return [grade.name for grade in self._grades(key) if grade.needs_manual_grade]

    def _notebook(self, key: str) -> SubmittedNotebook | None:
        try:
            return self._book.find_submission_notebook(self._slug, self._slug, key)
        except MissingEntry:
            return None

    def _grades(self, key: str) -> list[Grade]:
        notebook = self._notebook(key)
        return sorted(notebook.grades, key=lambda grade: grade.name) if notebook is not None else []


def _task(grade: Grade) -> str:
    name: str = grade.name
    return name.removeprefix("test-").split("-")[0]
