"""Sphinx extension: what leads to the pages: sitemap.xml, robots.txt and a feed of changes.

The map is made from the pages' names, the feed from CHANGELOG.md.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from docutils.core import publish_parts
from myst_parser.parsers.docutils_ import Parser
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from book.sphinxext.fragments import fragment
from book.sphinxext.project import AUTHORS, ROOT, TITLE, book_address

CHANGELOG = ROOT / "CHANGELOG.md"
NOT_LISTED = {"index.html", "genindex.html", "search.html", "404.html"}
SECTION = re.compile(r"^## ", re.M)
DAY = re.compile(r"\d{4}-\d\d-\d\d")
NO_REPORTS = 5


@dataclass(frozen=True)
class Entry:
    """A section of the changelog as the feed has it; its content is HTML."""

    anchor: str
    title: str
    updated: str
    content: str


def page_files(root: Path) -> list[str]:
    """The written pages of the book, as they are from its root."""
    paths = (path.relative_to(root) for path in root.rglob("*.html"))
    return sorted(path.as_posix() for path in paths if "_static" not in path.parts)


def sitemap(names: list[str]) -> str:
    """The map of the site, for the pages of these names."""
    listed = [name for name in names if name not in NOT_LISTED]
    return fragment("sitemap.xml.j2", {"address": book_address(), "names": listed})


def robots() -> str:
    """What tells programs that they may read everything, and where the map is."""
    return f"User-agent: *\nAllow: /\nSitemap: {book_address()}/sitemap.xml\n"


def changed() -> str:
    """When the changelog was last committed, or written where there is no git."""
    git = shutil.which("git")
    if git:
        command = [git, "log", "-1", "--format=%cI", "--", CHANGELOG.name]
        log = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if log.stdout.strip():
            return log.stdout.strip()
    written = datetime.fromtimestamp(CHANGELOG.stat().st_mtime, UTC)
    return written.isoformat(timespec="seconds")


def entry(section: str, updated: str) -> Entry:
    """A section of the changelog; one that names its day, as in "0.1.0, 2026-11-30", has that."""
    title, _, body = section.partition("\n")
    day = DAY.search(title)
    parts = publish_parts(
        body,
        parser=Parser(),
        writer_name="html5",
        settings_overrides={"report_level": NO_REPORTS},
    )
    return Entry(
        title.split(",")[0].strip(),
        title,
        f"{day[0]}T00:00:00Z" if day else updated,
        parts["fragment"],
    )


def feed(changelog: str, updated: str) -> str:
    """The sections of a changelog as an Atom feed.

    Args:
        changelog: the text of CHANGELOG.md.
        updated: when it was changed, for sections that name no day.
    """
    _, *sections = SECTION.split(changelog)
    values = {
        "address": book_address(),
        "title": TITLE,
        "authors": AUTHORS,
        "updated": updated,
        "entries": [entry(section, updated) for section in sections],
    }
    return fragment("feed.xml.j2", values)


def write_files(app: Sphinx, error: Exception | None) -> None:
    """Write the three files beside the pages."""
    if error is not None or app.builder.format != "html":
        return
    root = Path(app.outdir)
    changes = feed(CHANGELOG.read_text(encoding="utf-8"), changed())
    (root / "sitemap.xml").write_text(sitemap(page_files(root)), encoding="utf-8")
    (root / "feed.xml").write_text(changes, encoding="utf-8")
    (root / "robots.txt").write_text(robots(), encoding="utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Write the files at the end of the build."""
    app.connect("build-finished", write_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
