"""Where this course is on the web: its repository, the published revision, and addresses from both.

pyproject.toml alone holds the repository's address and the version. They are read from the metadata
that an installation makes of it, so that they are at hand with or without the source tree.
"""

from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata

DISTRIBUTION = "resnet-course"
GITHUB = "https://github.com"
COLAB = "https://colab.research.google.com/github"
NOT_INSTALLED = (
    "the course's address and version come with its installation: "
    "run `pip install -e .` in the folder of pyproject.toml"
)


def address() -> str:
    """The repository's web address, without a slash at its end."""
    for line in installed_metadata().get_all("Project-URL", []):
        label, _, url = line.partition(", ")
        if label == "Repository":
            return url.rstrip("/")
    raise RuntimeError("pyproject.toml names no Repository under [project.urls]")


def owner_and_name() -> str:
    """The repository as its host writes it, "owner/name"."""
    return address().removeprefix(f"{GITHUB}/")


def version() -> str:
    """The installed course's version."""
    return installed_metadata()["Version"]


def revision(of_version: str | None = None) -> str:
    """The git revision that buttons and install lines point to.

    Args:
        of_version: A version of the course; None stands for the installed one.

    Returns:
        The tag of a release ("v0.1.0"), or "main" for a version in development ("0.1.0.dev0").
    """
    chosen = of_version or version()
    return "main" if ".dev" in chosen else f"v{chosen}"


def colab_address(path: str) -> str:
    """The address that opens a notebook on Colab, at the published revision.

    Args:
        path: The notebook's path from the root of the repository, with forward slashes.
    """
    return f"{COLAB}/{owner_and_name()}/blob/{revision()}/{path}"


def book_address() -> str:
    """Where the book is published, on the pages of the repository's host; no slash at the end."""
    owner, name = owner_and_name().split("/")
    return f"https://{owner}.github.io/{name}"


def installed_metadata() -> PackageMetadata:
    """What the installation says of this package.

    Raises:
        RuntimeError: The package can be imported but was never installed.
    """
    try:
        return metadata(DISTRIBUTION)
    except PackageNotFoundError:
        raise RuntimeError(NOT_INSTALLED) from None
