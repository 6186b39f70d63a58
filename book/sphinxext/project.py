"""What pyproject.toml says of the project: its version, its address, and all that is made of it."""

import os
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
COLAB = "https://colab.research.google.com"
TITLE = "Residual Networks, Measured"
AUTHORS = "The Residual Networks, Measured authors"
MOTTO = "Every claim is an experiment you can run."


@dataclass(frozen=True)
class Project:
    """The lines of pyproject.toml that the book needs."""

    version: str
    repository: str


@cache
def project() -> Project:
    """The project of this working tree."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Project(table["version"], table["urls"]["Repository"].rstrip("/"))


def address() -> str:
    """The repository's web address."""
    return project().repository


def repository_name() -> str:
    """Owner and name of the repository, as in "owner/name"."""
    return "/".join(address().split("/")[-2:])


def revision(version: str | None = None) -> str:
    """What the book's buttons open.

    Args:
        version: a version of the project; by default the one in pyproject.toml.

    Returns:
        The tag of a release, or `main` for a version that is still in development (.dev).
    """
    version = version or project().version
    return "main" if ".dev" in version else f"v{version}"


def public_address() -> str:
    """Where the book is published: the pages of the repository's host, without a slash at the end."""
    owner, name = repository_name().split("/")
    return f"https://{owner}.github.io/{name}"


def public_folder() -> str:
    """The path of the published book on its host, as in "/resnet-course/"."""
    return f"/{repository_name().split('/')[1]}/"


def colab_address(path: str) -> str:
    """Where Colab opens a notebook of the repository, given by its path from the root."""
    return f"{COLAB}/github/{repository_name()}/blob/{revision()}/{path}"


def build_day() -> date:
    """The day of the build, or of SOURCE_DATE_EPOCH where builds are to give the same bytes."""
    stamp = os.environ.get("SOURCE_DATE_EPOCH")
    if stamp:
        return datetime.fromtimestamp(int(stamp), UTC).date()
    return datetime.now(UTC).date()
