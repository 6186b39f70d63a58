"""Cells of ours stand beside a student's: they bind no name that a student may use, and rely on none of theirs."""

import ast
import builtins
import dis
import re
from collections.abc import Iterator
from types import CodeType

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tests.exercises.running import SLUGS, code, graders, prose, run, tasks

every_assignment = pytest.mark.parametrize("slug", SLUGS)
BINDS = {"STORE_NAME", "STORE_GLOBAL", "DELETE_NAME", "DELETE_GLOBAL"}
READS = {"LOAD_NAME", "LOAD_GLOBAL"}
MODULE_NAMES = {"__name__", "__module__", "__qualname__", "__doc__", "__class__", "__classcell__"}


def compiled(source: str) -> CodeType:
    return compile(TransformerManager().transform_cell(source), "<cell>", "exec")


def nested(outer: CodeType) -> Iterator[CodeType]:
    yield outer
    for constant in outer.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def bound(source: str) -> set[str]:
    """Names that a cell leaves in the notebook."""
    outer = compiled(source)
    here = {step.argval for step in dis.get_instructions(outer) if step.opname in BINDS}
    inside = {
        step.argval
        for part in nested(outer)
        for step in dis.get_instructions(part)
        if step.opname in {"STORE_GLOBAL", "DELETE_GLOBAL"}
    }
    return here | inside


def read(source: str) -> set[str]:
    """Names that a cell, and the functions in it, look up in the notebook or among the builtins."""
    names: set[str] = set()
    for part in nested(compiled(source)):
        own = {step.argval for step in dis.get_instructions(part) if step.opname == "STORE_NAME"}
        looked_up = {step.argval for step in dis.get_instructions(part) if step.opname in READS}
        is_class_body = "__module__" in own
        names |= looked_up - (own if is_class_body else set())
    return names - MODULE_NAMES


def ours(slug: str) -> dict[str, str]:
    """Code cells that are no answers."""
    return {name: source for name, source in code(slug).items() if name not in tasks(slug)}


@every_assignment
def test_a_name_that_our_cells_bind_is_announced_or_one_that_nobody_uses(slug):
    announced = set(re.findall(r"`([A-Za-z_]\w*)", prose(slug)))
    for name, source in ours(slug).items():
        if not name.startswith("setup"):
            public = {word for word in bound(source) if not word.startswith("_")}
            assert public <= announced, f"{name} overwrites {public - announced}"


@every_assignment
def test_a_check_cell_reads_its_answer_and_the_checks_alone(slug):
    for task in tasks(slug):
        assert read(code(slug)[f"check-{task}"]) == {"self_check", task}


@every_assignment
def test_a_test_cell_reads_its_answer_and_no_other_name_that_a_student_may_have_bound(slug):
    for task in tasks(slug):
        for name, source in graders(slug, task).items():
            others = {word for word in read(source) - {task} if not word.startswith("_")}
            assert others <= {"AssertionError"}, f"{name} reads {others}"


@every_assignment
def test_what_we_hand_to_students_works_whatever_they_call_their_own(slug):
    """Functions of ours in setup cells import what they need; so do demonstrations, but for Python's own names."""
    given = {
        word
        for name, source in ours(slug).items()
        if name.startswith("setup-")
        for word in bound(source)
    }
    shared = {
        word for source in ours(slug).values() for word in bound(source) if word.startswith("_")
    }
    for name, source in ours(slug).items():
        if name != "setup" and not name.startswith(("check-", "test-")):
            others = read(source) - given - shared - set(tasks(slug)) - set(dir(builtins))
            assert others <= set(re.findall(r"`(\w+)`", prose(slug))), f"{name} reads {others}"


@every_assignment
def test_right_answers_stay_right_when_a_student_has_used_every_other_name(slug):
    """`sum = 0`, `x = 3`, `net = None`: for each of Python's functions, and each name that our cells use inside."""
    taken = {word for word in dir(builtins) if word[0].islower()}
    for source in ours(slug).values():
        taken |= {
            node.id
            for node in ast.walk(ast.parse(TransformerManager().transform_cell(source)))
            if isinstance(node, ast.Name)
        }
    keep = {"self_check", "get_ipython", *tasks(slug)}
    for task in tasks(slug):
        namespace: dict = {"__name__": "__main__"}
        run(code(slug)["setup"], namespace, "setup")
        run(code(slug)[task], namespace, task)
        answer = namespace[task]
        for name in (f"check-{task}", *graders(slug, task)):
            spoilt = {word: 0 for word in taken - keep if not word.startswith("_")}
            globals_of_the_answer = dict(namespace)
            run(
                code(slug)[name],
                spoilt | {"self_check": namespace["self_check"], task: answer},
                name,
            )
            assert globals_of_the_answer.keys() == namespace.keys()
