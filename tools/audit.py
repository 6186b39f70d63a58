"""Look over what the course is made with: checksums, sources, and faults that are known.

python -m tools.audit

Here are checked: that uv.lock has a checksum for every file that may be installed, that vendored
files are what they were, and that workflows name the actions of others by commit. Then uv asks the
database of open source vulnerabilities about every package of the lock file. Where that database
cannot be reached the audit is not whole, and says so with status 1.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tools import ROOT, ToolError, lock_file, run, vendored
from tools.commands import UV

WORKFLOWS = ROOT / ".github" / "workflows"
ACTION = re.compile(r"uses: *([^\s#]+)")
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
ASK = (*UV, "audit", "--locked", "--preview-features", "audit-command")
UNREACHABLE = "error sending request"


def packages_without_checksums() -> list[str]:
    """Names of locked packages of which a file could be replaced unnoticed."""
    return [package.name for package in lock_file.read().packages if not package.is_hashed]


def changed_vendored_files() -> list[str]:
    """Names of vendored files that are not what they were when they were taken in."""
    changed: list[str] = []
    for folder in sorted({package.folder for package in vendored.PACKAGES}):
        changed += vendored.differences(vendored.sums(folder), vendored.known_sums(folder))
    return changed


def actions_not_pinned(workflows: Path = WORKFLOWS) -> list[str]:
    """Actions that workflows name by a tag or a branch, which their owners can move."""
    return [action for action in actions(workflows) if not PINNED.fullmatch(action)]


def actions(workflows: Path) -> Iterator[str]:
    """The actions of others that workflows use, as they name them."""
    for path in sorted(workflows.glob("*.yml")):
        yield from ACTION.findall(path.read_text(encoding="utf-8"))


def known_vulnerabilities() -> str:
    """What the database of vulnerabilities says of the locked packages; "" where it knows none.

    Raises:
        ToolError: It cannot be asked from here.
    """
    asked = subprocess.run(ASK, cwd=ROOT, capture_output=True, text=True, check=False)
    if asked.returncode == 0:
        return ""
    if UNREACHABLE in asked.stderr:
        raise ToolError("the database of vulnerabilities cannot be reached: audit again online")
    return asked.stdout + asked.stderr


def faults() -> list[str]:
    """What is wrong with what is here, in words."""
    checks = {
        "no checksum in uv.lock": packages_without_checksums(),
        "vendored file changed": changed_vendored_files(),
        "action not named by commit": actions_not_pinned(),
    }
    return [f"{fault}: {name}" for fault, names in checks.items() for name in names]


def main() -> None:
    """Check what is here, then ask about vulnerabilities."""
    if wrong := faults():
        raise ToolError("\n".join(wrong))
    print("Checksums, vendored files and actions are as they should be.", flush=True)
    if vulnerabilities := known_vulnerabilities():
        raise ToolError(vulnerabilities)
    print("No vulnerability is known in the packages of uv.lock.")


if __name__ == "__main__":
    run(main)
