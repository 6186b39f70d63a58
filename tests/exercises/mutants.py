"""Change each reference solution by one thing at a time, and see whether self-check and hidden tests notice.

    python -m tests.exercises.mutants                      all assignments, a table, and every survivor
    python -m tests.exercises.mutants 02_the_block make_stage

A survivor passes both. Those that compute the same as the solution are named, with the reason, in EQUIVALENT of
`equivalent.py`; any other is a hole in the tests.
"""

import argparse
import ast
import contextlib
import copy
import hashlib
import io
import re
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType

from tests.exercises.equivalent import EQUIVALENT
from tests.exercises.running import SLUGS, code, fresh, graders, run, tasks

SECONDS = 60  # of a mutant that does not end
REGION = re.compile(r"[ \t]*### (?:BEGIN|END) SOLUTION\n?")
COMPARE = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
COMPARE |= {ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
}
ARITHMETIC |= {ast.Pow: ast.Mult, ast.Mod: ast.FloorDiv, ast.BitOr: ast.BitAnd}
NAMES = {
    "relu": "gelu", "ReLU": "GELU", "sum": "mean", "mean": "sum", "fmean": "max", "min": "max", "max": "min",
    "zeros_": "ones_", "zero_": "detach_", "eval": "train", "train": "eval", "norm": "sum", "stdev": "pstdev",
    "equal": "allclose", "weight": "bias", "residual": "shortcut", "shortcut": "residual", "any": "all", "all": "any",
    "GELU": "ReLU", "SiLU": "ReLU", "BatchNorm2d": "InstanceNorm2d", "AdaptiveAvgPool2d": "AdaptiveMaxPool2d",
    "ResidualBlock": "PlainBlock", "no_grad": "enable_grad", "deepcopy": "copy", "parameters": "buffers",
    "buffers": "parameters", "append": "extend", "argmax": "argmin", "index": "count", "first": "last",
    "in_channels": "out_channels", "out_channels": "in_channels", "forward_hook": "forward_pre_hook",
    "running_var": "running_mean", "startswith": "endswith", "removeprefix": "strip", "state_dict": "named_parameters",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A changed solution: the task, what was changed, and the whole cell."""

    slug: str
    task: str
    change: str
    source: str

    @property
    def key(self) -> str:
        """What names it, whatever the layout: task and a digest of its syntax tree."""
        return (
            f"{self.task}:{hashlib.sha1(ast.dump(ast.parse(self.source)).encode()).hexdigest()[:8]}"
        )


def changes_of(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """What a node could be instead, with a word for it; None removes it."""
    yield from _changes_of_values(node)
    yield from _changes_of_calls(node)
    yield from _changes_of_statements(node)


def _changed(node: ast.AST, **fields: object) -> ast.AST:
    new = copy.deepcopy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _changes_of_values(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARE:
        yield "comparison", _changed(node, ops=[COMPARE[type(node.ops[0])](), *node.ops[1:]])
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield "operator", _changed(node, op=ARITHMETIC[type(node.op)]())
        yield "left side alone", node.left
        yield "right side alone", node.right
        if isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv | ast.Mod | ast.Pow):
            yield "sides exchanged", _changed(node, left=node.right, right=node.left)
    if isinstance(node, ast.UnaryOp):
        yield "sign or not dropped", node.operand
    if isinstance(node, ast.BoolOp):
        yield "and/or", _changed(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for value in node.values:
            yield "one condition alone", value
    if isinstance(node, ast.Constant):
        yield from _other_constants(node)
    if isinstance(node, ast.IfExp):
        yield "always the first", node.body
        yield "always the second", node.orelse
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield f"{node.attr} → {NAMES[node.attr]}", _changed(node, attr=NAMES[node.attr])
    if isinstance(node, ast.Name) and node.id in NAMES and isinstance(node.ctx, ast.Load):
        yield f"{node.id} → {NAMES[node.id]}", _changed(node, id=NAMES[node.id])
    if isinstance(node, ast.comprehension) and node.ifs:
        yield "filter dropped", _changed(node, ifs=[])


def _other_constants(node: ast.Constant) -> Iterator[tuple[str, ast.AST | None]]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", ast.Constant(not value)
    elif isinstance(value, int):
        for other in {value + 1, value - 1, 0, 2 * value} - {value}:
            yield "constant", ast.Constant(other)
    elif isinstance(value, float):
        for other in (2 * value, 0.0, value + 1e-3):
            yield "constant", ast.Constant(other)
    elif isinstance(value, str) and len(value) < 20:
        yield "constant", ast.Constant(f"{value}x")


def _changes_of_calls(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    if not isinstance(node, ast.Call):
        return
    if isinstance(node.func, ast.Attribute) and not _is_module(node.func.value):
        yield f"call of .{node.func.attr} dropped", node.func.value
    if node.args and not isinstance(node.args[0], ast.Starred):
        yield "call dropped", node.args[0]
    for place in range(len(node.args)):
        yield "argument dropped", _changed(node, args=node.args[:place] + node.args[place + 1 :])
    for place in range(len(node.args) - 1):
        args = list(node.args)
        args[place : place + 2] = reversed(args[place : place + 2])
        yield "arguments exchanged", _changed(node, args=args)
    for place in range(len(node.keywords)):
        yield (
            "keyword dropped",
            _changed(node, keywords=node.keywords[:place] + node.keywords[place + 1 :]),
        )


def _is_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in {
        "torch",
        "nn",
        "math",
        "copy",
        "blocks",
        "models",
        "probes",
    }


def _method(value: ast.expr, name: str, **keywords: object) -> ast.expr:
    given = [ast.keyword(key, ast.Constant(what)) for key, what in keywords.items()]
    return ast.Call(ast.Attribute(value, name, ast.Load()), [], given)


def _changes_of_statements(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    if isinstance(node, ast.Return) and node.value is not None:
        for name in ("detach", "float", "double", "half", "abs"):
            yield f"returned .{name}()", ast.Return(_method(node.value, name))
        yield "returned clamped", ast.Return(_method(node.value, "clamp", max=50))
        yield (
            "returned rounded",
            ast.Return(ast.Call(ast.Name("round", ast.Load()), [node.value, ast.Constant(2)], [])),
        )
        yield "returned negative", ast.Return(ast.UnaryOp(ast.USub(), node.value))
    if isinstance(node, ast.If):
        yield "condition always true", _changed(node, test=ast.Constant(True))
        yield "condition never true", _changed(node, test=ast.Constant(False))
        if node.orelse:
            yield "else dropped", _changed(node, orelse=[])
    if isinstance(node, ast.With):
        yield "with dropped", ast.If(ast.Constant(True), node.body, [])
        for place in range(len(node.items)):
            if len(node.items) > 1:
                yield (
                    "one with dropped",
                    _changed(node, items=node.items[:place] + node.items[place + 1 :]),
                )
    if isinstance(node, ast.Try) and node.finalbody:
        yield "finally dropped", ast.If(ast.Constant(True), node.body, [])
        yield "try dropped", ast.If(ast.Constant(True), node.body + node.finalbody, [])
    if isinstance(node, ast.For):
        sliced = ast.Subscript(
            ast.Call(ast.Name("list", ast.Load()), [node.iter], []),
            ast.Slice(ast.Constant(1)),
            ast.Load(),
        )
        yield "first round left out", _changed(node, iter=sliced)
        yield "loop run once", _changed(node, body=[*node.body, ast.Break()])
    if isinstance(node, ast.AugAssign):
        yield "added → replaced", ast.Assign([node.target], node.value)
        yield "added → taken away", _changed(node, op=ast.Sub())
    if isinstance(node, ast.Expr | ast.Assign | ast.AugAssign | ast.For):
        yield "statement dropped", None
    if isinstance(node, ast.Raise):
        yield "nothing raised", ast.Pass()


class Edit(ast.NodeTransformer):
    """Puts something else in the place of one node, found by its number."""

    def __init__(self, number: int, new: ast.AST | None):
        self.number = number
        self.new = new
        self.seen = -1

    def visit(self, node: ast.AST) -> ast.AST | None:
        """The node, or what stands in its place."""
        self.seen += 1
        if self.seen == self.number:
            return self.new if self.new is not None else ast.Pass()
        return self.generic_visit(node)


def numbered(tree: ast.AST) -> list[ast.AST]:
    """The nodes in the order in which Edit meets them."""
    order: list[ast.AST] = []

    class Walk(ast.NodeVisitor):
        def visit(self, node: ast.AST) -> None:
            order.append(node)
            self.generic_visit(node)

    Walk().visit(tree)
    return order


def exchanged_statements(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Trees in which two neighbouring statements have changed places."""
    for number, node in enumerate(numbered(tree)):
        body = getattr(node, "body", None)
        for place in range(len(body) - 1 if isinstance(body, list) else 0):
            new = copy.deepcopy(tree)
            statements = numbered(new)[number].body  # type: ignore[attr-defined]
            statements[place : place + 2] = reversed(statements[place : place + 2])
            yield "statements exchanged", new


def mutants(slug: str, task: str) -> Iterator[Mutant]:
    """Every change of a task's solution that parses, and that changes its syntax tree."""
    source = REGION.sub("", code(slug)[task])
    tree = ast.parse(source)
    _without_docstrings(tree)
    seen = {ast.dump(tree)}
    for change, new in _all_changes(tree):
        try:
            text = ast.unparse(ast.fix_missing_locations(new))
            dumped = ast.dump(ast.parse(text))
        except (SyntaxError, ValueError, TypeError, AttributeError):
            continue
        if dumped not in seen:
            seen.add(dumped)
            yield Mutant(slug, task, change, text)


def _all_changes(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    signature = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.arguments)
        for part in ast.walk(node)
    }
    for number, node in enumerate(numbered(tree)):
        if id(node) in signature and not isinstance(node, ast.Constant):
            continue
        for change, new in changes_of(node):
            yield (
                f"line {getattr(node, 'lineno', 0)}, {change}",
                Edit(number, new).visit(copy.deepcopy(tree)),
            )
    yield from exchanged_statements(tree)


