"""Sphinx extension: words that the page of notation defines are explained where they are used.

The first occurrence of a word on a page links to its definition; course.js shows the definition
beside it, for mouse and keyboard alike. Words and symbols are entries of the index, too, so that
the search finds them. Nothing is defined twice.
"""

import re
from dataclasses import dataclass

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from book.sphinxext.fragments import fragment
from book.sphinxext.pages.prose import link, replace_text, running_text

HOME = "book/notation"
FRONT_PAGE = "book/intro"
GLOSSARY = "glossary"  # where the page of notation keeps its words: name -> explanation
LONGEST = 220  # letters of an explanation that fit a small box
SENTENCE_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z*])")
SYMBOLS = {
    r"\\(?:mathrm|text)\{([^}]*)\}": r"\1",
    r"\\cdot": "·",
    r"\\quad|\\,": " ",
    r"[{}]": "",
}


@dataclass(frozen=True)
class Word:
    """A word of the page of notation, and the first sentences of its definition there."""

    name: str
    explanation: str

    @property
    def anchor(self) -> str:
        """The place of its definition on the page of notation."""
        return anchor(self.name)


class definitions(nodes.General, nodes.Element):
    """The explanations that a page needs; attribute `words`, a list of Word."""


def anchor(name: str) -> str:
    """The place of a word's definition on the page of notation."""
    return "term-" + re.sub(r"\W+", "-", name.lower()).strip("-")


def plain(node: nodes.Node) -> str:
    """Text of a node with its formulas in plain letters."""
    text = node.astext().replace("\n", " ")
    for tex, letters in SYMBOLS.items():
        text = re.sub(tex, letters, text)
    return text


def explanation(definition: nodes.Node) -> str:
    """The first sentences of a definition, up to a formula that plain letters cannot show."""
    text = ""
    for sentence in SENTENCE_END.split(plain(definition)):
        too_long = text and len(text) + len(sentence) > LONGEST
        if "\\" in sentence or too_long:
            break
        text = f"{text} {sentence}".strip()
    return text


def names(term: str) -> list[str]:
    """The words of a term: of "training error, test error" two, of "options A, B, C" three."""
    first, *rest = term.split(", ")
    if not rest or any(len(word) > 1 for word in rest):
        return [first, *rest]
    kind, letter = first.rsplit(" ", 1)
    return [f"{kind.removesuffix('s')} {one}" for one in (letter, *rest)]


def define(app: Sphinx, document: nodes.document) -> None:
    """Give every definition on the page of notation an address; enter its words in the index."""
    if app.env.docname != HOME:
        return
    glossary: dict[str, str] = {}
    for item in document.findall(nodes.definition_list_item):
        glossary |= define_item(item)
    app.env.metadata[HOME][GLOSSARY] = glossary
    index = app.env.get_domain("index")  # it has read the page already, without these entries
    index.clear_doc(HOME)
    index.process_doc(app.env, HOME, document)


def define_item(item: nodes.definition_list_item) -> dict[str, str]:
    """Address and index entries for a definition; returns the words that running text may use."""
    term = item.children[0]
    assert isinstance(term, nodes.term)
    term_names = names(plain(term))
    term["ids"] += [anchor(name) for name in term_names]
    entries = [("single", name, anchor(name), "", None) for name in term_names]
    term.insert(0, addnodes.index(entries=entries))
    if any(isinstance(part, nodes.math) for part in term.children):
        return {}
    text = explanation(item.children[-1])
    return dict.fromkeys(term_names, text)


def first_word(text: str, glossary: dict[str, str]) -> re.Match[str] | None:
    """The first word of the glossary in a text: group 1 is the word, which may have a plural s."""
    if not glossary:
        return None
    longest_first = sorted(map(re.escape, glossary), key=len, reverse=True)
    return re.search(rf"(?<![\w-])(?<!stochastic )({'|'.join(longest_first)})s?(?![\w-])", text)


def link_words(
    text: str, glossary: dict[str, str], home: str
) -> tuple[list[nodes.Node], list[str]]:
    """Link the first occurrence of each word.

    Args:
        text: running text of a page.
        glossary: the words that are still to be explained on that page.
        home: the address of the page of notation.

    Returns:
        The text in parts, linked and not, and the words that it has.
    """
    left = dict(glossary)
    parts: list[nodes.Node] = []
    while match := first_word(text, left):
        parts.append(nodes.Text(text[: match.start()]))
        parts.append(link(match[0], f"{home}#{anchor(match[1])}", ["term"]))
        left.pop(match[1])
        text = text[match.end() :]
    used = [name for name in glossary if name not in left]
    return [*parts, nodes.Text(text)], used


def explain(app: Sphinx, document: nodes.document, name: str) -> None:
    """Link every word where a page first uses it, and put the explanations at the page's end."""
    glossary: dict[str, str] = app.env.metadata[HOME].get(GLOSSARY, {})
    if not glossary or name in (HOME, FRONT_PAGE):
        return
    home = app.builder.get_relative_uri(name, HOME)
    left = dict(glossary)
    for text in running_text(document):
        parts, used = link_words(text.astext(), left, home)
        if used:
            replace_text(text, parts)
        left = {word: left[word] for word in left if word not in used}
    words = [Word(word, glossary[word]) for word in glossary if word not in left]
    if words:
        document += definitions("", words=words)


def visit_definitions(translator: HTML5Translator, node: definitions) -> None:
    """Write the explanations, hidden."""
    translator.body.append(fragment("definitions.html.j2", {"words": node["words"]}))
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    """Define when the page of notation is read, explain when any page is written."""
    app.add_node(definitions, html=(visit_definitions, None))
    app.connect("doctree-read", define)
    app.connect("doctree-resolved", explain)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
