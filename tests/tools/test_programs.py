"""Programs of the house: each can be run as it says, and none leans on the tests."""

import ast
import re
from pathlib import Path

import pytest

from tools import ROOT, ToolError, built_book, run, screenshots

FOLDER = ROOT / "tools"
SOURCES = sorted(FOLDER.rglob("*.py"))
MAKEFILE = (ROOT / "Makefile").read_text()
WORKFLOWS = "".join(path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml"))
CALLED = sorted(set(re.findall(r"-m (tools\.\w+)", MAKEFILE + WORKFLOWS)))


def program(name: str) -> Path:
    """The file that `python -m` runs for a dotted name."""
    path = ROOT.joinpath(*name.split("."))
    return path / "__main__.py" if path.is_dir() else path.with_suffix(".py")


def imported(path: Path) -> set[str]:
    """The top-level names that a module imports, in functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("name", CALLED)
def test_every_program_that_make_or_a_workflow_calls_is_there(name):
    assert 'if __name__ == "__main__":' in program(name).read_text()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_no_program_imports_from_the_tests(path):
    assert "tests" not in imported(path)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_no_program_changes_where_python_looks_for_modules(path):
    assert "sys.path" not in path.read_text()


def test_the_hidden_folder_has_only_what_continuous_integration_runs():
    assert {path.name for path in (ROOT / ".ci").iterdir()} == {"run", "chromium"}


def test_what_a_program_cannot_do_ends_it_with_a_sentence_and_status_1():
    def fail() -> None:
        raise ToolError("do this first")

    with pytest.raises(SystemExit) as ended:
        run(fail)
    assert ended.value.code == "do this first"  # which Python prints, and ends with 1


@pytest.mark.browser
def test_a_page_is_pictured_in_full_under_a_name_of_its_own(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(built_book, "HTML", tmp_path)
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "page.html").write_text('<div style="height: 3000px">Tall</div>')
    look = screenshots.Look("dark", 360)
    screenshots.picture(browser, look, ["book/page.html"], tmp_path)
    assert (tmp_path / "book-page-dark-360.png").stat().st_size > 0
