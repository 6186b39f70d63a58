"""Sphinx extension: the words defined on the page of notation are explained where a chapter first uses them.

The first occurrence of a word on a page links to its definition; course.js shows the definition beside it, for mouse
and keyboard alike. Words and symbols are entries of the index, too, so that the search finds them. Nothing is defined
twice.
"""

import html
import itertools
import re
from collections.abc import Iterator

from docutils import nodes
from sphinx import addnodes

HOME = "book/notation"
KEEP_OUT = (
    nodes.title | nodes.reference | nodes.literal | nodes.literal_block | nodes.raw | nodes.math | nodes.caption
)
KEEP_OUT |= nodes.citation | nodes.entry | nodes.term | nodes.strong | addnodes.pending_xref
TEX = {r"\\(?:mathrm|text)\{([^}]*)\}": r"\1", r"\\cdot": "·", r"\\quad|\\,": " ", r"[{}]": ""}


def plain(node: nodes.Node) -> str:
    """Text of a node with its formulas in plain letters."""
    text = node.astext().replace("\n", " ")
    for wrong, right in TEX.items():
        text = re.sub(wrong, right, text)
    return text


def explained(definition: nodes.Node) -> str:
    """The first sentences of a definition, as many as fit a small box; none with a formula that needs setting."""
    told = ""
    for sentence in re.split(r"(?<=[.?!])\s+(?=[A-Z*])", plain(definition)):
        if "\\" in sentence or (told and len(told) + len(sentence) > 220):
            break
        told = f"{told} {sentence}".strip()
    return told


def slug(word: str) -> str:
    return "term-" + re.sub(r"\W+", "-", word.lower()).strip("-")


def words(term: str) -> list[str]:
    """ "training error, test error" defines two words, "options A, B, C" three."""
    first, *rest = term.split(", ")
    if rest and all(len(word) == 1 for word in rest):
        kind, letter = first.rsplit(" ", 1)
        return [f"{kind.removesuffix('s')} {one}" for one in (letter, *rest)]
    return [first, *rest]


def define(app, document: nodes.document) -> None:
    """Give every definition on the page of notation an address, and enter its words in the index."""
    if app.env.docname != HOME:
        return
    known = app.env.course_glossary = {}
    for item in document.findall(nodes.definition_list_item):
        term, definition = item[0], item[-1]
        names, entries = words(plain(term)), []
        for name in names:
            term["ids"].append(slug(name))
            entries.append(("single", name, slug(name), "", None))
            if not any(isinstance(part, nodes.math) for part in term):
                known[name] = explained(definition)
        term.insert(0, addnodes.index(entries=entries))
    index = app.env.get_domain("index")  # it has read the page already, before there were any entries
    index.clear_doc(HOME)
    index.process_doc(app.env, HOME, document)


def in_written_link(text: nodes.Text) -> bool:
    """Whether a link written as HTML is open where the text stands."""
    before = itertools.takewhile(lambda node: node is not text, text.parent.children)
    before = "".join(node.astext() for node in before if isinstance(node, nodes.raw))
    return before.count("<a ") > before.count("</a>")


def places(document: nodes.document) -> Iterator[nodes.Text]:
    """Running text, outside of titles, code, formulas, tables and links."""
    for text in list(document.findall(nodes.Text)):
        above, inside = text.parent, False
        while above is not None and not isinstance(above, nodes.document):
            inside |= isinstance(above, nodes.paragraph)
            if isinstance(above, KEEP_OUT):
                break
            above = above.parent
        else:
            if inside and not in_written_link(text):
                yield text


def explain(app, document: nodes.document, name: str) -> None:
    """Link the first occurrence of every known word in running text."""
    known = getattr(app.env, "course_glossary", {})
    if not known or name in (HOME, "book/intro"):
        return
    left = dict(known)
    home = app.builder.get_relative_uri(name, HOME)
    for text in places(document):
        made, rest = [], text.astext()
        while left:
            choices = "|".join(sorted(map(re.escape, left), key=len, reverse=True))
            found = re.search(rf"(?<![\w-])(?<!stochastic )({choices})(s?)(?![\w-])", rest)
            if not found:
                break
            word = found[1]
            left.pop(word)
            link = nodes.reference("", found[0], internal=True, refuri=f"{home}#{slug(word)}", classes=["term"])
            made += [nodes.Text(rest[: found.start()]), link]
            rest = rest[found.end() :]
        if made:
            text.parent.replace(text, [*made, nodes.Text(rest)])


def add_definitions(app, _name: str, _template: str, context: dict, document: nodes.document | None) -> None:
    """The definitions that the page's words need, hidden until they are asked for."""
    known = getattr(app.env, "course_glossary", {})
    body = context.get("body", "")
    used = [word for word in known if re.search(rf'class="term[^"]*" href="[^"]*#{slug(word)}"', body)]
    told = "".join(
        f'<div role="tooltip" id="define-{slug(word)}" hidden><strong>{html.escape(word)}</strong> '
        f"{html.escape(known[word])}</div>"
        for word in used
    )
    context["body"] = body + (f'<div class="definitions">{told}</div>' if told else "")


def setup(app) -> dict:
    app.connect("doctree-read", define)
    app.connect("doctree-resolved", explain)
    app.connect("html-page-context", add_definitions)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
