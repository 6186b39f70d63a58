"""A submission in the assignment's order, as nbgrader keeps it and people read it: answers, outcomes, marks."""

import nbformat

from . import notebook
from .assignment import Assignment, Cell, Role
from .judge import Output, Verdict
from .marks import Report
from .matching import segment

NB_FORMAT = 3  # of nbgrader's metadata


def arranged(report: Report, wanted: Assignment, show_hidden: bool) -> nbformat.NotebookNode:
    """The assignment's cells with the student's answers; other cells behind those that they followed.

    Args:
        show_hidden: whether test cells have their hidden lines, for instructors, or not, for students.
    """
    placed = _Placed(report, wanted, show_hidden)
    cells = [placed.heading(), *placed.followers(None)]
    for cell in wanted.cells:
        cells += [placed.own_place(cell), *placed.followers(cell.name)]
    made = nbformat.v4.new_notebook(cells=[cell for cell in cells if cell is not None])
    made.metadata.language_info = {"name": "python"}
    return made


class _Placed:
    """Puts a student's cells into the places of an assignment."""

    def __init__(self, report: Report, wanted: Assignment, show_hidden: bool) -> None:
        self._report = report
        self._show_hidden = show_hidden
        self._first_task: dict[int, str] = {}
        for task in wanted.tasks:
            if task in report.matched.homes:
                self._first_task.setdefault(report.matched.homes[task], task)
        self._followers = self._placed_behind()

    def _placed_behind(self) -> dict[str | None, list[int]]:
        """The student's other cells, by the cell of the assignment that they stand behind."""
        matched = self._report.matched
        behind: dict[str | None, list[int]] = {}
        last: str | None = None
        for number in range(len(matched.cells)):
            if number in self._first_task:
                last = self._first_task[number]
            elif number in matched.locked:
                last = matched.locked[number].name
            else:
                behind.setdefault(last, []).append(number)
        return behind

    def heading(self) -> nbformat.NotebookNode | None:
        """What an instructor or a student should know first; None when there is nothing."""
        report = self._report
        lines = [f"- {_plain(note)}" for note in report.notes]
        lines += [f"- {_plain(name)} waits for a person: {_plain(why)}" for name, why in report.judged.held.items()]
        title = "Noticed while grading"
        if report.fault:
            title = "This could not be graded"
            lines.insert(0, f"- {_plain(report.fault)}")
        if not lines:
            return None
        return nbformat.v4.new_markdown_cell("\n".join([f"**{title}**", "", *lines]), id="noticed")

    def followers(self, name: str | None) -> list[nbformat.NotebookNode]:
        """The student's own cells behind a place."""
        return [self._own(number) for number in self._followers.get(name, [])]

    def _own(self, number: int) -> nbformat.NotebookNode:
        cell = self._report.matched.cells[number]
        return _new(cell.kind, cell.source, f"own-{number}", self._outputs(number))

    def _outputs(self, number: int) -> list[Output]:
        return self._report.judged.outputs.get(number, [])

    def own_place(self, cell: Cell) -> nbformat.NotebookNode:
        """A cell of the assignment, with what the student and the tests have made of it."""
        source, outputs = self._content(cell)
        made = _new(cell.kind, source, cell.name, outputs)
        is_answer = cell.role in (Role.ANSWER, Role.WORDS)
        made.metadata["nbgrader"] = {
            "grade_id": cell.name,
            "grade": bool(cell.points),
            "solution": is_answer,
            "locked": not is_answer,
            "task": False,
            "schema_version": NB_FORMAT,
            "cell_type": cell.kind,
            **({"points": cell.points} if cell.points else {}),
        }
        return made

    def _content(self, cell: Cell) -> tuple[str, list[Output]]:
        if cell.role in (Role.ANSWER, Role.WORDS):
            return self._answer(cell)
        if cell.role in (Role.TEST, Role.CHECK):
            source = cell.source if self._show_hidden else cell.released
            return source, _shown(self._report.judged.verdicts.get(cell.name))
        ran = [n for n, locked in self._report.matched.locked.items() if locked.name == cell.name]
        return cell.released, self._outputs(ran[-1]) if ran else []

    def _answer(self, cell: Cell) -> tuple[str, list[Output]]:
        home = self._report.matched.homes.get(cell.name)
        if home is None:
            return cell.released, []
        whole: notebook.Cell = self._report.matched.cells[home]
        if self._first_task[home] == cell.name:
            return whole.source, self._outputs(home)
        part = segment(whole.source, cell.name) or whole.source
        return f"# from the cell of {self._first_task[home]}\n{part}", []


def _shown(verdict: Verdict | None) -> list[Output]:
    if verdict is None:
        return []
    printed: Output = {"output_type": "stream", "name": "stdout", "text": verdict.text}
    shown = [printed] if verdict.text else []
    return [*shown, verdict.error] if verdict.error is not None else shown


def _new(kind: str, source: str, name: str, outputs: list[Output]) -> nbformat.NotebookNode:
    if kind == "markdown":
        return nbformat.v4.new_markdown_cell(source, id=name)
    if kind == "raw":
        return nbformat.v4.new_raw_cell(source, id=name)
    shown = [nbformat.from_dict(output) for output in outputs]
    return nbformat.v4.new_code_cell(source, id=name, outputs=shown)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return " ".join(text.split()).replace("`", "'")
