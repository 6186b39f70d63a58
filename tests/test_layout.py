"""Imports point one way: the table of who may import whom, read from the sources themselves."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import resnet_course

PACKAGE = Path(resnet_course.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

# Module -> modules of this package that it may import. What is not named here imports none of them.
DATA = {"data.sources", "data.images", "data.augment"}
MAY_IMPORT = {
    "variants": {"blocks"},
    "probes": {"blocks"},
    "models": {"blocks", "variants", "probes"},
    "landscape": {"probes"},
    "figures": {"runs"},
    "widgets": {"figures", "runs"},
    "data.images": {"data.sources"},
    "provenance": {"recipes", *DATA},
    "networks": {"models", "probes", "recipes", "runs", *DATA},
    "examination": {"networks", "engine", "probes", "provenance", "device", "recipes", "runs", *DATA},
    "training": {"networks", "examination", "engine", "provenance", "device", "recipes", "runs", *DATA},
    "costs": {"training", "networks", "examination", "engine", "device", "recipes", *DATA},
    "bench": {"costs", "training", "networks", "engine", "models", "provenance", "device", "recipes", *DATA},
    "lab": {"studies", "training", "costs", "cluster", "examination", "networks", "device", "runs", "recipes"},
    "cli": {"lab", "runs", "recipes", "training", "examination", "device", "models", "bench", *DATA},
    "__init__": {*MODULES} - {"cli"},
}
STUDIES = [name for name in MODULES if name.startswith("studies.")]
MAY_IMPORT |= {name: {"recipes", "runs", "figures", "probes", "landscape"} for name in STUDIES}
CHECKS = [name for name in MODULES if name.startswith("checks.")]
MAY_IMPORT |= {
    name: {"checks", "blocks", "variants", "models", "probes", "engine", "recipes", "runs", "data", *DATA, *CHECKS}
    for name in CHECKS
}
HEAVY = {"torch", "torchvision", "lightning", "matplotlib", "ipywidgets"}


def imports(name: str, top_level_only: bool = False) -> Iterator[str]:
    """Dotted names a module imports, those inside functions too; ours relative to the package, without its name."""
    path = MODULES[name]
    tree = ast.parse(path.read_text())
    package = ["resnet_course", *path.relative_to(PACKAGE).parts[:-1]]
    for node in outside_functions(tree) if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:  # `from .data import images` names a module, `from .runs import Record` does not
                whole = f"{source}.{alias.name}"
                yield whole if whole.removeprefix("resnet_course.") in MODULES else source


def outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from outside_functions(node)


def ours(name: str) -> set[str]:
    return {i.removeprefix("resnet_course.") for i in imports(name) if i.split(".")[0] == "resnet_course"}


def outside(name: str, **options) -> set[str]:
    return {imported.split(".")[0] for imported in imports(name, **options)}


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_what_the_table_allows(name):
    assert ours(name) - {"resnet_course"} <= MAY_IMPORT.get(name, set())


def test_the_table_names_only_modules_that_exist():
    named = set(MAY_IMPORT) | set().union(*MAY_IMPORT.values())
    assert named <= set(MODULES)


def test_the_reader_of_imports_sees_those_inside_functions():
    assert "training" in ours("lab")
    assert "data.sources" in ours("cli")


@pytest.mark.parametrize("name", ["recipes", "runs", "lab", "cli"])
def test_a_light_module_never_names_a_heavy_library(name):
    assert not outside(name) & HEAVY


@pytest.mark.parametrize("name", [*STUDIES, "studies", "figures", "widgets", "__init__"])
def test_a_heavy_library_is_imported_only_where_it_is_used(name):
    assert not outside(name, top_level_only=True) & HEAVY


def test_the_package_starts_without_heavy_libraries():
    code = (
        "import sys, resnet_course, resnet_course.recipes, resnet_course.runs, resnet_course.lab, resnet_course.cli;"
        f"print(*sorted(set({sorted(HEAVY)}) & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_starts_without_heavy_libraries(name):
    code = f"import sys, resnet_course.{name}; print(*sorted(set({sorted(HEAVY)}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_the_library_without_studies_and_checks_stays_under_3500_written_lines():
    written = (sum(map(bool, map(str.strip, MODULES[name].read_text().splitlines()))) for name in MODULES)
    of = dict(zip(MODULES, written, strict=True))
    assert sum(count for name, count in of.items() if name not in [*STUDIES, *CHECKS]) < 3_500


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_stays_within_120_lines(name):
    assert lines(MODULES[name]) <= 120


@pytest.mark.parametrize("name", MODULES)
def test_nothing_but_a_check_imports_a_check(name):
    assert name.startswith("checks") or not {i for i in ours(name) if i.split(".")[0] == "checks"}


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_has_a_question_configs_a_figure_and_claims(name):
    defined = {node.name for node in ast.parse(MODULES[name].read_text()).body if isinstance(node, ast.FunctionDef)}
    assert {"configs", "figure", "holds"} <= defined
    assert "QUESTION = " in MODULES[name].read_text()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_named_for_what_it_does(name):
    assert not {"utils", "util", "helpers", "helper", "manager", "common", "misc"} & set(
        name.replace("_", ".").split(".")
    )


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_first_what_it_is(name):
    text = MODULES[name].read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text))
