"""Make a lecture of each part of the book.

python -m tools.slides [PART ...]   lectures are in _build/slides
"""

import argparse
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools import ROOT, ToolError, built_book, run
from tools.slides import lecture

OUT = ROOT / "_build" / "slides"
INDEX = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Lectures</title><link rel="stylesheet" href="slides.css"></head>
<body class="reveal" style="margin: 2em"><h1>Lectures</h1><ol>{entries}</ol></body>
</html>
"""


def chapters_by_part() -> dict[str, list[Path]]:
    """Captions of the book's parts that have chapters, with their notebooks."""
    chapters = {}
    for part in built_book.parts():
        files = [ROOT / f"{page}.ipynb" for page in part.pages]
        if notebooks := [file for file in files if file.exists()]:
            chapters[part.caption] = notebooks
    return chapters


def index(pages: Mapping[str, Path]) -> str:
    """A page that lists lectures, given their pages by caption."""
    entries = [
        f'<li><a href="{page.name}">{html.escape(caption)}</a></li>'
        for caption, page in pages.items()
    ]
    return INDEX.format(entries="".join(entries))


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the lectures of the parts named, or of all."""
    parser = argparse.ArgumentParser(description="Make lectures from the chapters.")
    parser.add_argument("parts", nargs="*", metavar="PART", help="a part's caption; or all")
    wanted = parser.parse_args(arguments).parts
    known = chapters_by_part()
    if unknown := set(wanted) - set(known):
        raise ToolError(f"no part is called {', '.join(unknown)}; there are: {'; '.join(known)}")
    pages = {part: lecture.write(part, known[part], OUT) for part in wanted or known}
    (OUT / "index.html").write_text(index(pages), encoding="utf-8")
    print(f"The lectures: {OUT / 'index.html'}")


if __name__ == "__main__":
    run(main)
