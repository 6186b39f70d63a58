"""Which cell of a student's notebook is which of the assignment's, though ids, order and metadata are lost.

Everything here works on text and parses nothing: a student's source must not be able to stop the program
that reads it.
"""

import difflib
import re
from collections import Counter
from dataclasses import dataclass, field

from . import assignment, notebook
from .assignment import Assignment, Role

DEFINITION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
ALIKE = 0.9  # share of a text that must be the same for another to be known as it


def squeezed(source: str) -> str:
    """A cell's text without the white space that editors change."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def defined(source: str) -> list[str]:
    """Names of the functions and classes that begin at the left margin of a cell."""
    return DEFINITION.findall(source)


def gives(source: str, name: str) -> bool:
    """Whether a cell defines or assigns a name at its left margin."""
    assigned = re.search(rf"^{re.escape(name)}[ \t]*(?::[^=\n]*)?=(?!=)", source, re.MULTILINE)
    return name in defined(source) or assigned is not None


def segment(source: str, name: str) -> str:
    """The lines of a cell that define a name: decorators, head and body; "" where it is assigned only."""
    lines = source.splitlines()
    heads = [n for n, line in enumerate(lines) if DEFINITION.match(line) and name in defined(line)]
    if not heads:
        return ""
    first = last = heads[-1]
    while first and lines[first - 1].startswith("@"):
        first -= 1
    while last + 1 < len(lines) and (not lines[last + 1].strip() or lines[last + 1][0] in " \t)#"):
        last += 1
    return squeezed("\n".join(lines[first : last + 1]))


def recognise(cells: tuple[notebook.Cell, ...], assignments: list[Assignment]) -> str | None:
    """The slug of the assignment that a notebook answers, by the tasks it names; None if it names none."""
    named: set[str] = set()
    for cell in cells:
        named.update(cell.names)
        if cell.kind == "code":
            named.update(defined(cell.source))
    scores = Counter({a.slug: sum(task in named for task in a.tasks) for a in assignments})
    (slug, score), *_ = scores.most_common(1) or [("", 0)]
    return slug if score else None


@dataclass(frozen=True)
class Matched:
    """A student's notebook beside the assignment.

    Attributes:
        cells: the student's cells, in their order.
        locked: for each cell that is one of the assignment's, as handed out, which one.
        changed: the same for cells that bear an assignment's cell's name and another text.
        homes: for each task that has been answered, the cell with the answer.
        notes: what was noticed on the way, a sentence each.
    """

    cells: tuple[notebook.Cell, ...]
    locked: dict[int, assignment.Cell] = field(default_factory=dict)
    changed: dict[int, assignment.Cell] = field(default_factory=dict)
    homes: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def match(cells: tuple[notebook.Cell, ...], wanted: Assignment) -> Matched:
    """Find the assignment's cells and the answers in a student's notebook."""
    found = Matched(cells)
    texts = {squeezed(cell.released): cell for cell in wanted.cells}
    names = {cell.name: cell for cell in wanted.cells}
    for number, cell in enumerate(cells):
        known = texts.get(squeezed(cell.source))
        claimed = [names[name] for name in cell.names if name in names]
        if known is not None and known.kind == cell.kind:
            found.locked[number] = known
        elif claimed and claimed[0].kind == cell.kind:
            found.changed[number] = claimed[0]
        elif (alike := _alike(cell, wanted)) is not None:
            found.changed[number] = alike
    for task in wanted.of(Role.ANSWER):
        _find_code(found, task)
    for task in wanted.of(Role.WORDS):
        _find_words(found, task, wanted)
    _notice(found, wanted)
    return found


def _alike(cell: notebook.Cell, wanted: Assignment) -> assignment.Cell | None:
    text = squeezed(cell.source)
    for other in wanted.cells:
        if other.kind != cell.kind or other.role in (Role.ANSWER, Role.WORDS) or not text:
            continue
        compared = difflib.SequenceMatcher(None, text, squeezed(other.released), autojunk=False)
        if compared.real_quick_ratio() > ALIKE and compared.quick_ratio() > ALIKE:
            if compared.ratio() > ALIKE:
                return other
    return None


def _find_code(found: Matched, task: assignment.Cell) -> None:
    """The last cell that gives the task's name and is not the stub."""
    stub = segment(task.released, task.name)
    giving = [
        number
        for number, cell in enumerate(found.cells)
        if cell.kind == "code" and gives(cell.source, task.name)
    ]
    written = [n for n in giving if segment(found.cells[n].source, task.name) != stub]
    if not giving:
        found.notes.append(f"no cell defines {task.name}")
    if written:
        found.homes[task.name] = written[-1]
    if len(written) > 1:
        found.notes.append(f"{len(written)} cells define {task.name}; the last one counts")


def _find_words(found: Matched, task: assignment.Cell, wanted: Assignment) -> None:
    """The cell that bears the task's name, else a markdown cell of the student's own beside the question."""
    named = [n for n, cell in found.changed.items() if cell.name == task.name]
    if named:
        found.homes[task.name] = named[-1]
        return
    if any(cell.name == task.name for cell in found.locked.values()):
        return  # it is there, and as it was handed out
    own = [
        number
        for number, cell in enumerate(found.cells)
        if cell.kind == "markdown" and number not in found.locked and number not in found.changed
    ]
    asking = [n for n, cell in found.locked.items() if cell.name == f"task-{task.name}"]
    beside = [n for n in own if asking and n == asking[-1] + 1]
    if len(beside or own) == 1:
        found.homes[task.name] = (beside or own)[0]
        found.notes.append(f"the answer {task.name} was known by its place")
    else:
        found.notes.append(f"no cell answers {task.name}")


def _notice(found: Matched, wanted: Assignment) -> None:
    """Say what is unusual about the notebook, for the instructor who wonders at a grade."""
    shared = Counter(found.homes.values())
    for number in (n for n, count in shared.items() if count > 1):
        tasks = [task for task, home in found.homes.items() if home == number]
        found.notes.append(f"{' and '.join(tasks)} are answered in one cell")
    seen = [cell.name for _, cell in sorted((found.locked | found.changed).items())]
    for cell in wanted.of(Role.TEST, Role.CHECK, Role.SETUP):
        if cell.name not in seen:
            found.notes.append(f"the cell {cell.name} is missing; the assignment's was used")
    for cell in found.changed.values():
        if cell.role in (Role.TEST, Role.CHECK):
            found.notes.append(f"the cell {cell.name} was changed; the assignment's was used")
    order = [cell.name for cell in wanted.cells if cell.name in seen]
    if list(dict.fromkeys(seen)) != order:
        found.notes.append("the cells are in another order")
