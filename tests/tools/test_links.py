"""The repository's address and revision are the same in every copy."""

import json
import subprocess
from pathlib import Path

import pytest

from resnet_course import repository
from tools import ROOT, links

CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
RELEASED = ROOT / "notebooks" / "exercises" / "release"


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> None:
    project = repository.Project(repository.address(), "9.9.9")
    monkeypatch.setattr(repository, "project", lambda: project)


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.is_file()]


def test_every_copy_of_the_address_is_the_one_of_pyproject():
    texts = links.copies()
    stale = [path.name for path, text in texts.items() if path.read_text() != text]
    assert stale == [], "run `make links`"


def test_the_address_stands_nowhere_else():
    released = RELEASED.rglob("*.ipynb")  # made anew from the sources
    allowed = {ROOT / "pyproject.toml", ROOT / "uv.lock", *links.copies(), *released}
    address = repository.address().encode()
    holding = [path for path in tracked() if path not in allowed and address in path.read_bytes()]
    assert holding == []


@pytest.mark.parametrize(
    "foreign",
    [
        "[a](https://colab.research.google.com/github/some/fork/blob/main/x.ipynb)",
        "https://github.com/some/fork",
        "git+https://github.com/some/fork.git",
    ],
)
def test_a_foreign_link_becomes_ours(foreign):
    assert "some/fork" not in links.with_our_links(foreign)


@pytest.mark.usefixtures("release")
def test_the_buttons_of_a_release_open_its_tag():
    readme = links.copies()[ROOT / "README.md"]
    assert "/blob/v9.9.9/notebooks/03_degradation.ipynb" in readme
    assert "/blob/main/" not in readme


@pytest.mark.usefixtures("release")
@pytest.mark.parametrize("path", links.notebooks(), ids=lambda path: path.stem)
def test_a_set_up_cell_of_a_release_installs_its_tag(path):
    install = f"resnet-course @ git+{repository.address()}@v9.9.9"
    assert install in links.with_our_setup(path.read_text())


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_set_up_cell_begins_alike(path):
    cells = json.loads(path.read_text())["cells"]
    first = next(cell for cell in cells if cell["cell_type"] == "code")
    assert {"setup", "hide-input"} <= set(first["metadata"]["tags"])
    assert "".join(first["source"]).startswith(links.setup_lines().rstrip()), "run `make links`"
