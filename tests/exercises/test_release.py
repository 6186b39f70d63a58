"""What is handed out holds no solution and no hidden test, runs, and is worth nothing until it is answered."""

import ast
import importlib
import re

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tests.exercises.running import EXERCISES, SLUGS, code, fresh, graders, machinery, run, tasks

MARKS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "END HIDDEN")
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", re.DOTALL)
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)
every_assignment = pytest.mark.parametrize("slug", SLUGS)


def tree(source: str) -> ast.Module:
    return ast.parse(TransformerManager().transform_cell(source))


def statements(source: str) -> set[str]:
    """Every statement of a cell in a form that layout and comments do not change."""
    return {ast.dump(node) for node in ast.walk(tree(source)) if isinstance(node, ast.stmt)}


def signatures(source: str) -> list[str]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    found = [node for node in ast.walk(tree(source)) if isinstance(node, kinds)]
    return [f"{n.name}({ast.unparse(n.args) if hasattr(n, 'args') else ''})" for n in found]


def test_the_release_is_made_from_the_sources():
    for slug, text in machinery("release").released(SLUGS).items():
        path = EXERCISES / "release" / slug / f"{slug}.ipynb"
        assert path.exists(), "run `make assignments`"
        assert path.read_text() == text, f"{slug} is not up to date: run `make assignments`"


@every_assignment
def test_the_release_holds_no_mark_of_a_solution_or_hidden_test(slug):
    text = (EXERCISES / "release" / slug / f"{slug}.ipynb").read_text()
    assert not [mark for mark in MARKS if mark in text]


@every_assignment
def test_no_statement_of_a_solution_or_hidden_test_is_in_the_released_cell(slug):
    """By syntax trees: a reformatted or uncommented solution would be found too."""
    source, released = code(slug), code(slug, "release")
    for task in tasks(slug):
        for name, test in graders(slug, task).items():
            hidden = statements("\n".join(HIDDEN.findall(test)))
            assert hidden, f"{name} has no hidden test"
            assert not hidden & statements(released[name]), name
        answer = source[task]
        solved = statements(answer) - statements(SOLUTION.sub("raise NotImplementedError", answer))
        assert solved, task
        assert not solved & statements(released[task]), task


@every_assignment
def test_stub_and_solution_have_the_same_signatures(slug):
    for task in tasks(slug):
        outside = SOLUTION.sub(
            "pass\n", code(slug)[task]
        )  # helpers inside a solution are not part of the signature
        assert signatures(outside) == signatures(code(slug, "release")[task])
        (only,) = tree(code(slug, "release")[task]).body
        assert only.name == task


@every_assignment
def test_a_task_is_an_answer_a_check_and_a_test(slug):
    names = list(code(slug))
    assert tasks(slug)
    for task in tasks(slug):
        assert (
            names.index(task)
            < names.index(f"check-{task}")
            < min(map(names.index, graders(slug, task)))
        )


@every_assignment
def test_every_test_can_be_run_without_those_before_it(slug):
    namespace = fresh(slug)
    for task in tasks(slug):
        run(code(slug)[task], namespace, task)
        for name, test in graders(slug, task).items():
            run(test, dict(namespace), name)


@every_assignment
def test_the_untouched_release_stops_at_not_implemented_and_earns_nothing(slug):
    hidden = {name: source for name, source in code(slug).items() if name.startswith("test-")}
    namespace, ended = fresh(slug), {}
    for name, source in {**code(slug, "release"), **hidden}.items():
        try:
            run(source, namespace, name)
        except NotImplementedError as fault:
            ended[name] = type(fault)
        except (
            Exception
        ) as fault:  # a demonstration may miss what an unwritten answer would have made
            assert ended, (name, fault)  # noqa: PT017
            ended[name] = type(fault)
    graded = {name for name in code(slug) if name.startswith(("check-", "test-"))}
    assert {name: ended.get(name) for name in graded} == dict.fromkeys(graded, NotImplementedError)


@every_assignment
def test_the_solution_passes_every_check_and_test_run_twice(slug):
    namespace: dict = {"__name__": "__main__"}
    for _ in range(2):
        for name, source in code(slug).items():
            run(source, namespace, name)


@every_assignment
def test_every_task_has_its_own_public_check(slug):
    called = {
        name: re.match(r"(\w+)\.(\w+)\(", code(slug)[f"check-{name}"]) for name in tasks(slug)
    }
    for task, call in called.items():
        module = importlib.import_module(f"resnet_course.checks.{call[1]}")
        assert callable(getattr(module, call[2])), task
