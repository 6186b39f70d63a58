"""Fetch the vendored files again from their npm packages, and hold them against the sums we keep.

python -m tools.vendor            nothing changes unless all files are the ones in SHA256SUMS
python -m tools.vendor --renew    after a change of versions: write new files and new sums
"""

import argparse
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools import ROOT, ToolError, run, vendored
from tools.commands import output_of
from tools.vendored import Copy, VendoredPackage


def unpack(package: VendoredPackage, folder: Path) -> Path:
    """Download a package from npm and unpack it in a new folder, which is returned."""
    named = f"{package.name}@{package.version}"
    archive = output_of("npm", "pack", "--silent", "--pack-destination", folder, named).strip()
    with tarfile.open(folder / archive) as members:
        members.extractall(folder / "unpacked", filter="data")
    return folder / "unpacked" / "package"  # npm puts everything in a folder of that name


def take(package: VendoredPackage, unpacked: Path, out: Path) -> None:
    """Copy the files that we want of a package.

    Raises:
        ToolError: The package has no such file.
    """
    for copy in package.copies:
        sources = sorted(unpacked.glob(copy.source))
        if not sources:
            raise ToolError(f"{package.name} {package.version} has no {copy.source}")
        for source in sources:
            target = destination(copy, source, out)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def destination(copy: Copy, source: Path, out: Path) -> Path:
    """Where a file of a package goes."""
    target = out / copy.target
    return target / source.name if copy.target.endswith("/") else target


def fetch(folder: Path, out: Path) -> None:
    """Bring all files that belong into one folder of the repository, but into another folder.

    Args:
        folder: The folder of the repository.
        out: Where the files go.
    """
    for package in vendored.PACKAGES:
        if package.folder == folder:
            with tempfile.TemporaryDirectory() as scratch:
                take(package, unpack(package, Path(scratch)), out)
            copy_kept_licence(package, out)


def copy_kept_licence(package: VendoredPackage, out: Path) -> None:
    """Copy the text of a licence that we keep because the package has none."""
    target = out / package.licence_file
    if not target.exists():
        shutil.copyfile(package.folder / package.licence_file, target)


def renew(folder: Path, must_be_known: bool) -> None:
    """Fetch the files of a folder and put them in their place.

    Raises:
        ToolError: They must be the ones in SHA256SUMS, and are not; the folder is as it was.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        fetch(folder, out)
        fetched = vendored.sums(out)
        if must_be_known:
            if strange := vendored.differences(fetched, vendored.known_sums(folder)):
                raise ToolError(f"not as {folder.name}/{vendored.SUMS} says: {', '.join(strange)}")
        else:
            write_sums(folder, fetched)
        shutil.copytree(out, folder, dirs_exist_ok=True)


def write_sums(folder: Path, sums: dict[Path, str]) -> None:
    """Write what the files of a folder must be from now on, in the form that sha256sum reads."""
    lines = [f"{checksum}  ./{name.as_posix()}\n" for name, checksum in sorted(sums.items())]
    (folder / vendored.SUMS).write_text("".join(lines), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch all vendored files."""
    parser = argparse.ArgumentParser(description="Fetch the vendored files again, from npm.")
    parser.add_argument("--renew", action="store_true", help="take the files as they are now")
    must_be_known = not parser.parse_args(arguments).renew
    for folder in sorted({package.folder for package in vendored.PACKAGES}):
        renew(folder, must_be_known)
        print(f"{folder.relative_to(ROOT)}: {len(vendored.sums(folder))} files as they should be")


if __name__ == "__main__":
    run(main)
