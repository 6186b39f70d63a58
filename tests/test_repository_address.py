"""Where the course is on the web: one module knows, from what pyproject.toml says."""

import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

from resnet_course import repository

DECLARED = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
ELSEWHERE = repository.Project("https://github.com/someone/a-course", "9.9.9")


@pytest.fixture
def without_source_tree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(repository, "PYPROJECT", tmp_path / "pyproject.toml")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "project", lambda: ELSEWHERE)


def test_the_source_tree_says_where_the_repository_is():
    declared = repository.Project(DECLARED["urls"]["Repository"], DECLARED["version"])
    assert repository.project() == declared


@pytest.mark.usefixtures("without_source_tree")
def test_an_installation_says_where_the_repository_is():
    installed = repository.project()
    assert installed.address == DECLARED["urls"]["Repository"]
    assert installed.version == metadata("resnet-course")["Version"]


def test_the_pyproject_of_another_project_is_not_ours(monkeypatch, tmp_path):
    other = tmp_path / "pyproject.toml"
    other.write_text('[project]\nname = "other"\n')
    monkeypatch.setattr(repository, "PYPROJECT", other)
    assert repository.address() == DECLARED["urls"]["Repository"]


@pytest.mark.usefixtures("without_source_tree")
def test_a_package_that_is_nowhere_installed_says_how_to_install_it(monkeypatch):
    def nothing_installed(_name: str):
        raise PackageNotFoundError

    monkeypatch.setattr(repository, "metadata", nothing_installed)
    with pytest.raises(RuntimeError, match="pip install resnet-course"):
        repository.address()


@pytest.mark.parametrize(("version", "revision"), [("0.2.0.dev0", "main"), ("0.2.0", "v0.2.0")])
def test_a_version_in_development_stands_for_main_and_a_release_for_its_tag(version, revision):
    assert repository.revision(version) == revision


@pytest.mark.usefixtures("elsewhere")
def test_a_notebook_of_a_release_opens_on_colab_at_its_tag():
    assert repository.colab_address("notebooks/03_degradation.ipynb") == (
        "https://colab.research.google.com/github/someone/a-course/blob/v9.9.9/notebooks/03_degradation.ipynb"
    )


@pytest.mark.usefixtures("elsewhere")
def test_the_book_is_published_on_the_pages_of_its_host():
    assert repository.book_address() == "https://someone.github.io/a-course"
