"""No right answer is kept from the tests: the fence lets in all that the bank and the solutions do."""

import os
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from resnet_course.grading import assignment, judge
from resnet_course.grading.inside.channel import Channel
from resnet_course.grading.inside.job import Cell, Item, Job, pack
from resnet_course.grading.inside.student import Namespaces, Student
from resnet_course.grading.limits import Limits

BANK = Path(__file__).parents[1] / "exercises" / "bank"


def right_answers() -> Iterator[tuple[str, str, str, str]]:
    for slug in assignment.slugs():
        for cell in assignment.load(slug).of(assignment.Role.ANSWER):
            yield slug, cell.name, "solution", cell.source
        for name, source in runpy.run_path(str(BANK / f"{slug}.py"))["RIGHT"].items():
            yield slug, name.split(":")[0], name, source


@pytest.fixture(scope="module")
def warden() -> Iterator[Channel]:
    nowhere = os.open(os.devnull, os.O_RDWR)
    yield Channel(nowhere, nowhere)
    os.close(nowhere)


@pytest.mark.parametrize(("slug", "task", "name", "source"), right_answers(), ids=lambda v: v[:50])
def test_a_right_answer_passes_the_tests_inside_the_fence(slug, task, name, source, warden):
    wanted = assignment.load(slug)
    job = Job(
        setup=tuple(pack(judge.compiled(cell)) for cell in wanted.of(assignment.Role.SETUP)),
        cells=(Cell("<cell 0>", source),),
        stubs={cell.name: cell.released for cell in wanted.of(assignment.Role.ANSWER)},
        fenced=True,
        limits=Limits(),
    )
    student = Student(job, Namespaces.prepared(job), {}, warden)
    result = student.run(0)
    assert result.outputs == []
    assert result.refused == []
    for cell in wanted.of(assignment.Role.CHECK, assignment.Role.TEST):
        if cell.task == task:
            outcome = student.judge(Item(cell.name, pack(judge.compiled(cell)), "word"))
            assert outcome["error"] is None, outcome["error"]
            assert outcome["refused"] == []
