"""Sphinx extension: formulas set beforehand, which pages show without a script.

What MathJax makes of them is kept in formulas.json. A formula that is not kept there is left to
MathJax in the reader's browser, on its page alone, until `make formulas` keeps it.
"""

import html
import json
from functools import cache

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.ext import mathjax
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from book.sphinxext.project import BOOK

KEPT = BOOK / "formulas.json"
INLINE = "inline"
DISPLAY = "display"


@cache
def kept() -> dict[str, dict[str, str]]:
    """What MathJax has made of formulas: HTML by INLINE or DISPLAY, and by their TeX."""
    if not KEPT.exists():
        return {INLINE: {}, DISPLAY: {}}
    formulas: dict[str, dict[str, str]] = json.loads(KEPT.read_text(encoding="utf-8"))
    return formulas


def as_html(tex: str, kind: str) -> str | None:
    """A formula as it is kept, in an element that says its TeX; None where it is not kept.

    Args:
        tex: the formula, as its author wrote it.
        kind: INLINE, or DISPLAY for one on a line of its own.
    """
    kept_html = kept()[kind].get(tex)
    if kept_html is None:
        return None
    tag = "div" if kind == DISPLAY else "span"
    is_display = str(kind == DISPLAY).lower()
    head = f'class="formula" data-tex="{html.escape(tex)}" data-display="{is_display}"'
    return f"<{tag} {head}>{kept_html}</{tag}>"


def visit_math(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula within a line."""
    write_kept(translator, node, INLINE)
    mathjax.html_visit_math(translator, node)


def visit_math_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on a line of its own."""
    write_kept(translator, node, DISPLAY)
    mathjax.html_visit_displaymath(translator, node)


def write_kept(translator: HTML5Translator, node: nodes.Element, kind: str) -> None:
    """Write a formula as it is kept.

    Raises:
        docutils.nodes.SkipNode: it is kept, and written.
    """
    written = as_html(node.astext().strip(), kind)
    if written is not None:
        translator.body.append(written)
        raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    """Write formulas; MathJax stays for those that are not kept."""
    app.add_node(nodes.math, override=True, html=(visit_math, None))
    app.add_node(nodes.math_block, override=True, html=(visit_math_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
