"""A written page as a tree of elements, read and written without changing what nobody touched."""

from collections.abc import Iterator

from bs4 import BeautifulSoup, NavigableString, Tag
from bs4.element import AttributeValueList
from bs4.formatter import EntitySubstitution, HTMLFormatter

CAPITALS = {"viewbox": "viewBox"}  # SVG's; the parser reads all names in small letters


class AsWritten(HTMLFormatter):
    """Elements as HTML writes them: attributes in their order, `<br>` and `hidden` without more."""

    def __init__(self) -> None:
        super().__init__(
            entity_substitution=EntitySubstitution.substitute_xml,
            void_element_close_prefix="",
        )

    def attributes(self, tag: Tag) -> list[tuple[str, str | AttributeValueList | None]]:
        """The attributes of an element as they were written; an empty one is its name alone."""
        return [(CAPITALS.get(name, name), value or None) for name, value in tag.attrs.items()]


AS_WRITTEN = AsWritten()


def parse(page: str) -> BeautifulSoup:
    """A page, or a piece of one, as a tree."""
    return BeautifulSoup(page, "html.parser")


def written(tree: BeautifulSoup) -> str:
    """A tree as text."""
    return tree.decode(formatter=AS_WRITTEN)


def attribute(element: Tag, name: str) -> str:
    """The value of an attribute, or nothing where the element has none of that name."""
    value = element.get(name, "")
    return value if isinstance(value, str) else " ".join(value or [])


def classes(element: Tag) -> list[str]:
    """The classes of an element."""
    return attribute(element, "class").split()


def elements(tree: Tag) -> Iterator[Tag]:
    """Every element in a tree, in the order of the page."""
    return (node for node in tree.descendants if isinstance(node, Tag))


def texts(element: Tag, kept: frozenset[str]) -> Iterator[NavigableString]:
    """Every piece of text in an element but what stands in elements named in `kept`."""
    for child in list(element.children):
        if isinstance(child, Tag):
            if child.name not in kept:
                yield from texts(child, kept)
        elif type(child) is NavigableString:  # its kinds are comments, scripts, style sheets
            yield child


def remove(element: Tag) -> None:
    """Take an element out of its page, and the empty line that it would leave."""
    following = element.next_sibling
    if type(following) is NavigableString and not following.strip():
        following.extract()
    element.decompose()
