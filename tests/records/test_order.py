"""A claim is committed before the seeds that test it are run: read from git and from the records."""

import ast
import subprocess
from functools import cache
from pathlib import Path

import pytest

import resnet_course
from resnet_course import records, studies
from resnet_course.records import store
from resnet_course.records.claims import fresh_records

ROOT = Path(resnet_course.__file__).parents[1]
FRESH = [
    record
    for name in studies.names()
    for record in fresh_records(
        [records.read(p) for p in store.record_paths(records.RECORDED / name)]
    )
]


def git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@cache
def has_history() -> bool:
    """Whether this is a clone with its history, not an export or a shallow clone."""
    try:
        return git("rev-parse", "--is-shallow-repository").strip() == "false"
    except (OSError, subprocess.CalledProcessError):
        return False


needs_history = pytest.mark.skipif(not has_history(), reason="no git history in this copy")


def claims_in(source: str) -> set[str]:
    """What a module of claims says: every Claim it makes, and every constant, without layout."""
    said = set()
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "Claim"
        ):
            said.add(ast.dump(node))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            said.add(ast.dump(node))
    return said


@cache
def claims_at(commit: str, study: str) -> set[str]:
    return claims_in(git("show", f"{commit}:resnet_course/studies/{study}/claims.py"))


def test_there_are_records_of_fresh_seeds():
    assert FRESH


@needs_history
@pytest.mark.parametrize("study", sorted({record.study for record in FRESH}))
def test_every_fresh_record_names_a_commit_of_this_history(study):
    for record in FRESH:
        if record.study == study:
            commit = record.provenance.commit
            assert commit, record.config.name
            git("merge-base", "--is-ancestor", commit, "HEAD")


@needs_history
@pytest.mark.parametrize("study", sorted({record.study for record in FRESH}))
def test_what_a_study_claims_was_committed_before_its_fresh_seeds_were_run(study):
    source = (ROOT / "resnet_course" / "studies" / study / "claims.py").read_text()
    commits = {r.provenance.commit for r in FRESH if r.study == study}
    for commit in commits:
        assert commit
        assert claims_in(source) <= claims_at(commit, study), f"claims changed after {commit}"


@needs_history
def test_the_date_of_the_commit_is_before_that_of_the_run():
    for record in FRESH:
        assert record.provenance.commit
        committed = git("show", "-s", "--format=%cI", record.provenance.commit).strip()
        assert committed[:19] <= record.provenance.started[:19], record.config.name


def test_a_margin_that_moved_is_noticed():
    before = 'MARGIN = 2.0\nCLAIMS = (Claim("x", f, "above", MARGIN),)\n'
    after = before.replace("2.0", "1.0")
    assert not claims_in(after) <= claims_in(before)
