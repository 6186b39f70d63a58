"""uv.lock: which packages the course is tested with, and which of them it needs to run."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import ROOT

LOCK = ROOT / "uv.lock"
COURSE = "resnet-course"


@dataclass(frozen=True)
class LockedPackage:
    """A package of the lock file.

    Attributes:
        name: As the package index writes it.
        version: The one that is locked.
        needs: Names of the packages that it needs, on some machine or other.
        is_hashed: Whether a checksum is locked for every file that may be installed.
    """

    name: str
    version: str
    needs: tuple[str, ...]
    is_hashed: bool


@dataclass(frozen=True)
class Lock:
    """What a lock file says.

    Attributes:
        packages: All packages but the course; some in several versions, for several Pythons.
        needed: Names of the packages that the course itself needs.
        extras: Names of the packages that each extra of the course needs.
    """

    packages: tuple[LockedPackage, ...]
    needed: tuple[str, ...]
    extras: Mapping[str, tuple[str, ...]]

    def closure(self, names: Iterable[str]) -> set[str]:
        """The names of those packages, of the packages that they need, and so on."""
        needs: dict[str, set[str]] = {}
        for package in self.packages:
            needs.setdefault(package.name, set()).update(package.needs)
        reached: set[str] = set()
        waiting = set(names)
        while waiting:
            name = waiting.pop()
            reached.add(name)
            waiting |= needs[name] - reached
        return reached


def read(path: Path = LOCK) -> Lock:
    """Read a lock file."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["package"]
    (course,) = [entry for entry in entries if entry["name"] == COURSE]
    packages = [package(entry) for entry in entries if entry is not course]
    extras = course["optional-dependencies"]
    return Lock(
        packages=tuple(packages),
        needed=names(course["dependencies"]),
        extras={extra: names(needs) for extra, needs in extras.items()},
    )


def package(entry: dict[str, Any]) -> LockedPackage:
    """A package as the lock file has it."""
    needs = entry.get("dependencies", [])
    for more in entry.get("optional-dependencies", {}).values():
        needs = [*needs, *more]
    files = [*entry.get("wheels", []), *([entry["sdist"]] if "sdist" in entry else [])]
    is_hashed = bool(files) and all("hash" in file for file in files)
    return LockedPackage(entry["name"], entry["version"], names(needs), is_hashed)


def names(needs: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """The names of the packages that something needs, each once."""
    return tuple(dict.fromkeys(need["name"] for need in needs))
