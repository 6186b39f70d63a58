"""Which statements of a student's notebook may run beside hidden tests, and in which form.

A test calls an answer in its own process, because what an answer leaves behind there (modes, hooks,
gradients, random numbers) is part of what is asked. So code is let into that process only in a form in
which it cannot reach the process itself: every attribute access goes through `guards`, and statements
that could get around them are refused, each with the reason. What is refused is never run.
"""

import ast
import linecache
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import cast

from IPython.core.inputtransformer2 import TransformerManager

from . import openings
from .guards import LOAD, READ, STAR, TAKE, WRITABLE, Refused, check_name

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Statement:
    """One statement at the top level of a cell.

    Attributes:
        code: what to run, or None where nothing may run.
        binds: the names that it would define or assign.
        defines: the name of the function or class that it defines, or "".
        shows: whether its value is to be shown, as a notebook shows the last line's.
        refused: what it reaches for that is closed, or "".
        note: why it is passed over without being held against it, or "".
    """

    code: CodeType | None
    binds: frozenset[str] = frozenset()
    defines: str = ""
    shows: bool = False
    refused: str = ""
    note: str = ""


def admit(source: str, label: str, stubs: frozenset[str], fenced: bool = True) -> list[Statement]:
    """The statements of a cell, those that may run compiled. Raises SyntaxError, ValueError,
    RecursionError or MemoryError where the source cannot be parsed.

    Args:
        source: the cell, with IPython's magics if there are any.
        label: what tracebacks call it.
        stubs: answers as they were handed out, dumped by `dump`; they would undo a student's.
        fenced: whether to rewrite and refuse; without it everything is let in as it is.
    """
    text = TransformerManager().transform_cell(without_cell_magic(source))
    lines = text.splitlines(keepends=True)
    linecache.cache[label] = (len(text), None, lines, label)
    tree = ast.parse(text, label)
    last = tree.body[-1] if tree.body else None
    return [_admit_one(node, label, stubs, fenced, node is last) for node in tree.body]


def without_cell_magic(source: str) -> str:
    """The cell without a first line such as `%%time`, which says nothing about what it computes."""
    first, newline, rest = source.partition("\n")
    harmless = ("%%time", "%%timeit", "%%capture")
    return newline + rest if first.split(" ")[0].strip() in harmless else source


def dump(source: str) -> frozenset[str]:
    """The definitions of a cell in a form that layout and comments do not change."""
    return frozenset(ast.dump(node) for node in ast.parse(source).body if isinstance(node, Definition))


def _admit_one(
    node: ast.stmt, label: str, stubs: frozenset[str], fenced: bool, is_last: bool
) -> Statement:
    binds = frozenset(_bound(node))
    if any(isinstance(n, ast.Name) and n.id == "get_ipython" for n in ast.walk(node)):
        return Statement(None, binds, note="a magic or a shell command is not run here")
    defines = node.name if isinstance(node, Definition) else ""
    if isinstance(node, Definition) and ast.dump(node) in stubs:
        return Statement(None)
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return Statement(None)
    if fenced:
        try:
            node = cast(ast.stmt, Fence().visit(node))
        except Refused as refusal:
            return Statement(None, binds, defines, refused=str(refusal))
    shows = is_last and isinstance(node, ast.Expr)
    return Statement(_compiled(node, label, shows), binds, defines, shows)


def _compiled(node: ast.stmt, label: str, shows: bool) -> CodeType:
    if shows and isinstance(node, ast.Expr):
        expression = ast.fix_missing_locations(ast.Expression(node.value))
        return compile(expression, label, "eval", dont_inherit=True)
    module = ast.fix_missing_locations(ast.Module([node], []))
    return compile(module, label, "exec", dont_inherit=True)


def _bound(node: ast.stmt) -> Iterator[str]:
    """Names that a statement binds at the top level, as far as that is plain to see."""
    if isinstance(node, Definition):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
    else:
        stored = (n for n in ast.walk(node) if isinstance(n, ast.Name))
        yield from (n.id for n in stored if isinstance(n.ctx, ast.Store))


