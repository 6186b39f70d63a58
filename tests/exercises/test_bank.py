"""Wrong answers are rejected twice, by the self-check in words that fit and by the hidden tests; right ones pass."""

import re
import runpy
from typing import NamedTuple

import pytest

from resnet_course.checks import CheckFailed
from tests.exercises.mutations import solution
from tests.exercises.running import ROOT, code, fresh, graders, run, tasks
from tests.exercises.sabotage import kinds

BANKS = {
    path.stem: runpy.run_path(str(path))
    for path in sorted((ROOT / "tests/exercises/bank").glob("*.py"))
}
STYLES = 12  # right answers an assignment, at least


class Wrong(NamedTuple):
    """A wrong answer: what is wrong with it, its source, and what the self-check has to say."""

    slug: str
    name: str
    source: str
    says: str

    @property
    def task(self) -> str:
        """The task that it answers."""
        return self.name.split(":")[0]


def written() -> list[Wrong]:
    """Wrong answers that people wrote."""
    return [
        Wrong(slug, name, source, re.escape(phrase))
        for slug, bank in BANKS.items()
        for name, (source, phrase) in bank["WRONG"].items()
    ]


def spoilt() -> list[Wrong]:
    """Reference solutions with a fault of each kind that their family can have."""
    made = []
    for slug, bank in BANKS.items():
        for task, families in bank.get("FAMILY", {}).items():
            spared = bank.get("SPARED", {}).get(task, ())
            for kind, fault in kinds(families).items():
                if kind not in spared:
                    made.append(
                        Wrong(
                            slug,
                            f"{task}: {kind}",
                            fault.spoil(solution(slug, task), task),
                            fault.says,
                        )
                    )
    return made


WRONG = [*written(), *spoilt()]
RIGHT = [
    (slug, name, source) for slug, bank in BANKS.items() for name, source in bank["RIGHT"].items()
]
SOLUTIONS = [(slug, task) for slug in BANKS for task in tasks(slug)]


def named(value: object) -> str:
    if isinstance(value, Wrong):
        return f"{value.slug}-{value.name}"
    return value if isinstance(value, str) and len(value) < 80 and "\n" not in value else ""


def answered(slug: str, name: str, source: str) -> tuple[str, dict]:
    """The task of an entry of the bank, and a namespace in which its answer has been given."""
    task, namespace = name.split(":")[0], fresh(slug)
    assert task in tasks(slug), f"the bank names a task that {slug} does not have"
    run(source, namespace, task)
    return task, namespace


@pytest.mark.parametrize("wrong", WRONG, ids=named)
def test_a_wrong_answer_is_told_its_fault_by_the_self_check(wrong):
    task, namespace = answered(wrong.slug, wrong.name, wrong.source)
    with pytest.raises(CheckFailed, match=wrong.says) as caught:
        run(code(wrong.slug)[f"check-{task}"], namespace, "check")
    assert "did not foresee" not in str(caught.value)


@pytest.mark.parametrize("wrong", WRONG, ids=named)
def test_a_wrong_answer_fails_the_hidden_tests_by_themselves(wrong):
    task, namespace = answered(wrong.slug, wrong.name, wrong.source)
    with pytest.raises(Exception):  # noqa: B017, PT011, PT012, a wrong answer may fail in any way, and anywhere
        for part, test in graders(wrong.slug, task).items():
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


@pytest.mark.parametrize(("slug", "task"), SOLUTIONS)
def test_every_task_belongs_to_a_family_whose_faults_are_tried(slug, task):
    assert kinds(BANKS[slug]["FAMILY"][task])


@pytest.mark.parametrize("slug", BANKS)
def test_right_answers_are_written_in_a_dozen_styles(slug):
    assert len(BANKS[slug]["RIGHT"]) >= STYLES
