"""Wrong answers are rejected twice, by the self-check in words that fit and by the hidden tests; right ones pass."""

import re
import runpy

import pytest

from resnet_course.checks import CheckFailed
from tests.exercises.running import ROOT, code, fresh, graders, run, tasks

BANKS = {
    path.stem: runpy.run_path(str(path))
    for path in sorted((ROOT / "tests/exercises/bank").glob("*.py"))
}
WRONG = [
    (slug, name, *what) for slug, bank in BANKS.items() for name, what in bank["WRONG"].items()
]
RIGHT = [
    (slug, name, source) for slug, bank in BANKS.items() for name, source in bank["RIGHT"].items()
]
SOLUTIONS = [(slug, task) for slug in BANKS for task in tasks(slug)]


def named(value: str) -> str:
    return value if len(value) < 80 and "\n" not in value else ""


def answered(slug: str, name: str, source: str) -> tuple[str, dict]:
    """The task of an entry of the bank, and a namespace in which its answer has been given."""
    task, namespace = name.split(":")[0], fresh(slug)
    assert task in tasks(slug), f"the bank names a task that {slug} does not have"
    run(source, namespace, task)
    return task, namespace


@pytest.mark.parametrize(("slug", "name", "source", "phrase"), WRONG, ids=named)
def test_a_wrong_answer_is_told_its_fault_by_the_self_check(slug, name, source, phrase):
    task, namespace = answered(slug, name, source)
    with pytest.raises(CheckFailed, match=re.escape(phrase)):
        run(code(slug)[f"check-{task}"], namespace, "check")


@pytest.mark.parametrize(("slug", "name", "source", "phrase"), WRONG, ids=named)
def test_a_wrong_answer_fails_the_hidden_tests_by_themselves(slug, name, source, phrase):
    task, namespace = answered(slug, name, source)
    with pytest.raises(Exception):  # noqa: B017, PT011, PT012, a wrong answer may fail in any way, and anywhere
        for part, test in graders(slug, task).items():
            run(test, namespace, part)


@pytest.mark.parametrize(("slug", "name", "source"), RIGHT, ids=named)
def test_a_right_answer_in_other_words_passes_self_check_and_hidden_tests(slug, name, source):
    task, namespace = answered(slug, name, source)
    run(code(slug)[f"check-{task}"], namespace, "check")
    for part, test in graders(slug, task).items():
        run(test, namespace, part)
    run(code(slug)[f"check-{task}"], namespace, "check")  # a student runs cells twice


@pytest.mark.parametrize(("slug", "task"), SOLUTIONS)
def test_every_task_has_wrong_answers_in_the_bank(slug, task):
    assert any(name.split(":")[0] == task for name in BANKS[slug]["WRONG"])


@pytest.mark.skipif(len(BANKS) < 8, reason="the other assignments' banks are not here")
def test_the_bank_holds_forty_wrong_and_ten_right_answers():
    assert len(WRONG) >= 40
    assert len(RIGHT) >= 10
