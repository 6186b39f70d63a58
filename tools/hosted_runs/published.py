"""A stand-in for the published repository: a copy of this working tree that git clones instead."""

import shutil
from pathlib import Path

from resnet_course import repository
from tools import ROOT
from tools.commands import output_of

AUTHOR = ("-c", "user.name=course", "-c", "user.email=course@localhost")


def stand_in(folder: Path) -> dict[str, str]:
    """Make the copy in a folder.

    Returns:
        Variables under which git takes the copy for the published repository.
    """
    copy = folder / "published"
    copy_working_tree(copy)
    commit_all(copy)
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{copy.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": repository.address(),
    }


def copy_working_tree(target: Path) -> None:
    """Copy all files that git tracks or would track, as they are now."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in output_of(*command, folder=ROOT).split("\0"):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def commit_all(folder: Path) -> None:
    """Make a folder a git repository of one commit, at the revision that set-up cells install."""
    git = ("git", "-C", folder, *AUTHOR)
    output_of("git", "init", "--quiet", "--initial-branch", "main", folder)
    output_of(*git, "add", "--all")
    output_of(*git, "commit", "--quiet", "--message", "As in the working tree")
    if repository.revision() != "main":
        output_of(*git, "tag", repository.revision())
