"""The wheel and the source distribution: building them, and what they hold."""

import os
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tools import ROOT
from tools.commands import output_of


@dataclass(frozen=True)
class Distributions:
    """What is published of a version."""

    wheel: Path
    sdist: Path


def build(out: Path, tree: Path = ROOT, source_date_epoch: int | None = None) -> Distributions:
    """Build both, with the hatchling that is installed and nothing from a network.

    Args:
        out: The folder they are written to.
        tree: The source tree they are built from.
        source_date_epoch: The time, in seconds since 1970, that they bear; with the same time, the
            same tree gives the same bytes.

    Raises:
        ToolError: They cannot be built.
    """
    variables = dict(os.environ)
    if source_date_epoch is not None:
        variables["SOURCE_DATE_EPOCH"] = str(source_date_epoch)
    hatchling = (sys.executable, "-m", "hatchling", "build", "-d", out)
    output_of(*hatchling, folder=tree, variables=variables)
    (wheel,) = out.glob("*.whl")
    (sdist,) = out.glob("*.tar.gz")
    return Distributions(wheel, sdist)


def wheel_files(wheel: Path) -> set[str]:
    """The names of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {entry.filename for entry in archive.infolist() if not entry.is_dir()}


def sdist_files(sdist: Path) -> set[str]:
    """The names of the files in a source distribution, below its one folder."""
    with tarfile.open(sdist) as archive:
        return {member.name.partition("/")[2] for member in archive if member.isfile()}
