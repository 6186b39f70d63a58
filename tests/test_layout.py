"""What a stranger may count on: names that say what is there, light starts, notebooks in the open."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import resnet_course
from resnet_course import studies

PACKAGE = Path(resnet_course.__file__).parent
ROOT = PACKAGE.parent
SOURCES = sorted(
    path
    for room in ("resnet_course", "tools", "book/sphinxext")
    for path in (ROOT / room).rglob("*.py")
)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
HEAVY = ("torch", "torchvision", "lightning", "matplotlib", "ipywidgets", "pandas", "scipy")
HIDDEN = {"remove-input", "hide-input", "remove-cell", "hide-cell"}
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def loaded_by(module: str) -> set[str]:
    """Heavy libraries that are loaded when a module is imported."""
    code = f"import sys, {module}; print(*set({HEAVY!r}) & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "module", ["resnet_course", "recipes", "records", "plots", "launch", "cli", "studies"]
)
def test_what_is_light_loads_no_heavy_library(module):
    name = module if module == "resnet_course" else f"resnet_course.{module}"
    assert loaded_by(name) == set()


def test_every_study_starts_without_heavy_libraries():
    modules = ", ".join(f"resnet_course.studies.{name}" for name in studies.names())
    assert loaded_by(modules) == set()


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_module_says_first_what_it_is(path):
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_module_is_named_for_what_it_does(path):
    words = relative(path).removesuffix(".py").replace("_", "/").split("/")
    assert not SAYS_NOTHING & set(words)


def test_nothing_edits_pythons_path():
    offenders = [relative(path) for path in SOURCES if "sys.path" in path.read_text()]
    assert offenders == []


def test_nothing_but_tests_imports_tests():
    offenders = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tests":
                offenders.append(relative(path))
    assert offenders == []


def hidden_lines(path: Path) -> int:
    """Lines of code that a reader of the book does not see."""
    lines = 0
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code" and HIDDEN & set(cell["metadata"].get("tags", [])):
            lines += sum(bool(line.strip()) for line in "".join(cell["source"]).splitlines())
    return lines


def test_the_notebooks_hide_fewer_than_300_lines_of_code():
    counts = {path.stem: hidden_lines(path) for path in NOTEBOOKS}
    assert sum(counts.values()) < 300, counts


def code_cells(path: Path) -> list[str]:
    cells = json.loads(path.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_builds_no_figure_card_of_its_own(path):
    assert not any("figure_card(" in source for source in code_cells(path))
