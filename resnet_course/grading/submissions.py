"""Who handed in what: a folder from Canvas, Moodle, JupyterHub or mail, as one submission a person.

A person is who the learning platform says it is, by number; a name is only shown. A file is chosen by what
is in it, and every file that is not chosen is listed with the reason.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from . import notebook
from .assignment import Assignment
from .matching import match, recognise

MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)")
CANVAS = re.compile(r"(?P<name>.+?)(?:_LATE)?_(?P<number>\d+)_\d+_(?P<rest>.+)")
MOST_FILES = 500  # of one person


@dataclass(frozen=True)
class Person:
    """Who handed in, as the learning platform names them.

    Attributes:
        platform: "canvas", "moodle", or "" for folders and files that bear a name only.
        number: the platform's number for the person (Canvas: user; Moodle: participant), or "".
        name: how the platform spells the name in its file names.
    """

    platform: str
    number: str
    name: str

    @property
    def key(self) -> str:
        """A name for folders and databases, different for different people."""
        return f"{self.platform}-{self.number}" if self.number else safe_name(self.name)


def safe_name(name: str) -> str:
    """A name that a folder can have; one that had to be changed bears a mark of what it was."""
    safe = re.sub(r"[^\w.@-]", "_", name).lstrip(".")
    mark = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:6]
    return safe if safe == name else f"{safe}-{mark}"


@dataclass(frozen=True)
class SetAside:
    """A file that is not graded, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True)
class Submission:
    """What a person handed in.

    Attributes:
        key: the name in folders and tables; `person.key`, made different where two would clash.
        path: the file that is graded, or None.
        cells: its cells.
        reason: why nothing can be graded, or "".
    """

    person: Person
    key: str
    path: Path | None = None
    cells: tuple[notebook.Cell, ...] = ()
    reason: str = ""
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A readable notebook: which assignment it answers, and how many of its tasks."""

    path: Path
    cells: tuple[notebook.Cell, ...]
    slug: str | None
    answers: int
    modified: float


@dataclass(frozen=True)
class Files:
    """The files of one person, read; `entry` is the folder or file that they came as."""

    person: Person
    entry: str
    candidates: tuple[Candidate, ...]
    set_aside: tuple[SetAside, ...]


@dataclass(frozen=True)
class Collected:
    """Everyone's files, and what lies beside them and is nobody's."""

    everyone: tuple[Files, ...]
    strays: tuple[SetAside, ...]


def person(name: str) -> tuple[Person, bool]:
    """Who a file or a folder is from, by its name, and whether a platform gave that name."""
    for platform, pattern in (("moodle", MOODLE), ("canvas", CANVAS)):
        if fits := pattern.fullmatch(name):
            return Person(platform, fits["number"], fits["name"].replace("_", " ").strip()), True
    return Person("", "", name), False


def collect(folder: Path, assignments: list[Assignment]) -> Collected:
    """The files of everyone in a folder. Raises ValueError where there are none."""
    reader = _Reader(folder, assignments)
    numbered: dict[str, tuple[Person, list[Path]]] = {}
    everyone: list[Files] = []
    strays: list[SetAside] = []
    for path in _entries(folder):
        files = list(_files(path)) if path.is_dir() else [path]
        whose, is_platforms = person(path.name)
        if is_platforms:  # the number says who it is, whatever the name's spelling
            numbered.setdefault(whose.key, (whose, []))[1].extend(files)
            continue
        whose = Person("", "", path.name if path.is_dir() else _bare(path))
        read = reader.read(whose, path.name, files)
        is_somebodys = path.is_dir() or ".ipynb" in path.name or read.candidates
        everyone.append(read) if is_somebodys else strays.extend(read.set_aside)
    everyone += [reader.read(whose, key, files) for key, (whose, files) in numbered.items()]
    if not everyone:
        raise ValueError(f"there is no submission in {folder}: a folder or a notebook a student is expected")
    return Collected(tuple(everyone), tuple(strays))


def _entries(folder: Path) -> Iterator[Path]:
    """Top-level folders and files, one or more a person; a folder that holds a platform's is gone into."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__MACOSX":
            continue
        holds_platforms = path.is_dir() and any(person(inner.name)[1] for inner in path.iterdir())
        if holds_platforms and not person(path.name)[1]:
            yield from _entries(path)
        else:
            yield path


