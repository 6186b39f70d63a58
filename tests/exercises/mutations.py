"""Wrong and right answers for the bank, made from the solutions by changing what is meant to be changed."""

import json
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "notebooks" / "exercises" / "source"


def solution(assignment: str, task: str) -> str:
    """Source of the solution cell of a task."""
    cells = json.loads((SOURCE / assignment / f"{assignment}.ipynb").read_text())["cells"]
    return next("".join(cell["source"]) for cell in cells if cell["id"] == task)


def swap(source: str, *pairs: tuple[str, str]) -> str:
    """The source with each first text, which must occur, replaced by its second."""
    for old, new in pairs:
        if old not in source:
            raise ValueError(f"the solution no longer contains {old!r}; adapt the bank")
        source = source.replace(old, new)
    return source
