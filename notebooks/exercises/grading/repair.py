"""Put a submitted notebook back into the shape nbgrader needs, and say what was done.

Colab, mail and haste lose cell ids and metadata, duplicate, delete and re-order cells, rename files and cut them off.
The repaired notebook is built anew from the assignment: its cells in their order, with the student's answers in the
places of the answers. An answer is known by its id, else by the function or class that it defines. Every other cell
of the student's own is kept behind the cell it followed; what would undo an answer is set aside as raw text.
"""

import ast
import copy
import difflib
import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode


def grade_id(cell: NotebookNode) -> str | None:
    """The name nbgrader gave a cell, or its cell id where the metadata is lost."""
    marks = cell.get("metadata", {}).get("nbgrader")
    return (marks.get("grade_id") if isinstance(marks, dict) else None) or cell.get("id")


def is_answer(cell: NotebookNode) -> bool:
    """Whether a cell of the assignment is for the student to write."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def defined(source: str) -> set[str]:
    """Names of the functions and classes a cell defines at its top level, as far as it can be read."""
    try:
        body = ast.parse(source).body
    except (
        SyntaxError,
        ValueError,
    ):  # magics, or an answer that does not parse: the lines that begin a definition
        words = [
            line.split() for line in source.splitlines() if line.startswith(("def ", "class "))
        ]
        return {w[1].split("(")[0].rstrip(":") for w in words if len(w) > 1}
    return {
        n.name for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def squeezed(source: str) -> str:
    """A cell's text without the white space that editors change."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def read(path: Path) -> NotebookNode:
    """A notebook as far as it can be understood. Raises ValueError with the reason where it cannot."""
    try:
        raw = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as fault:
        raise ValueError(f"{path.name} is no notebook that can be read: {fault}") from None
    cells = raw.get("cells") if isinstance(raw, dict) else None
    if not isinstance(cells, list):
        raise ValueError(f"{path.name} is no notebook that can be read: it has no list of cells")
    kept = []
    for cell in cells:
        source = cell.get("source") if isinstance(cell, dict) else None
        source = "".join(map(str, source)) if isinstance(source, list) else source
        if isinstance(source, str) and cell.get("cell_type") in ("code", "markdown", "raw"):
            metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
            kept.append(
                NotebookNode(
                    cell_type=cell["cell_type"],
                    id=cell.get("id"),
                    metadata=nbformat.from_dict(metadata),
                    source=source,
                )
            )
    return NotebookNode(cells=kept)


def repaired(
    submitted: NotebookNode, assignment: NotebookNode, handed_out: dict[str, str]
) -> tuple[NotebookNode, list[str]]:
    """The submission in the assignment's shape, and one sentence for everything that had to be mended.

    `assignment` is the source notebook, with its hidden tests; `handed_out` holds each cell's text as released.
    """
    report: list[str] = []
    own = {grade_id(cell): cell for cell in assignment.cells}
    answers = {name: handed_out[name] for name, cell in own.items() if is_answer(cell)}
    released = {name: squeezed(handed_out[name]) for name in own}
    places: list[
        str | None
    ] = []  # for each submitted cell, the cell of the assignment it is, or None
    for cell in submitted.cells:
        places.append(place(cell, own, answers, released, report))
    place_prose(submitted.cells, places, own, answers, report)
    chosen, aside = choose(submitted.cells, places, own, answers, report)
    for name in [name for name in own if name not in answers]:
        if (count := places.count(name)) != 1:
            report.append(
                f"the cell {name} was there {count} times"
                if count
                else f"the cell {name} was put back"
            )
    seen = [
        name
        for n, name in enumerate(places)
        if name and (name not in answers or chosen.get(name) == n)
    ]
    order = [name for name in own if name in seen]
    if list(dict.fromkeys(seen)) != order:
        report.append("cells were in another order and have been put back into the assignment's")
    return rebuilt(submitted.cells, places, assignment, chosen, aside, answers), report


def place(cell, own, answers, released, report) -> str | None:
    """Which cell of the assignment a submitted cell is: by its name and, where that is lost, by what stands in it."""
    name, text = grade_id(cell), squeezed(cell.source)
    names = defined(cell.source) if cell.cell_type == "code" else set()
    if name in own and (name not in answers or name in names or not (names & set(answers))):
        if not isinstance(cell.metadata.get("nbgrader"), dict):
            report.append(f"the cell {name} had lost nbgrader's metadata")
        return name
    if cell.cell_type == "code" and (found := [a for a in answers if a in names]):
        if name != found[0]:
            report.append(
                f"the answer {found[0]} was known by its definition, its cell's id was {name!r}"
            )
        return found[0]
    for other, wanted in released.items():
        if text and own[other].cell_type == cell.cell_type and other not in answers:
            alike = difflib.SequenceMatcher(None, text, wanted, autojunk=False)
            if text == wanted or (
                alike.real_quick_ratio() > 0.9 and alike.quick_ratio() > 0.9 and alike.ratio() > 0.9
            ):
                report.append(f"the cell {other} was known by its text, its id was {name!r}")
                return other
    return None


def place_prose(cells, places, own, answers, report) -> None:
    """Find answers in words whose ids are lost: the cell beside the one that asks, else the only one that is left."""
    for name in answers:
        if name in places or own[name].cell_type != "markdown":
            continue
        left = [
            n
            for n, found in enumerate(places)
            if found is None and cells[n].cell_type == "markdown"
        ]
        asking = places.index(f"task-{name}") if f"task-{name}" in places else None
        beside = [n for n in left if asking is not None and abs(n - asking) == 1]
        if len(beside or left) == 1:
            places[(beside or left)[0]] = name
            report.append(f"the answer {name} was known by its place")


def choose(cells, places, own, answers, report) -> tuple[dict[str, int], set[int]]:
    """For each answer the submitted cell that holds it, and the cells that would undo it and must not run."""
    chosen, aside = {}, set()
    for name, stub in answers.items():
        candidates = [n for n, found in enumerate(places) if found == name]
        if not candidates:
            report.append(f"the answer {name} was missing; its place is as it was released")
            continue
        defining = [n for n in candidates if name in defined(cells[n].source)]
        if own[name].cell_type == "markdown":
            defining = candidates
        written = [n for n in defining if squeezed(cells[n].source) != squeezed(stub)]
        chosen[name] = (written or defining or candidates)[-1]
        aside |= set(defining) - {chosen[name]}
        if len(candidates) > 1:
            report.append(
                f"{len(candidates)} cells were {name}; the last one that was written is graded"
            )
    return chosen, aside


def rebuilt(cells, places, assignment, chosen, aside, stubs) -> NotebookNode:
    """The assignment's cells in order with the student's answers, other cells behind those they followed."""
    followers: dict[str | None, list[NotebookNode]] = {}
    last = None
    for number, cell in enumerate(cells):
        name = places[number]
        if name is None or (name in chosen and chosen[name] != number):
            kind = "raw" if number in aside else cell.cell_type
            new = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
            extra = new.get(kind, nbformat.v4.new_raw_cell)(cell.source, id=f"own-{number}")
            followers.setdefault(last, []).append(extra)
        else:
            last = name
    notebook = copy.deepcopy(assignment)
    notebook.cells = followers.get(None, [])
    for cell in copy.deepcopy(assignment.cells):
        name = grade_id(cell)
        if is_answer(cell):
            cell.source = cells[chosen[name]].source if name in chosen else stubs[name]
        notebook.cells += [cell, *followers.get(name, [])]
    return notebook
