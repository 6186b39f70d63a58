"""What the course is made with is listed with its licence, and cannot be swapped unnoticed."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing

from tools import ToolError, audit, licences, lock_file, sbom, third_party, vendored

ROW = re.compile(r"^\| ([\w.-]+) \| ([\w.!+-]+) \| ([^|]+) \|$", re.MULTILINE)
LOCK = lock_file.read()
NAMES = sorted({package.name for package in LOCK.packages})
INSTALLED_HERE = [name for name in NAMES if licences.find(name) is not None]
SMALL_LOCK = """
[[package]]
name = "resnet-course"
version = "1"
source = { editable = "." }
dependencies = [{ name = "a" }]
[package.optional-dependencies]
book = [{ name = "c" }]

[[package]]
name = "a"
version = "1.0"
dependencies = [{ name = "b", marker = "sys_platform == 'linux'" }]
wheels = [{ url = "a.whl", hash = "sha256:1" }]

[[package]]
name = "b"
version = "2.0"
dependencies = [{ name = "a" }]
sdist = { url = "b.tar.gz" }

[[package]]
name = "c"
version = "3.0"
sdist = { url = "c.tar.gz", hash = "sha256:2" }
wheels = [{ url = "c.whl", hash = "sha256:3" }]
"""


@dataclass(frozen=True)
class Row:
    """A line of a table in THIRD_PARTY.md."""

    name: str
    version: str
    licence: str


@pytest.fixture
def lock(tmp_path: Path) -> lock_file.Lock:
    path = tmp_path / "uv.lock"
    path.write_text(SMALL_LOCK)
    return lock_file.read(path)


@pytest.fixture(scope="module")
def listed() -> list[Row]:
    """The packages of the lock file in THIRD_PARTY.md."""
    text = third_party.TARGET.read_text().partition("## Needed to run")[2]
    rows = [Row(*cells) for cells in ROW.findall(text)]
    return [row for row in rows if row.name not in ("Package", "---")]


@pytest.fixture(scope="module")
def bill() -> dict:
    return sbom.bill_of_materials()


def workflow(folder: Path, step: str) -> Path:
    (folder / "test.yml").write_text(f"jobs:\n  test:\n    steps:\n      - uses: {step}\n")
    return folder


def test_what_a_package_needs_is_followed_to_the_end(lock):
    assert lock.closure(lock.needed) == {"a", "b"}


def test_a_file_without_a_checksum_is_seen(lock):
    assert [one.name for one in lock.packages if not one.is_hashed] == ["b"]


def test_every_file_that_may_be_installed_has_a_checksum():
    assert audit.packages_without_checksums() == []


def test_vendored_files_are_unchanged():
    assert audit.changed_vendored_files() == []


def test_workflows_name_the_actions_of_others_by_commit():
    assert list(audit.actions(audit.WORKFLOWS))
    assert audit.actions_not_pinned() == []


@pytest.mark.parametrize("step", ["actions/checkout@v4", "a/b@main", "a/b"])
def test_an_action_whose_owner_can_move_it_is_seen(tmp_path, step):
    assert audit.actions_not_pinned(workflow(tmp_path, f"{step}  # v4")) == [step]


def test_an_action_named_by_commit_may_be_in_a_folder(tmp_path):
    assert audit.actions_not_pinned(workflow(tmp_path, f"a/b/c@{'0' * 40}  # v1")) == []


def answering(monkeypatch: pytest.MonkeyPatch, status: int, out: str, err: str) -> None:
    """Let the database of vulnerabilities answer so."""
    answer = subprocess.CompletedProcess(audit.ASK, status, out, err)
    monkeypatch.setattr(audit.subprocess, "run", lambda *_arguments, **_options: answer)


def test_an_audit_that_could_not_ask_does_not_pass(monkeypatch):
    answering(monkeypatch, 2, "", "error: Request failed\n  cause: error sending request for url")
    with pytest.raises(ToolError, match="cannot be reached"):
        audit.main()


def test_a_known_vulnerability_fails_the_audit_in_its_own_words(monkeypatch):
    answering(monkeypatch, 1, "PYSEC-2026-1 in torch", "")
    with pytest.raises(ToolError, match="PYSEC-2026-1 in torch"):
        audit.main()


def test_an_audit_that_knows_of_nothing_passes(monkeypatch, capsys):
    answering(monkeypatch, 0, "", "")
    audit.main()
    assert "No vulnerability is known" in capsys.readouterr().out


def test_every_locked_package_is_listed_with_its_version(listed):
    locked = {(package.name, package.version) for package in LOCK.packages}
    assert {(row.name, row.version) for row in listed} == locked, "run `make third-party`"


@pytest.mark.parametrize("name", INSTALLED_HERE)
def test_the_listed_licence_is_what_the_package_says(listed, name):
    stated = {row.licence for row in listed if row.name == name}
    assert stated == {licences.licence(name)}, "run `make third-party`"


def test_every_listed_licence_is_an_expression_of_spdx(listed):
    known = get_spdx_licensing()
    own = re.compile(r"LicenseRef-[\w-]+")
    expressions = {own.sub("MIT", row.licence) for row in listed}
    wrong = [one for one in expressions if known.validate(one).errors]
    assert wrong == []


def test_every_vendored_package_is_listed():
    text = third_party.TARGET.read_text()
    assert third_party.vendored_packages() in text, "run `make third-party`"


def test_a_licence_that_is_nowhere_said_must_be_read_by_somebody(monkeypatch):
    monkeypatch.setattr(licences, "declared", lambda _package: None)
    monkeypatch.setattr(licences, "by_its_text", lambda _package: None)
    with pytest.raises(ToolError, match="pytest does not say its licence"):
        licences.licence("pytest")


def test_a_package_for_another_system_must_be_looked_up():
    with pytest.raises(ToolError, match="no-such-package is not installed here"):
        licences.licence("no-such-package")


def test_the_bill_of_materials_has_every_locked_and_every_vendored_package(bill):
    named = {component["purl"].partition("?")[0] for component in bill["components"]}
    locked = {f"pkg:pypi/{one.name}@{one.version}" for one in LOCK.packages}
    kept = {f"pkg:npm/{one.name.replace('@', '%40')}@{one.version}" for one in vendored.PACKAGES}
    assert named == locked | kept


def test_every_component_of_the_bill_has_a_licence(bill):
    assert all(component["licenses"] for component in bill["components"])


def test_the_bill_of_materials_is_the_same_each_time(bill):
    assert sbom.bill_of_materials() == bill


def test_the_bill_of_materials_can_be_read_by_cyclonedx(bill):
    assert len(Bom.from_json(bill).components) == len(bill["components"])


def test_the_bill_of_materials_keeps_to_its_schema(bill):
    locked, *_, kept = bill["components"]  # one of each kind: to hold all takes minutes
    short = bill | {"components": [locked, kept], "dependencies": []}
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(json.dumps(short)) is None
