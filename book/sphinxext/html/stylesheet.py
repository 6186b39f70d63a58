"""One style sheet for the whole book: the theme's files joined, without the rules no page can use.

The theme brings all of Bootstrap, icons and more, 500 kB in a dozen files that a browser reads
before it paints. A rule stays when every class it names stands in some page or some script.
"""

import hashlib
import posixpath
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import tinycss2
from bs4 import BeautifulSoup, Tag
from tinycss2.ast import (
    AtRule,
    CurlyBracketsBlock,
    FunctionBlock,
    IdentToken,
    Node,
    ParenthesesBlock,
    QualifiedRule,
    SquareBracketsBlock,
    StringToken,
    URLToken,
)

from book.sphinxext.html.tree import attribute, classes, elements, remove

STATIC = "_static"
JOINED = "book.css"
APART = {"formulas.css"}  # only some pages need it
CONDITIONS = {"media", "supports"}  # what they hold are rules
WORD = re.compile(r"[\w-]+")


def rules(css: str) -> list[Node]:
    """The rules of a style sheet, one after the other, without comments."""
    return list(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True))


def selectors(prelude: Iterable[Node]) -> list[list[Node]]:
    """A rule's selectors, split at the commas between them."""
    parts: list[list[Node]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def class_names(selector: list[Node]) -> Iterator[str]:
    """The classes that an element must have for a selector; what stands in :not() is none."""
    for before, token in pairwise(selector):
        if before == "." and isinstance(token, IdentToken):
            yield token.value


def is_used(selector: list[Node], known: set[str]) -> bool:
    """Whether some page can have an element for a selector."""
    return known.issuperset(class_names(selector))


def text(tokens: Iterable[Node]) -> str:
    """Tokens as they are written, without spaces at the ends."""
    return tinycss2.serialize(tokens).strip()


def thinned(css: str, known: set[str]) -> str:
    """A sheet without rules for classes that are not known, and without fonts for icons."""
    return "".join(thinned_rule(rule, known) for rule in rules(css))


def thinned_rule(rule: Node, known: set[str]) -> str:
    """What is left of a rule; nothing, where no page can use it."""
    if isinstance(rule, QualifiedRule):
        used = [text(one) for one in selectors(rule.prelude) if is_used(one, known)]
        return f"{','.join(used)}{{{text(rule.content)}}}" if used else ""
    if not isinstance(rule, AtRule):
        return ""
    head = f"@{rule.at_keyword} {text(rule.prelude)}".strip()
    if rule.content is None:
        return f"{head};"
    if rule.lower_at_keyword in CONDITIONS:
        inside = thinned(text(rule.content), known)
        return f"{head}{{{inside}}}" if inside else ""
    content = text(rule.content)
    is_icon_font = "Font Awesome" in content or "FontAwesome" in content
    return "" if is_icon_font else f"{head}{{{content}}}"


def inlined(root: Path, name: str) -> str:
    """A sheet with those that it imports in their place; its addresses are those from _static.

    Args:
        root: where the book lies.
        name: the sheet, from _static.
    """
    css = (root / STATIC / name).read_text(encoding="utf-8")
    folder = posixpath.dirname(name)
    parts = []
    for rule in rules(css):
        imported = import_of(rule)
        if imported is None:
            move_addresses([rule], folder)
            parts.append(rule.serialize())
        else:
            parts.append(inlined(root, moved(imported, folder)))
    return "\n".join(parts)


def import_of(rule: Node) -> str | None:
    """The address of the sheet that a rule imports, or None for any other rule."""
    if not isinstance(rule, AtRule) or rule.lower_at_keyword != "import":
        return None
    return next((address for token in rule.prelude if (address := address_of(token))), None)


def address_of(token: Node) -> str | None:
    """The address that a token names: of url(x), of url("x"), or of "x" in an import."""
    if isinstance(token, URLToken | StringToken):
        return token.value
    if isinstance(token, FunctionBlock) and token.lower_name == "url":
        return next((part.value for part in token.arguments if isinstance(part, StringToken)), None)
    return None


def move_addresses(nodes: Iterable[Node], folder: str) -> None:
    """Make every address in some rules, relative to `folder`, one that is relative to _static."""
    for node in nodes:
        if isinstance(node, URLToken):
            node.representation = f"url({moved(node.value, folder)})"
        elif isinstance(node, FunctionBlock) and node.lower_name == "url":
            move_strings(node, folder)
        else:
            for inner in inner_lists(node):
                move_addresses(inner, folder)


def move_strings(url: FunctionBlock, folder: str) -> None:
    """Move the address inside of url("…")."""
    for part in url.arguments:
        if isinstance(part, StringToken):
            part.representation = f'"{moved(part.value, folder)}"'


def inner_lists(node: Node) -> list[list[Node]]:
    """The lists of tokens that a rule, a block or a function holds."""
    if isinstance(node, QualifiedRule | AtRule):
        return [node.content or []]
    if isinstance(node, FunctionBlock):
        return [node.arguments]
    if isinstance(node, CurlyBracketsBlock | SquareBracketsBlock | ParenthesesBlock):
        return [node.content]
    return []


def moved(address: str, folder: str) -> str:
    """An address in a sheet in `folder`, as it is from _static."""
    if urlsplit(address).scheme or address.startswith("#"):
        return address
    return posixpath.normpath(posixpath.join(folder, address))


def sheet_name(link: Tag) -> str | None:
    """The sheet that an element loads, from _static, or None: it loads none, or one that stays."""
    if "stylesheet" not in attribute(link, "rel").split():
        return None
    address = urlsplit(attribute(link, "href")).path
    _, is_ours, name = address.partition(f"{STATIC}/")
    return name if is_ours and name not in APART else None


def known_classes(pages: Iterable[BeautifulSoup], root: Path) -> set[str]:
    """Every class that a page has or a script may give; of a script, every word counts."""
    known: set[str] = set()
    for page in pages:
        for element in elements(page):
            known.update(classes(element))
    for script in (root / STATIC).rglob("*.js"):
        known.update(WORD.findall(script.read_text(encoding="utf-8", errors="ignore")))
    return known


def join(pages: list[BeautifulSoup], root: Path) -> None:
    """Give all pages one sheet in place of many, and write it to _static/book.css.

    Args:
        pages: all pages of the book; those that have the joined sheet already get the new one.
        root: where the book lies.
    """
    names = dict.fromkeys(
        name for page in pages for link in page.find_all("link") if (name := sheet_name(link))
    )
    known = known_classes(pages, root)
    sheets = [name for name in names if name != JOINED]
    if not sheets:
        return
    joined = "\n".join(thinned(inlined(root, name), known) for name in sheets)
    (root / STATIC / JOINED).write_text(joined, encoding="utf-8")
    version = hashlib.sha256(joined.encode()).hexdigest()[:8]
    for page in pages:
        link_joined(page, version)


def link_joined(page: BeautifulSoup, version: str) -> None:
    """Let a page load the joined sheet where it loaded the first of many."""
    links = [link for link in page.find_all("link") if sheet_name(link)]
    for link in links[1:]:
        remove(link)
    for link in links[:1]:
        folder, _, _ = attribute(link, "href").partition(f"{STATIC}/")
        link["href"] = f"{folder}{STATIC}/{JOINED}?v={version}"
