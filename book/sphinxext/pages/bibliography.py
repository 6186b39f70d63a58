"""Sphinx extension: below each paper of the bibliography stand the pages that cite or link it."""

from collections.abc import Iterator

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata
from sphinxcontrib.bibtex.domain import BibtexDomain

HOME = "book/bibliography"
AFTER_METADATA = 950  # the links are looked up, not read: they add nothing to the minutes to read


def keys_cited(document: nodes.document) -> set[str]:
    """The keys of the papers that a page cites by role."""
    keys: set[str] = set()
    for reference in document.findall(addnodes.pending_xref):
        if reference.get("refdomain") == "cite":
            keys |= {key.strip() for key in reference["reftarget"].split(",")}
    return keys


def web_addresses(node: nodes.Element) -> set[str]:
    """The addresses on the web that a node links to."""
    links = (link.get("refuri", "") for link in node.findall(nodes.reference))
    return {address for address in links if address.startswith("http")}


def mentions(env: BuildEnvironment) -> dict[str, set[str]]:
    """Of each page, the keys it cites and the addresses it links; chapters have only the latter."""
    named: dict[str, set[str]] = {}
    for name in sorted(env.found_docs - {HOME}):
        document = env.get_doctree(name)
        named[name] = keys_cited(document) | web_addresses(document)
    return named


def cited_in(app: Sphinx, pages: list[str]) -> nodes.paragraph:
    """A line with links to the pages that cite a paper."""
    line = nodes.paragraph("", "Cited in ", classes=["cited-in"])
    for number, page in enumerate(pages):
        address = app.builder.get_relative_uri(HOME, page)
        title = [child.deepcopy() for child in app.env.titles[page].children]
        line += [nodes.Text(", ")] if number else []
        line += nodes.reference("", "", *title, internal=True, refuri=address)
    line += nodes.Text(".")
    return line


def papers(app: Sphinx, document: nodes.document) -> Iterator[tuple[nodes.citation, set[str]]]:
    """The papers of the bibliography: each entry, with its key and the addresses it links to."""
    domain = app.env.get_domain("cite")
    assert isinstance(domain, BibtexDomain)
    keys = {entry.citation_id: entry.key for entry in domain.citations}
    for entry in document.findall(nodes.citation):
        known = {keys[identity] for identity in entry["ids"] if identity in keys}
        yield entry, known | web_addresses(entry)


def link_back(app: Sphinx, document: nodes.document, name: str) -> None:
    """Add to each paper the pages that cite it."""
    if name != HOME:
        return
    named = mentions(app.env)
    for entry, signs in papers(app, document):
        pages = [page for page, mentioned in named.items() if mentioned & signs]
        if pages:
            entry += cited_in(app, pages)


def write_again(_app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The bibliography is written whenever anything is: other pages may cite more than before."""
    return [HOME] if HOME in env.found_docs else []


def setup(app: Sphinx) -> ExtensionMetadata:
    """Link back when the bibliography is written."""
    app.connect("env-updated", write_again)
    app.connect("doctree-resolved", link_back, priority=AFTER_METADATA)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
