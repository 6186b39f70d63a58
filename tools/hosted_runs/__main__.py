"""Run every notebook where the repository is not.

python -m tools.hosted_runs older newest minimum [--only 03 07]

Prints the seconds of each notebook; ends with status 1 if one fails. It needs the package uv and
about 7 GB for a place. The notebooks are copied into an empty folder first.
"""

import argparse
import shutil
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from tools import ROOT, ToolError, run
from tools.hosted_runs import notebooks, places, published

SET_UP_BUDGET = 60  # seconds for the set-up cell on a new machine


def failures(place: places.Place, only: Collection[str]) -> list[str]:
    """Make a place and run the notebooks there.

    Args:
        place: Where.
        only: Numbers of chapters, as in "03"; none stands for all.

    Returns:
        What failed, in words.
    """
    with tempfile.TemporaryDirectory(prefix=f"course-{place.name}-") as scratch:
        folder = Path(scratch)
        environment = places.make(place, folder)
        chapters = copied_chapters(folder / "content")
        failed = set_up_failures(place, chapters[0], environment, folder)
        print(f"{place.name}: {environment.versions()}", flush=True)
        chosen = [chapter for chapter in chapters if not only or chapter.stem[:2] in only]
        return failed + chapter_failures(place, chosen, environment)


def copied_chapters(content: Path) -> list[Path]:
    """Copies of the chapters in a new folder."""
    content.mkdir()
    chapters = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    return [Path(shutil.copy(chapter, content)) for chapter in chapters]


def set_up_failures(
    place: places.Place, chapter: Path, environment: places.Environment, folder: Path
) -> list[str]:
    """Let a chapter's set-up cell install the course, where the place has none."""
    if not place.is_hosted:
        return []
    took = notebooks.set_up_twice(chapter, environment, published.stand_in(folder))
    print(f"set-up cell: {took.first:.0f} s, again {took.again:.0f} s", flush=True)
    if took.first <= SET_UP_BUDGET:
        return []
    return [f"{place.name}: the set-up cell took {took.first:.0f} s, more than {SET_UP_BUDGET}"]


def chapter_failures(
    place: places.Place, chapters: Sequence[Path], environment: places.Environment
) -> list[str]:
    """Run chapters one after the other, and print what each took."""
    failed = []
    for chapter in chapters:
        ran = notebooks.execute(chapter, environment, {})
        outcome = f"FAILED\n{ran.error}" if ran.error else ""
        print(f"  {chapter.stem:28} {ran.seconds:5.0f} s {outcome}".rstrip(), flush=True)
        if ran.error:
            failed.append(f"{place.name}: {chapter.stem}")
    return failed


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the notebooks in the places named."""
    known = {place.name: place for place in places.PLACES}
    parser = argparse.ArgumentParser(description="Run every notebook where the repository is not.")
    parser.add_argument("places", nargs="+", choices=tuple(known))
    parser.add_argument("--only", nargs="+", default=[], metavar="NN", help="chapters by number")
    options = parser.parse_args(arguments)
    failed: list[str] = []
    for name in options.places:
        failed += failures(known[name], options.only)
    if failed:
        raise ToolError("\n".join(["failed:", *failed]))


if __name__ == "__main__":
    run(main)
