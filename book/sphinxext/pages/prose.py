"""Running text of a page as it lies in the tree: where words may be linked, and how."""

from collections.abc import Iterator

from docutils import nodes
from sphinx import addnodes

NO_PROSE = (
    nodes.title,
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.raw,
    nodes.math,
    nodes.caption,
    nodes.citation,
    nodes.entry,
    nodes.term,
    nodes.strong,
    addnodes.pending_xref,
)


def running_text(document: nodes.document) -> list[nodes.Text]:
    """Text in paragraphs, outside of titles, code, formulas, tables and links, in its order."""
    return [text for text in document.findall(nodes.Text) if is_running(text)]


def is_running(text: nodes.Text) -> bool:
    """Whether a piece of text stands in a paragraph, and in nothing that is no prose."""
    above = list(ancestors(text))
    in_paragraph = any(isinstance(node, nodes.paragraph) for node in above)
    return in_paragraph and not any(isinstance(node, NO_PROSE) for node in above)


def ancestors(node: nodes.Node) -> Iterator[nodes.Node]:
    """What a node stands in, from the inside out."""
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def link(text: str, address: str, classes: list[str] | None = None) -> nodes.reference:
    """A link within the book."""
    return nodes.reference("", text, internal=True, refuri=address, classes=classes or [])


def replace_text(text: nodes.Text, parts: list[nodes.Node]) -> None:
    """Put `parts` where `text` was, but for empty ones."""
    text.parent.replace(text, [part for part in parts if part.astext()])
