"""Sphinx extension: what leads to and from the pages: sitemap.xml, a feed of changes, and who cites which paper.

All three are made when the pages are written: the map from their names, the feed from CHANGELOG.md, the back-links
from the links that the pages hold, to the bibliography or to the papers themselves.
"""

import html
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from docutils.core import publish_parts
from furniture import public_address
from myst_parser.parsers.docutils_ import Parser
from repository import ROOT

CHANGELOG = ROOT / "CHANGELOG.md"
BIBLIOGRAPHY = "book/bibliography.html"
CITATION = re.compile(r'(<div class="citation" id="(\w+)"[^>]*>)(.*?)</div>', re.S)
TITLE = r'<h1>((?:(?!</h1>).)*?)<a class="headerlink"'
NOT_PAGES = {"index.html", "genindex.html", "search.html"}


def pages(root: Path) -> list[str]:
    found = (path.relative_to(root).as_posix() for path in root.rglob("*.html") if "_static" not in path.parts)
    return sorted(set(found) - NOT_PAGES)


def sitemap(names: list[str]) -> str:
    listed = "".join(f"<url><loc>{public_address()}/{name}</loc></url>\n" for name in names)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{listed}</urlset>\n'
    )


def changed() -> str:
    """When the changelog was last committed, or written where there is no git."""
    told = ""
    if git := shutil.which("git"):
        command = [git, "log", "-1", "--format=%cI", "--", CHANGELOG.name]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    return told or datetime.fromtimestamp(CHANGELOG.stat().st_mtime, UTC).isoformat(timespec="seconds")


def feed(changelog: str, updated: str) -> str:
    """The sections of the changelog as an Atom feed; one that names its day, as in "0.1.0, 2026-11-30", has it."""
    entries = []
    for section in re.split(r"^## ", changelog, flags=re.M)[1:]:
        title, _, body = section.partition("\n")
        day = re.search(r"\d{4}-\d\d-\d\d", title)
        parts = publish_parts(body, parser=Parser(), writer_name="html5", settings_overrides={"report_level": 5})
        entries.append(
            f"<entry><id>{public_address()}/feed.xml#{html.escape(title.split(',')[0].strip())}</id>"
            f"<title>{html.escape(title)}</title><updated>{f'{day[0]}T00:00:00Z' if day else updated}</updated>"
            f'<link href="{public_address()}/"/>'
            f'<content type="html">{html.escape(parts["fragment"])}</content></entry>'
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>{public_address()}/feed.xml</id><title>Residual Networks, Measured: changes</title>"
        f"<updated>{updated}</updated><author><name>The Residual Networks, Measured authors</name></author>"
        f'<link rel="self" href="{public_address()}/feed.xml"/>{"".join(entries)}</feed>\n'
    )


def link_back(root: Path, names: list[str]) -> None:
    """Below each paper of the bibliography, the pages that cite it."""
    home = root / BIBLIOGRAPHY
    if not home.exists():
        return
    texts = {name: (root / name).read_text(encoding="utf-8") for name in names if name != BIBLIOGRAPHY}
    titles = {name: re.search(TITLE, text, re.S) for name, text in texts.items()}

    def with_links(match: re.Match) -> str:
        ways = [
            f'bibliography.html#{match[2]}"',
            *(f'href="{url}"' for url in re.findall(r'href="(http[^"]*)"', match[3])),
        ]
        links = [
            f'<a href="{os.path.relpath(name, Path(BIBLIOGRAPHY).parent)}">{titles[name][1]}</a>'
            for name, text in texts.items()
            if titles[name] and any(way in text for way in ways)
        ]
        told = f'<p class="cited-in">Cited in {", ".join(links)}.</p>' if links else ""
        return f"{match[1]}{match[3]}{told}</div>"

    page = home.read_text(encoding="utf-8")
    if "cited-in" not in page:
        home.write_text(CITATION.sub(with_links, page), encoding="utf-8")


def write_all(app, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        root = Path(app.outdir)
        names = pages(root)
        (root / "sitemap.xml").write_text(sitemap(names), encoding="utf-8")
        (root / "feed.xml").write_text(feed(CHANGELOG.read_text(encoding="utf-8"), changed()), encoding="utf-8")
        (root / "robots.txt").write_text(f"User-agent: *\nAllow: /\nSitemap: {public_address()}/sitemap.xml\n")
        link_back(root, names)


def setup(app) -> dict:
    app.connect("build-finished", write_all, priority=800)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
