"""What the files around the package promise each other."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
VENDOR = ROOT / "book" / "assets" / "vendor"


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]


def test_conda_installs_what_pip_installs():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["name"] == PROJECT["name"]
    *plain, through_pip = environment["dependencies"]
    assert f"python{PROJECT['requires-python']}" in plain
    (line,) = through_pip["pip"]
    extra = re.fullmatch(r"-e \.\[(\w+)\]", line)[1]
    assert extra in PROJECT["optional-dependencies"]


def test_the_package_bounds_its_dependencies_from_below_only():
    assert all(re.fullmatch(r"[\w-]+>=[\d.]+", line) for line in PROJECT["dependencies"]), PROJECT[
        "dependencies"
    ]


def test_binder_installs_what_the_package_needs():
    environment = yaml.safe_load((ROOT / ".binder" / "environment.yml").read_text())
    named = {re.split(r"[>=<]", line)[0] for line in environment["dependencies"]}
    needed = {re.split(r"[>=<]", line)[0] for line in PROJECT["dependencies"]}
    conda_calls_it = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}
    assert {conda_calls_it.get(name, name) for name in needed} <= named


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_run_and_short(path):
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code), "run `make notebooks`"
    assert not [o for cell in code for o in cell["outputs"] if o["output_type"] == "error"]
    assert max(len("".join(cell["source"]).splitlines()) for cell in code) <= 20
    assert len({cell["id"] for cell in cells}) == len(cells)
    assert "assert" in "".join(code[-1]["source"]), "the last cell asserts the chapter's claims"
    assert code[-1]["metadata"]["tags"] == ["remove-cell"]


def test_every_chapter_is_in_the_book_and_in_the_readme():
    contents = (ROOT / "_toc.yml").read_text()
    readme = (ROOT / "README.md").read_text()
    for path in NOTEBOOKS:
        assert f"notebooks/{path.stem}" in contents
        assert f"notebooks/{path.name}" in readme


def test_make_lists_its_targets_and_has_the_two_commands_of_the_readme():
    targets = set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    listed = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert targets <= set(re.findall(r"make (\w+)", listed))
    assert set(re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)) == {
        "book",
        "test",
    }
    assert {"book", "test"} <= targets


def test_continuous_integration_runs_the_command_of_the_readme():
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("make test")
    assert "bash .ci/run" in (ROOT / ".github" / "workflows" / "test.yml").read_text()


def test_the_weekly_workflow_proves_the_places_that_make_proves():
    makefile = (ROOT / "Makefile").read_text()
    proved = set(" ".join(re.findall(r"python -m tools\.hosted_runs (.+)", makefile)).split())
    job = yaml.safe_load((ROOT / ".github" / "workflows" / "colab.yml").read_text())["jobs"][
        "notebooks"
    ]
    assert set(job["strategy"]["matrix"]["place"]) == proved
    assert any("python -m tools.hosted_runs" in step.get("run", "") for step in job["steps"])
    assert "gh issue create" in job["steps"][-1]["run"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.stem
)
def test_a_workflow_is_yaml_with_jobs(path):
    assert yaml.safe_load(path.read_text())["jobs"]


def test_the_citation_names_the_version_of_the_package():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == PROJECT["version"]


def test_no_file_names_a_machine():
    paths = re.compile(rb"(?<![\w.])/(?:root|work|farm|home/\w+)/\w")
    holding = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if VENDOR not in path.parents
        and path.suffix not in {".webp", ".safetensors"}
        and paths.search(path.read_bytes())
    ]
    assert holding == []


def test_large_files_are_known():
    known = {"cifar10-16x16-train.webp", "ort-wasm-simd-threaded.wasm"}
    large = {path.name for path in tracked() if path.stat().st_size > 2_000_000}
    assert large <= known
