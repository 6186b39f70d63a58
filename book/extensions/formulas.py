"""Formulas set beforehand: what MathJax makes of them is kept in book/formulas.json; pages show it without a script.

A formula that is not kept there is left to MathJax in the reader's browser, on its page alone, until `make formulas`
keeps it.
"""

import html
import json
import re
from functools import cache
from pathlib import Path

SET = Path(__file__).parents[1] / "formulas.json"
STYLE = Path(__file__).parents[1] / "assets" / "formulas.css"
LEFT = re.compile(
    r'<(span|div) class="math notranslate nohighlight"[^>]*>\s*(?:\\\((.*?)\\\)|\\\[(.*?)\\\])\s*</\1>', re.S
)
KEPT = re.compile(r'<(?:span|div) class="formula" data-tex="([^"]*)" data-display="(true|false)">')


@cache
def kept() -> dict[str, dict[str, str]]:
    return json.loads(SET.read_text(encoding="utf-8")) if SET.exists() else {}


def used(page: str) -> set[tuple[str, bool]]:
    """The formulas of a built page, set or not, as (TeX, whether it stands on a line of its own)."""
    left = {(html.unescape(m[2] if m[3] is None else m[3]).strip(), m[3] is not None) for m in LEFT.finditer(page)}
    return left | {(html.unescape(m[1]), m[2] == "true") for m in KEPT.finditer(page)}


def shown(match: re.Match) -> str:
    tag, display = match[1], match[3] is not None
    tex = html.unescape(match[3] if display else match[2]).strip()
    made = kept().get("display" if display else "inline", {}).get(tex)
    if made is None:
        return match[0]
    keep = html.escape(tex, quote=True)
    return f'<{tag} class="formula" data-tex="{keep}" data-display="{str(display).lower()}">{made}</{tag}>'


def set_formulas(page: str) -> str:
    """The page with every formula that is kept in its place."""
    return LEFT.sub(shown, page)


def setup(_app) -> dict:
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
