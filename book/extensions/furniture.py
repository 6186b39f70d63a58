"""Sphinx extension: what stands around a chapter's text, computed from the chapter and its records, never typed.

Under the title: minutes to read, seconds its notebook took, and what its recorded runs cost at each tier. At the
foot: the question of the next chapter, the version and the day of the build. In the head: a description and a picture
for links.
"""

import html
import json
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path

from docutils import nodes
from repository import address, project
from sphinx import addnodes

from resnet_course import lab, runs

WORDS_A_MINUTE = 200  # of a technical text; a line of code counts as ten words, a figure as fifty
READS = re.compile(r"""(?:lab\.replay|runs\.load)\(\s*["'](\w+)["']\s*,\s*["'](\w+)["']""")
# Fonts are asked for before the sheet that names them; not from a disk, where browsers refuse to.
FONTS_FIRST = (
    "if (location.protocol.startsWith('http'))"
    "for (const font of ['source-serif-4-latin-400-normal', 'inter-latin-400-normal', 'inter-latin-600-normal'])"
    "document.head.append(Object.assign(document.createElement('link'),"
    "{ rel: 'preload', as: 'font', type: 'font/woff2', crossOrigin: '', href: `FOLDER/${font}.woff2` }));"
)
FOOT = "Every measured number on these pages is read from a recorded run when the book is built."


def today() -> date:
    """The day of the build; SOURCE_DATE_EPOCH overrides it, as everywhere where builds are to repeat."""
    stamp = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(stamp), UTC).date() if stamp else datetime.now(UTC).date()


def public_address() -> str:
    """Where the book is published: the pages of the repository's host."""
    owner, name = address().rstrip("/").split("/")[-2:]
    return f"https://{owner}.github.io/{name}"


def question(document: nodes.document) -> str:
    """What a page asks: the bold line under its title, or the first sentence of a page without one."""
    first = next(document.findall(nodes.paragraph), None)
    if first is None:
        return ""
    if isinstance(first[0], nodes.strong):
        return first[0].astext()
    told = "".join(part.astext() for part in first if not is_citation(part)).replace("\n", " ")
    return re.split(r"(?<=[.?!])\s", told.replace(" .", "."))[0]


def is_citation(node: nodes.Node) -> bool:
    return isinstance(node, addnodes.pending_xref) and node.get("refdomain") == "cite"


def minutes_to_read(document: nodes.document) -> int:
    code = sum(len(block.astext().splitlines()) for block in document.findall(nodes.literal_block))
    text = " ".join(paragraph.astext() for paragraph in document.findall(nodes.TextElement) if is_prose(paragraph))
    drawings = sum("<figure" in block.astext() for block in document.findall(nodes.raw))
    return max(1, round((len(text.split()) + 10 * code + 50 * drawings) / WORDS_A_MINUTE))


def is_prose(node: nodes.Node) -> bool:
    return isinstance(node, nodes.paragraph | nodes.title | nodes.term)


def stored_run(notebook: dict) -> tuple[float, str] | None:
    """Seconds from a stored notebook's first cell to its last, and the day; None when it does not say."""
    told = [cell["metadata"].get("execution", {}) for cell in notebook["cells"]]
    starts = [datetime.fromisoformat(e["iopub.status.busy"]) for e in told if "iopub.status.busy" in e]
    ends = [datetime.fromisoformat(e["shell.execute_reply"]) for e in told if "shell.execute_reply" in e]
    return ((max(ends) - min(starts)).total_seconds(), f"{max(ends):%Y-%m-%d}") if starts and ends else None


def recorded_costs(source: str) -> list[str]:
    """What the records that a chapter reads took to make, one phrase a tier; only runs that it names."""
    costs = []
    asked = {(study, tier) for study, tier in READS.findall(source)}
    for tier in ("laptop", "colab", "paper"):
        records = [r for study, at in sorted(asked) if at == tier for r in runs.load(study, tier)]
        if records:
            seconds = sum(record.provenance["wall_seconds"] for record in records)
            runs_ = f"{len(records)} recorded run{'s' * (len(records) > 1)}"
            costs.append(f"{tier} tier: {runs_}, {lab.duration(seconds)} of computing")
    return costs


def facts(document: nodes.document, path: Path) -> list[str]:
    """Reading time of any page, and of a chapter what running it costs."""
    told = [f"{minutes_to_read(document)} min to read"]
    if path.suffix == ".ipynb":
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if run := stored_run(notebook):
            told.append(f"live tier: ran in {lab.duration(run[0])}")
        told += recorded_costs("".join(line for cell in notebook["cells"] for line in cell["source"]))
    return told


def remember_question(app, document: nodes.document) -> None:
    asked = vars(app.env).setdefault("course_questions", {})
    asked[app.env.docname] = question(document)


def furnish(app, name: str, _template: str, context: dict, document: nodes.document | None) -> None:
    asked = getattr(app.env, "course_questions", {})
    context["course_question"] = lambda link: asked.get(absolute(name, link), "")
    if document is None:
        return
    listed = "".join(f"<li>{html.escape(fact)}</li>" for fact in facts(document, Path(app.env.doc2path(name))))
    line = f'<ul class="page-facts" aria-label="What this page costs">{listed}</ul>'
    title = re.compile(r"</h1>(\s*<p><strong>[^<]*</strong></p>)?")
    context["body"] = title.sub(lambda m: m[0] + line, context["body"], count=1)
    context["metatags"] = context.get("metatags", "") + head(name, asked.get(name, ""), context["title"])


def absolute(name: str, link: str) -> str:
    """The page that a relative link from page `name` leads to."""
    return os.path.normpath(Path(name).parent / link.partition("#")[0]).removesuffix(".html")


def head(name: str, asked: str, title: str) -> str:
    """Description and social card of a page; and, where scripts are off, every frame of every slider."""
    told = {"og:type": "article", "og:title": re.sub(r"<[^>]*>", "", title), "og:description": asked}
    told |= {"og:url": f"{public_address()}/{name}.html", "og:image": f"{public_address()}/_static/card.png"}
    told |= {"og:image:alt": "Training error of plain and residual networks, epoch by epoch, from the recorded runs"}
    tags = [f'<meta property="{key}" content="{html.escape(value)}"/>' for key, value in told.items()]
    tags.append(f'<meta name="description" content="{html.escape(asked)}"/>')
    fonts = os.path.relpath("_static/vendor/fonts", Path(name).parent)
    tags.append(f"<script>{FONTS_FIRST.replace('FOLDER', fonts)}</script>")
    tags.append('<meta name="twitter:card" content="summary_large_image"/>')
    tags.append(
        "<noscript><style>.frames-control{display:none}.frame[hidden]{display:block!important}</style></noscript>"
    )
    return "\n".join(["", *tags, ""])


def sign(_app, config) -> None:
    """Version and date at the foot of every page."""
    news = f'<a href="{public_address()}/feed.xml">Feed of changes</a>'
    config.html_theme_options["logo"] = {"text": config.html_title, "alt_text": ""}
    config.html_theme_options["extra_footer"] = f"{FOOT} Version {project()['version']}, built on {today()}. {news}."


def setup(app) -> dict:
    app.connect("config-inited", sign, priority=900)
    app.connect("doctree-read", remember_question)
    app.connect("html-page-context", furnish)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
