"""A run can be traced to the code that made it."""

import subprocess
from pathlib import Path

import pytest

from resnet_course.records import provenance


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """A package of one deciding module, outside git."""
    (tmp_path / "recipes.py").write_text('"""Docstring."""\nLR = 0.1  # a comment\n')
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    monkeypatch.setattr(provenance, "DECIDING", ("recipes.py",))
    provenance.commit.cache_clear()
    yield tmp_path
    provenance.commit.cache_clear()


def test_comments_docstrings_and_layout_do_not_change_the_address(package):
    before = provenance.source_address()
    (package / "recipes.py").write_text('"""Another."""\n\nLR = (\n    0.1\n)\n')
    assert provenance.source_address() == before


def test_code_changes_the_address(package):
    before = provenance.source_address()
    (package / "recipes.py").write_text("LR = 0.2\n")
    assert provenance.source_address() != before


def test_the_code_of_a_study_is_part_of_the_address(package):
    (package / "study.py").write_text("x = 1\n")
    assert provenance.source_address([package / "study.py"]) != provenance.source_address()


def git(package: Path, *arguments: str) -> str:
    author = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    command = ["git", "-C", str(package), *author, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_outside_git_there_is_no_commit(package):
    assert provenance.commit() is None


def test_committed_code_names_its_commit(package):
    git(package, "init", "-q")
    git(package, "add", ".")
    git(package, "commit", "-qm", "first")
    assert provenance.commit() == git(package, "rev-parse", "HEAD")


def test_changed_code_names_none(package):
    git(package, "init", "-q")
    git(package, "add", ".")
    git(package, "commit", "-qm", "first")
    (package / "recipes.py").write_text("LR = 0.2\n")
    assert provenance.commit() is None


def test_a_new_record_beside_the_code_changes_nothing(package):
    git(package, "init", "-q")
    git(package, "add", ".")
    git(package, "commit", "-qm", "first")
    (package / "record.json").write_text("{}")
    assert provenance.commit() == git(package, "rev-parse", "HEAD")