def _bare(path: Path) -> str:
    """A file's name without its endings: `ada.ipynb.json` is from ada."""
    return path.name.split(".ipynb")[0] if ".ipynb" in path.name else path.stem


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*"))[:MOST_FILES]:
        if not path.is_dir():
            yield path


class _Reader:
    """Reads files of a folder, and only of it."""

    def __init__(self, folder: Path, assignments: list[Assignment]) -> None:
        self._root = folder.resolve()
        self._assignments = {a.slug: a for a in assignments}

    def read(self, whose: Person, entry: str, paths: list[Path]) -> Files:
        candidates, set_aside = [], []
        for path in paths:
            try:
                candidates.append(self._candidate(path))
            except notebook.Unreadable as fault:
                set_aside.append(SetAside(path.name, str(fault)))
        return Files(whose, entry, tuple(candidates), tuple(set_aside))

    def _candidate(self, path: Path) -> Candidate:
        """Read a file. Raises Unreadable."""
        if {"__MACOSX", ".ipynb_checkpoints"} & set(path.parts) or path.name.startswith("."):
            raise notebook.Unreadable("a copy that macOS or Jupyter made for itself")
        if not path.is_file() or self._root not in path.resolve().parents:
            raise notebook.Unreadable("a link or a device, not a file of this folder")
        if path.suffix == ".zip":
            raise notebook.Unreadable("an archive: unpack it here and grade again")
        cells = notebook.read(path)
        slug = recognise(cells, list(self._assignments.values()))
        answers = len(match(cells, self._assignments[slug]).homes) if slug else 0
        return Candidate(path, cells, slug, answers, path.stat().st_mtime)


def vote(everyone: tuple[Files, ...]) -> str:
    """The assignment that most people answer. Raises ValueError when nobody answers any."""
    votes = Counter[str]()
    for files in everyone:
        votes.update({c.slug for c in files.candidates if c.slug is not None})
    if not votes:
        raise ValueError("no notebook answers a known assignment; name it with --assignment")
    return votes.most_common(1)[0][0]


def choose(everyone: tuple[Files, ...], slug: str) -> list[Submission]:
    """One submission a person; keys differ, whoever they are."""
    counts = Counter(files.person.key for files in everyone)
    submissions = []
    for files in everyone:
        clashes = counts[files.person.key] > 1
        key = safe_name(files.entry) if clashes else files.person.key
        submissions.append(replace(_chosen(files, slug), key=key))
    return submissions


def _chosen(files: Files, slug: str) -> Submission:
    key = files.person.key
    fitting = [c for c in files.candidates if c.slug == slug]
    ranked = sorted(fitting, key=lambda c: (c.answers > 0, c.modified, c.answers, c.path.name))
    best = ranked[-1] if ranked else None
    others = [c for c in files.candidates if c is not best]
    set_aside = files.set_aside + tuple(_why_not(c, best, slug) for c in others)
    if best is None:
        reasons = "; ".join(map(str, set_aside)) or "nothing was handed in"
        return Submission(files.person, key, reason=reasons, set_aside=set_aside)
    return Submission(files.person, key, best.path, best.cells, "", set_aside)


def _why_not(other: Candidate, best: Candidate | None, slug: str) -> SetAside:
    if other.slug is None:
        return SetAside(other.path.name, "answers none of the assignments")
    if other.slug != slug or best is None:
        return SetAside(other.path.name, f"answers {other.slug}, not {slug}")
    if other.answers == 0 and best.answers:
        return SetAside(other.path.name, "holds no answer")
    more = f", though it has {other.answers} answers" if other.answers > best.answers else ""
    return SetAside(other.path.name, f"older than {best.path.name}{more}")


def clashes(submissions: list[Submission]) -> list[str]:
    """A warning for each name that more than one person bears."""
    names = Counter(s.person.name.casefold() for s in submissions)
    warnings = []
    for name in (name for name, count in names.items() if count > 1):
        keys = [s.key for s in submissions if s.person.name.casefold() == name]
        warnings.append(f"{len(keys)} submissions bear the name {name}: {', '.join(keys)}")
    return warnings
