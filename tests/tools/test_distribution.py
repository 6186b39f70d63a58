"""The wheel and the source distribution hold what they should and nothing else, byte for byte."""

import shutil
import subprocess

import pytest

from resnet_course import repository
from tools import ROOT, distribution
from tools.distribution import Distributions

INFO = f"resnet_course-{repository.project().version}.dist-info"
ABOUT_THE_WHEEL = {
    f"{INFO}/{name}"
    for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
}
ABOUT_THE_SDIST = {"pyproject.toml", "PKG-INFO", "README.md", "LICENSE", ".gitignore"}
SOURCE = ("resnet_course", "pyproject.toml", "README.md", "LICENSE", ".gitignore")
A_DAY_IN_2026 = 1_790_000_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    out = tmp_path_factory.mktemp("dist")
    return distribution.build(out, source_date_epoch=A_DAY_IN_2026)


@pytest.fixture(scope="module")
def built_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Both built again, from a copy whose files are new, by a user with other permissions."""
    tree = tmp_path_factory.mktemp("a copy with spaces")
    for name in package_files() | set(SOURCE[1:]):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tree / name)
        (tree / name).chmod(0o600)
    return distribution.build(tree / "dist", tree, A_DAY_IN_2026)


def package_files() -> set[str]:
    """The files of the package that git knows or would know."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "resnet_course"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}


def test_the_wheel_holds_the_package_and_what_describes_it_and_nothing_else(built):
    assert distribution.wheel_files(built.wheel) == package_files() | ABOUT_THE_WHEEL


def test_the_source_distribution_holds_the_package_and_what_builds_it_and_nothing_else(built):
    assert distribution.sdist_files(built.sdist) == package_files() | ABOUT_THE_SDIST


def test_the_wheel_has_the_same_bytes_wherever_it_is_built(built, built_elsewhere):
    assert built.wheel.read_bytes() == built_elsewhere.wheel.read_bytes()


def test_the_source_distribution_has_the_same_bytes_wherever_it_is_built(built, built_elsewhere):
    assert built.sdist.read_bytes() == built_elsewhere.sdist.read_bytes()


def test_the_wheel_is_for_every_machine(built):
    assert built.wheel.name.endswith("-py3-none-any.whl")