class Fence(ast.NodeTransformer):
    """Rewrites a statement for the guards. Raises Refused where it cannot be."""

    def __init__(self) -> None:
        self._classes: list[str] = []

    # Attributes.

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        name = self._mangled(node.attr)
        check_name(name)
        value = cast(ast.expr, self.visit(node.value))
        if isinstance(node.ctx, ast.Load):
            return _call(node, READ, [value, ast.Constant(name)])
        if name.startswith("__"):
            raise Refused(f"setting `{name}`")
        node.value = _call(node, WRITABLE, [value, ast.Constant(name)])
        return node

    def _mangled(self, name: str) -> str:
        """A class's private name, as Python would spell it out."""
        private = name.startswith("__") and not name.endswith("__")
        return f"_{self._classes[-1].lstrip('_')}{name}" if private and self._classes else name

    def visit_MatchClass(self, node: ast.MatchClass) -> ast.AST:
        raise Refused("`match` with a class pattern, which reads attributes")

    # Names, wherever a statement spells one: `id`, `asname` of an import, `name` of a handler, …

    def visit(self, node: ast.AST) -> ast.AST:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Attribute | ast.keyword):
            for field in ("id", "arg", "name", "asname", "rest", "names"):
                self._check_plain(vars(node).get(field))
        visited: ast.AST = super().visit(node)
        return visited

    def _check_plain(self, name: object) -> None:
        for each in name if isinstance(name, list) else [name]:
            unusual = isinstance(each, str) and each.startswith("__")
            if unusual and each not in openings.NAMES_WITH_DUNDERS:
                raise Refused(f"the name `{each}`")

    # Definitions.

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._check_method(node.name)
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        self._check_method(node.name)
        return self.generic_visit(node)

    @staticmethod
    def _check_method(name: str) -> None:
        dunder = name.startswith("__") and name.endswith("__")
        if dunder and name not in openings.DUNDERS_TO_DEFINE:
            raise Refused(f"a method `{name}`")

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self._classes.append(node.name)
        made = self.generic_visit(node)
        self._classes.pop()
        return made

    # Imports become assignments of what the guards hand out.

    def visit_Import(self, node: ast.Import) -> ast.AST:
        self.generic_visit(node)
        targets = []
        values: list[ast.expr] = []
        for alias in node.names:
            if openings.opening(alias.name) is None:
                raise Refused(f"the module `{alias.name}`")
            targets.append(alias.asname or alias.name.split(".")[0])
            whole = ast.Constant(alias.asname is not None)
            values.append(_call(node, LOAD, [ast.Constant(alias.name), whole]))
        return _assignment(node, targets, values)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        self.generic_visit(node)
        module = node.module or ""
        if node.level or openings.opening(module) is None:
            raise Refused(f"the module `{'.' * node.level}{module}`")
        if any(alias.name == "*" for alias in node.names):
            return ast.copy_location(ast.Expr(_call(node, STAR, [ast.Constant(module)])), node)
        targets = [alias.asname or alias.name for alias in node.names]
        names = [ast.Constant(alias.name) for alias in node.names]
        values = [_call(node, TAKE, [ast.Constant(module), name]) for name in names]
        return _assignment(node, targets, values)


def _assignment(at: ast.AST, targets: list[str], values: Sequence[ast.expr]) -> ast.Assign:
    names: list[ast.expr] = [ast.Name(name, ast.Store()) for name in targets]
    left = ast.Tuple(names, ast.Store())
    right = ast.Tuple(list(values), ast.Load())
    return ast.fix_missing_locations(ast.copy_location(ast.Assign([left], right), at))


def _call(at: ast.AST, name: str, arguments: list[ast.expr]) -> ast.Call:
    function = ast.Name(name, ast.Load())
    call = ast.Call(function, arguments, [])
    return ast.fix_missing_locations(ast.copy_location(call, at))
