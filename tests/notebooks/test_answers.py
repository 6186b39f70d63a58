"""The worked answers under a chapter's exercises run, after the chapter's own cells, as they stand.

Only budgets are cut: an answer that trains says `steps = …`, and here it takes a few.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CHAPTERS = ("10_short_paths", "13_warm_up", "15_taming_depth")
ANSWER = re.compile(r"<details><summary>Answer</summary>\n(.*?)</details>", re.DOTALL)
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
BUDGET = re.compile(r"\b(steps ?= ?)\d+")
SHORT = r"\g<1>4"


def cells(chapter: str, kind: str) -> Iterator[str]:
    """Sources of the cells of one kind."""
    for cell in nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", 4).cells:
        if cell.cell_type == kind:
            yield cell.source


def answers(chapter: str) -> list[str]:
    """The text of every worked answer, in order."""
    return [answer for cell in cells(chapter, "markdown") for answer in ANSWER.findall(cell)]


def code_of(answer: str) -> str:
    """The code of an answer, with its budget cut."""
    return BUDGET.sub(SHORT, "\n".join(CODE.findall(answer)))


def run(source: str, names: dict[str, object]) -> None:
    """Run what a cell says, magics left unsaid."""
    exec(compile(TransformerManager().transform_cell(source), "<cell>", "exec"), names)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_has_an_answer(chapter: str) -> None:
    text = "\n".join(cells(chapter, "markdown"))
    exercises = re.findall(r"^\*\*\d+\. ", text, re.MULTILINE)
    assert len(answers(chapter)) == len(exercises) > 2


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_has_two_hints_before_its_answer(chapter: str) -> None:
    text = "\n".join(cells(chapter, "markdown"))
    assert text.count("<summary>Hint 1<") == text.count("<summary>Hint 2<") == len(answers(chapter))


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_answer_runs_after_the_chapter(
    chapter: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RESNET_COURSE_RUNS", str(tmp_path))
    names: dict[str, object] = {"get_ipython": lambda: SimpleNamespace()}
    for source in cells(chapter, "code"):
        run(source, names)
    for answer in answers(chapter):
        if code := code_of(answer):
            run(code, dict(names))


def test_a_budget_is_cut_wherever_it_is_said() -> None:
    assert code_of("```python\nsteps = 390\nf(steps=400)\n```") == "steps = 4\nf(steps=4)\n"
