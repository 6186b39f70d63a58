"""The built book: where it is, which pages it has, and the parts in which they are listed."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from tools import ROOT, ToolError

HTML = ROOT / "_build" / "html"
CONTENTS = ROOT / "_toc.yml"


class BookMissing(ToolError):
    """There is no built book to look at."""

    def __init__(self) -> None:
        super().__init__("the book is not built: run `make book` first")


@dataclass(frozen=True)
class Part:
    """A part of the book: its caption ("" for the front page's) and its pages, without endings."""

    caption: str
    pages: tuple[str, ...]


def require(html: Path = HTML) -> None:
    """Make sure that the book is built.

    Raises:
        BookMissing: It is not.
    """
    if not (html / "index.html").exists():
        raise BookMissing


def pages(html: Path = HTML) -> list[str]:
    """Every page of the built book, relative to its root, search page and index among them."""
    files = (path.relative_to(html) for path in html.rglob("*.html"))
    return sorted(file.as_posix() for file in files if "_static" not in file.parts)


def parts(contents: Path = CONTENTS) -> tuple[Part, ...]:
    """The parts of the book in their order, as _toc.yml lists them; the front page comes first."""
    table = yaml.safe_load(contents.read_text(encoding="utf-8"))
    listed = [Part("", (table["root"],))]
    for part in table["parts"]:
        listed.append(Part(part["caption"], tuple(entry["file"] for entry in part["chapters"])))
    return tuple(listed)
