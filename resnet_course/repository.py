"""Where this course is on the web: its repository, the published revision, and addresses from both.

pyproject.toml alone holds the repository's address and the version. A source tree is asked for it,
and where the package is installed the metadata that the installation made of it.
"""

import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

DISTRIBUTION = "resnet-course"
PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
GITHUB = "https://github.com"
COLAB = "https://colab.research.google.com/github"


@dataclass(frozen=True)
class Project:
    """What pyproject.toml says of the course: where its repository is, and its version."""

    address: str
    version: str


def project() -> Project:
    """The project as the source tree says, or else the installation.

    Raises:
        RuntimeError: Neither is there.
    """
    if PYPROJECT.exists():
        declared = tomllib.loads(PYPROJECT.read_text(encoding="utf-8")).get("project", {})
        if declared.get("name") == DISTRIBUTION:
            return Project(declared["urls"]["Repository"], declared["version"])
    try:
        return from_metadata(metadata(DISTRIBUTION))
    except PackageNotFoundError:
        raise RuntimeError(f"install the course first: `pip install {DISTRIBUTION}`") from None


def from_metadata(installed: PackageMetadata) -> Project:
    """The project as the metadata of an installation has it."""
    lines = [line.partition(", ") for line in installed.get_all("Project-URL", [])]
    addresses = {label: url for label, _, url in lines}
    return Project(addresses["Repository"], installed["Version"])


def address() -> str:
    """The repository's web address."""
    return project().address


def owner_and_name() -> str:
    """The repository as its host writes it, "owner/name"."""
    return address().removeprefix(f"{GITHUB}/")


def revision(version: str | None = None) -> str:
    """The git revision that buttons and install lines point to.

    Args:
        version: A version of the course; None stands for the present one.

    Returns:
        The tag of a release ("v0.1.0"), or "main" for a version in development ("0.1.0.dev0").
    """
    chosen = version or project().version
    return "main" if ".dev" in chosen else f"v{chosen}"


def colab_address(path: str) -> str:
    """The address that opens a notebook on Colab, at the published revision.

    Args:
        path: The notebook's path from the root of the repository, with forward slashes.
    """
    return f"{COLAB}/{owner_and_name()}/blob/{revision()}/{path}"


def book_address() -> str:
    """Where the book is published: the pages of the repository's host; no slash at the end."""
    owner, name = owner_and_name().split("/")
    return f"https://{owner}.github.io/{name}"
