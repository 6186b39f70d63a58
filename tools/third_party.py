"""Write THIRD_PARTY.md: what of others is in this repository or needed by it, and its licences.

python -m tools.third_party   after a change of uv.lock or of a vendored file

Names and versions are those of uv.lock and tools/vendored.py; licences are what the installed
packages say.
"""

from collections.abc import Iterable, Sequence

from tools import ROOT, licences, lock_file, run, vendored
from tools.lock_file import LockedPackage

TARGET = ROOT / "THIRD_PARTY.md"
TEXT = """# The work of others

Made by `python -m tools.third_party`; `make test` holds it against uv.lock and the vendored files.

## In this repository

These files are served with the book or used by its tests, under their own licences, whose texts lie
beside them.

{vendored}

The images of CIFAR-10 that come with the package are A. Krizhevsky's (Learning Multiple Layers of
Features from Tiny Images, 2009), halved in size; the collection names no licence.

## Needed to run the course

Packages that `pip install resnet-course` brings, in the versions with which the course is tested.
They are not part of it, and are fetched from the Python Package Index.

{needed}

## Needed to make and prove it

What the extras add: {extras}.

{added}
"""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def locked_packages(packages: Iterable[LockedPackage]) -> str:
    """A table of packages with their licences."""
    rows = [(one.name, one.version, licences.licence(one.name)) for one in packages]
    return table(("Package", "Version", "Licence"), sorted(rows))


def vendored_packages() -> str:
    """A table of the packages of which files are kept here."""
    rows = []
    for one in vendored.PACKAGES:
        text = (one.folder / one.licence_file).relative_to(ROOT).as_posix()
        rows.append((one.name, one.version, f"[{one.licence}]({text})", one.purpose))
    return table(("Package", "Version", "Licence", "For"), rows)


def text() -> str:
    """What THIRD_PARTY.md has to say."""
    lock = lock_file.read()
    needed = lock.closure(lock.needed)
    return TEXT.format(
        vendored=vendored_packages(),
        needed=locked_packages(one for one in lock.packages if one.name in needed),
        extras=", ".join(f"`{extra}`" for extra in sorted(lock.extras)),
        added=locked_packages(one for one in lock.packages if one.name not in needed),
    )


def main() -> None:
    """Write the file."""
    TARGET.write_text(text(), encoding="utf-8")
    print(TARGET)


if __name__ == "__main__":
    run(main)
