"""Where the course is on the web: one module knows, from what pyproject.toml says."""

import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from resnet_course import repository

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "version", lambda: "9.9.9")


def test_the_address_is_the_one_of_pyproject():
    assert repository.address() == PROJECT["urls"]["Repository"]


def test_the_version_is_the_one_of_pyproject():
    assert repository.version() == PROJECT["version"], "pyproject.toml changed: `make environment`"


@pytest.mark.parametrize(("version", "revision"), [("0.2.0.dev0", "main"), ("0.2.0", "v0.2.0")])
def test_a_version_in_development_stands_for_main_and_a_release_for_its_tag(version, revision):
    assert repository.revision(version) == revision


@pytest.mark.usefixtures("release")
def test_a_notebook_of_a_release_opens_at_its_tag():
    owner_and_name = repository.address().removeprefix("https://github.com/")
    assert repository.colab_address("notebooks/03_degradation.ipynb") == (
        f"https://colab.research.google.com/github/{owner_and_name}"
        "/blob/v9.9.9/notebooks/03_degradation.ipynb"
    )


def test_the_book_is_published_on_the_pages_of_its_host(monkeypatch):
    monkeypatch.setattr(repository, "address", lambda: "https://github.com/someone/a-course")
    assert repository.book_address() == "https://someone.github.io/a-course"


def test_a_package_that_was_never_installed_says_how_to_install_it(monkeypatch):
    def nothing_installed(_name: str):
        raise PackageNotFoundError

    monkeypatch.setattr(repository, "metadata", nothing_installed)
    with pytest.raises(RuntimeError, match="pip install -e"):
        repository.address()
