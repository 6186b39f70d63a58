"""Files of others are what they were when they were taken in, and can be fetched again."""

from pathlib import Path

import pytest

from tools import ROOT, ToolError, vendor, vendored
from tools.vendored import Copy, VendoredPackage

FOLDERS = sorted({package.folder for package in vendored.PACKAGES})
IN_THE_BOOK = [one for one in vendored.PACKAGES if one.folder == vendored.BOOK]
README = (vendored.BOOK / "README.md").read_text()


@pytest.fixture
def package(tmp_path: Path) -> VendoredPackage:
    """A small package with a folder of its own in which it is kept."""
    folder = tmp_path / "kept"
    folder.mkdir()
    copies = (Copy("LICENSE", "small/LICENSE"), Copy("dist/*.js", "small/"))
    return VendoredPackage("small", "1.0.0", "MIT", "small/LICENSE", "a test", folder, copies)


@pytest.fixture
def npm(package: VendoredPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What npm would unpack: the small package's files, which a test may change."""
    unpacked = tmp_path / "unpacked"
    (unpacked / "dist").mkdir(parents=True)
    (unpacked / "LICENSE").write_text("may")
    (unpacked / "dist" / "small.js").write_text("1")
    monkeypatch.setattr(vendored, "PACKAGES", (package,))
    monkeypatch.setattr(vendor, "unpack", lambda _package, _folder: unpacked)
    return unpacked


def kept(package: VendoredPackage) -> set[str]:
    return {path.as_posix() for path in vendored.files(package.folder)}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_vendored_files_are_the_ones_that_were_vendored(folder):
    assert vendored.differences(vendored.sums(folder), vendored.known_sums(folder)) == []


@pytest.mark.parametrize("one", vendored.PACKAGES, ids=lambda one: one.name)
def test_the_licence_of_every_vendored_package_is_kept(one):
    assert (one.folder / one.licence_file).stat().st_size > 0


@pytest.mark.parametrize("one", vendored.PACKAGES, ids=lambda one: one.name)
def test_every_file_of_a_package_that_is_asked_for_is_kept(one):
    for copy in one.copies:
        name = copy.source.rpartition("/")[2] if copy.target.endswith("/") else ""
        assert list(one.folder.glob(f"{copy.target}{name}"))


@pytest.mark.parametrize(
    "one",
    [one for one in vendored.PACKAGES if one.folder == vendored.BOOK],
    ids=lambda one: one.name,
)
def test_the_readme_beside_the_files_says_which_version_they_are(one):
    assert one.version in README


@pytest.mark.usefixtures("npm")
def test_the_files_asked_for_are_put_where_they_belong(package):
    vendor.renew(package.folder, must_be_known=False)
    assert kept(package) == {"small/LICENSE", "small/small.js"}


@pytest.mark.usefixtures("npm")
def test_files_that_are_as_they_were_pass(package):
    vendor.renew(package.folder, must_be_known=False)
    vendor.renew(package.folder, must_be_known=True)
    assert (
        vendored.differences(vendored.sums(package.folder), vendored.known_sums(package.folder))
        == []
    )


def test_a_changed_file_is_refused_by_name_and_nothing_is_overwritten(package, npm):
    vendor.renew(package.folder, must_be_known=False)
    (npm / "dist" / "small.js").write_text("2")
    with pytest.raises(ToolError, match=r"small/small\.js"):
        vendor.renew(package.folder, must_be_known=True)
    assert (package.folder / "small" / "small.js").read_text() == "1"


def test_a_file_that_the_package_no_longer_has_is_named(package, npm):
    (npm / "dist" / "small.js").unlink()
    with pytest.raises(ToolError, match=r"small 1\.0\.0 has no dist/\*\.js"):
        vendor.renew(package.folder, must_be_known=False)
