"""The package of Sphinx extensions as a whole: what is loaded, and who knows whom."""

import ast
from pathlib import Path

import pytest
import yaml

from book import sphinxext

PACKAGE = Path(sphinxext.__file__).parent
ROOT = PACKAGE.parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text(encoding="utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}
DOORS = {
    "book.sphinxext.project",
    "book.sphinxext.records.evidence",
    "book.sphinxext.records.onnx_export",
}


def imports(text: str) -> set[str]:
    """The modules that a module imports, those inside of functions too."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            named.add(node.module or "")
        elif isinstance(node, ast.Import):
            named.update(alias.name for alias in node.names)
    return named


def test_every_extension_is_loaded_and_every_module_loaded_is_an_extension():
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    extensions = {name for name, text in MODULES.items() if "\ndef setup(" in text}
    assert set(config["sphinx"]["extra_extensions"]) == extensions


def test_only_three_modules_know_the_package_of_the_course():
    knowing = {
        name
        for name, text in MODULES.items()
        if any(module.split(".")[0] == "resnet_course" for module in imports(text))
    }
    assert knowing == DOORS


@pytest.mark.parametrize("name", MODULES)
def test_what_concerns_written_pages_knows_no_records(name):
    rooms = {module.split(".")[2] for module in imports(MODULES[name]) if "sphinxext." in module}
    if name.startswith("book.sphinxext.html."):
        assert not rooms & {"records", "pages"}
    if name.startswith("book.sphinxext.records."):
        assert not rooms & {"pages", "html"}
    if name.startswith("book.sphinxext.pages."):
        assert "html" not in rooms


@pytest.mark.parametrize("folder", ["book", "resnet_course", "tools", "tests/book", "tests/tools"])
def test_no_module_edits_the_path_of_python(folder):
    editing = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*.py")
        if "sys.path." in path.read_text(encoding="utf-8") and path != Path(__file__)
    ]
    assert editing == []
