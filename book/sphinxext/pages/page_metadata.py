"""Sphinx extension: what a page says of itself, computed from it and from its records.

Under the title: minutes to read, seconds its notebook took, and what its recorded runs cost at each
tier. In the head: a description and a picture for links. At the foot of a page stands the question
of the next one.
"""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from book.sphinxext.fragments import fragment
from book.sphinxext.notebooks import Notebook
from book.sphinxext.project import book_address
from book.sphinxext.records import evidence

WORDS_PER_MINUTE = 200  # of a technical text
WORDS_PER_LINE_OF_CODE = 10
WORDS_PER_FIGURE = 50
QUESTION = "question"  # where a page keeps what it asks, among its metadata
CARD_ALT = "Training error of plain and residual networks, epoch by epoch, from the recorded runs"
LATE = 900  # after everything that changes a page's text
PROSE = (nodes.paragraph, nodes.title, nodes.term)


class page_facts(nodes.General, nodes.Element):
    """The line under a page's title; attribute `facts`, a list of phrases."""


def question(document: nodes.document) -> str:
    """What a page asks: the bold line under its title, or else its first sentence."""
    first = next(document.findall(nodes.paragraph), None)
    if first is None:
        return ""
    if is_bold_line(first):
        return first.astext()
    text = "".join(part.astext() for part in first.children if not is_citation(part))
    sentences = re.split(r"(?<=[.?!])\s", text.replace("\n", " ").replace(" .", "."))
    return str(sentences[0])


def is_citation(node: nodes.Node) -> bool:
    """Whether a node names a paper of the bibliography."""
    return isinstance(node, addnodes.pending_xref) and node.get("refdomain") == "cite"


def minutes_to_read(document: nodes.document) -> int:
    """How long a page takes to read, its code and its figures included; at least a minute."""
    words = sum(
        len(part.astext().split()) for part in document.findall() if isinstance(part, PROSE)
    )
    blocks = document.findall(nodes.literal_block)
    lines_of_code = sum(len(block.astext().splitlines()) for block in blocks)
    figures = sum("<figure" in block.astext() for block in document.findall(nodes.raw))
    words += WORDS_PER_LINE_OF_CODE * lines_of_code + WORDS_PER_FIGURE * figures
    return max(1, round(words / WORDS_PER_MINUTE))


def recorded_costs(source: str) -> list[str]:
    """What the records took to make that a chapter's code names, one phrase for each tier."""
    phrases = []
    for tier in evidence.TIERS:
        costs = [evidence.computing(study, tier) for study in evidence.named_in(source, tier)]
        if costs:
            runs = sum(cost.runs for cost in costs)
            time = evidence.in_words(sum(cost.seconds for cost in costs))
            noun = "run" if runs == 1 else "runs"
            phrases.append(f"{tier} tier: {runs} recorded {noun}, {time} of computing")
    return phrases


def chapter_costs(notebook: Notebook) -> list[str]:
    """What running a chapter costs, live and at each tier that it shows."""
    run = notebook.stored_run()
    live = [f"live tier: ran in {evidence.in_words(run.seconds)}"] if run else []
    return [*live, *recorded_costs(notebook.code)]


def add_facts(document: nodes.document, facts: list[str]) -> None:
    """Put a page's facts under its title, below the question where it opens with one."""
    section = next(document.findall(nodes.section), None)
    if section is None:
        return
    place = 1 + (section.first_child_matching_class(nodes.title) or 0)
    if place < len(section.children) and is_bold_line(section.children[place]):
        place += 1
    section.insert(place, page_facts("", facts=facts))


def is_bold_line(node: nodes.Node) -> bool:
    """Whether a node is a paragraph of which everything is bold."""
    if not isinstance(node, nodes.paragraph):
        return False
    parts = [part for part in node.children if part.astext()]  # the parser leaves empty ones
    return len(parts) == 1 and isinstance(parts[0], nodes.strong)


def visit_page_facts(translator: HTML5Translator, node: page_facts) -> None:
    """Write the facts as a list."""
    translator.body.append(fragment("page_facts.html.j2", {"facts": node["facts"]}))
    raise nodes.SkipNode


def description(name: str, title: str, asked: str) -> list[nodes.meta]:
    """What programs are told that show a link to a page, as elements of its head.

    Args:
        name: the page.
        title: its title.
        asked: its question.
    """
    social = {
        "og:type": "article",
        "og:title": title,
        "og:description": asked,
        "og:url": f"{book_address()}/{name}.html",
        "og:image": f"{book_address()}/_static/card.png",
        "og:image:alt": CARD_ALT,
    }
    named = {"description": asked, "twitter:card": "summary_large_image"}
    return [
        *(nodes.meta("", property=key, content=value) for key, value in social.items()),
        *(nodes.meta("", name=key, content=value) for key, value in named.items()),
    ]


def remember_question(app: Sphinx, document: nodes.document) -> None:
    """Keep what a page asks, for the pages that lead to it."""
    app.env.metadata[app.env.docname][QUESTION] = question(document)


def furnish(app: Sphinx, document: nodes.document, name: str) -> None:
    """Add to a page its facts and its description."""
    notebook = Notebook(Path(app.env.doc2path(name)))
    costs = chapter_costs(notebook) if notebook.path.suffix == ".ipynb" else []
    add_facts(document, [f"{minutes_to_read(document)} min to read", *costs])
    asked = app.env.metadata[name].get(QUESTION, "")
    document[0:0] = description(name, app.env.titles[name].astext(), asked)


def question_behind(app: Sphinx, name: str) -> Callable[[str], str]:
    """A function for the templates: what the page asks to which a link leads from page `name`."""

    def asked(link: str) -> str:
        target = posixpath.join(posixpath.dirname(name), link.partition("#")[0])
        page = posixpath.normpath(target).removesuffix(".html")
        return str(app.env.metadata[page].get(QUESTION, "")) if page in app.env.all_docs else ""

    return asked


def offer_questions(
    app: Sphinx,
    name: str,
    _template: str,
    context: dict[str, Any],
    _document: nodes.document | None,
) -> None:
    """Let the links to the pages before and after a page say what those ask."""
    context["course_question"] = question_behind(app, name)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Remember questions when pages are read, add facts and descriptions when they are written."""
    app.add_node(page_facts, html=(visit_page_facts, None))
    app.connect("doctree-read", remember_question)
    app.connect("doctree-resolved", furnish, priority=LATE)
    app.connect("html-page-context", offer_questions)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