def _without_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]


class Overtime(BaseException):
    """Raised inside a mutant that does not end."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise Overtime


def outcome(cells: list[str], namespace: dict[str, object]) -> str:
    """What the first failing cell says; empty when all pass."""
    for cell in cells:
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                run(cell, namespace, "cell")
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as fault:
            return f"{type(fault).__name__}: {fault}"[:200] or "fails"
    return ""


@dataclass(frozen=True)
class Verdict:
    """What self-check and hidden tests say of a mutant; empty where they pass it."""

    mutant: Mutant
    check: str
    tests: str

    @property
    def survives(self) -> bool:
        """Whether it would get full marks."""
        return not self.tests


def judged(mutant: Mutant, thorough: bool = True) -> Verdict:
    """The verdict on a mutant. Unless `thorough`, hidden tests run only where the self-check passes."""
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(SECONDS)
    cells = code(mutant.slug)
    tests = list(graders(mutant.slug, mutant.task).values())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            namespace = fresh(mutant.slug)
            fault = outcome([mutant.source], namespace)
            check = fault or outcome([cells[f"check-{mutant.task}"]], namespace)
            graded = check if check and not thorough else (fault or outcome(tests, namespace))
    finally:
        signal.alarm(0)
    return Verdict(mutant, check, graded)


def report(verdicts: list[Verdict], show: Callable[[str], None] = print) -> list[Verdict]:
    """Show a table and the survivors that are not equivalent; returns those."""
    open_ones = []
    for slug in dict.fromkeys(v.mutant.slug for v in verdicts):
        mine = [v for v in verdicts if v.mutant.slug == slug]
        survivors = [v for v in mine if v.survives]
        holes = [v for v in survivors if v.mutant.key not in EQUIVALENT]
        unnoticed = [v for v in mine if not v.check]
        share = 100 * len(holes) / (len(mine) - len(survivors) + len(holes))
        show(
            f"{slug}: {len(mine)} mutants, {len(unnoticed)} pass the self-check, {len(survivors)} the hidden tests; "
            f"{len(survivors) - len(holes)} of them compute the same, {len(holes)} do not ({share:.1f} %)"
        )
        open_ones += holes
    for verdict in open_ones:
        show(
            f"\n--- survivor {verdict.mutant.key} ({verdict.mutant.slug}; {verdict.mutant.change})"
        )
        show(verdict.mutant.source)
    return open_ones


def main() -> int:
    """The command; exit status 1 when more than two in a hundred survive that are not equivalent."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("assignment", nargs="?", choices=SLUGS)
    parser.add_argument("task", nargs="?")
    options = parser.parse_args()
    verdicts: list[Verdict] = []
    for slug in [options.assignment] if options.assignment else SLUGS:
        for task in [options.task] if options.task else tasks(slug):
            began = time.process_time()
            mine = [judged(mutant, thorough=False) for mutant in mutants(slug, task)]
            alive = sum(v.survives for v in mine)
            print(
                f"  {task}: {len(mine)} mutants, {alive} survive, {time.process_time() - began:.0f} s",
                flush=True,
            )
            verdicts += mine
    holes = report(verdicts)
    return int(len(holes) > 0.02 * len(verdicts))


if __name__ == "__main__":
    sys.exit(main())
