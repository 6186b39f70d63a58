"""Worked answers run as they stand: each imports what it uses and asserts what it says."""

import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
# Chapters whose answers need nothing of the page around them.
CHAPTERS = ("01_race_for_depth", "02_what_layers_see", "03_degradation", "04_residual_block")
ANSWER = re.compile(r"<details><summary>Answer</summary>(.*?)</details>", re.S)
CODE = re.compile(r"^```python\n(.*?)^```", re.S | re.M)
EXERCISE = re.compile(r"^\*\*(\d+)\. ", re.M)


def prose(chapter: str) -> str:
    """All text of a chapter that is not code."""
    cells = json.loads((NOTEBOOKS / f"{chapter}.ipynb").read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def answers(chapter: str) -> list[str]:
    """The worked answers of a chapter, in order."""
    return ANSWER.findall(prose(chapter))


def programs() -> list[tuple[str, int, str]]:
    """Chapter, number of the answer, and its code."""
    made = []
    for chapter in CHAPTERS:
        for number, answer in enumerate(answers(chapter), 1):
            for code in CODE.findall(answer):
                made.append((chapter, number, code))
    return made


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_has_a_worked_answer(chapter):
    _, _, exercises = prose(chapter).partition("## Exercises")
    assert len(answers(chapter)) == len(EXERCISE.findall(exercises)) > 0


@pytest.mark.parametrize(("chapter", "number", "code"), programs())
def test_an_answer_asserts_what_it_says(chapter, number, code):
    assert re.search(r"^assert ", code, re.M), (chapter, number)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chapter", "number", "code"), programs(), ids=lambda value: str(value).split("\n")[0][:30]
)
def test_an_answer_runs_as_it_stands(chapter, number, code, monkeypatch, tmp_path):
    monkeypatch.setenv("RESNET_COURSE_RUNS", str(tmp_path))
    exec(compile(code, f"{chapter}, answer {number}", "exec"), {"__name__": "answer"})
