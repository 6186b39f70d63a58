"""One style sheet for the whole book: the theme's files joined, without the rules that no page can use.

The theme brings all of Bootstrap, icons and more, 500 kB in a dozen files that a browser reads before it paints. A
rule stays when every class it names stands in some page or some script of the book.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

LINK = re.compile(r'[ \t]*<link (?=[^>]*rel="stylesheet")[^>]*href="([^"?]*/)?(_static/[^"?]*\.css)[^"]*"[^>]*/?>\n?')
APART = {"_static/formulas.css"}  # only some pages need it
ADDRESS = re.compile(r"""url\((["']?)(?!data:|#)([^)"']+)\1\)""")


IMPORT = re.compile(r"""@import (?:url\()?["']?([^"')]+)["']?\)?;""")


def blocks(css: str) -> Iterator[tuple[str, str | None]]:
    """The rules of a sheet, one after the other, as (what stands before the braces, what stands in them)."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    at = 0
    while at < len(css):
        opening, closing = css.find("{", at), css.find(";", at)
        if closing >= 0 and (opening < 0 or closing < opening) and css[at:closing].lstrip().startswith("@"):
            yield css[at:closing].strip(), None
            at = closing + 1
            continue
        if opening < 0:
            return
        end, depth = opening + 1, 1
        while depth:
            brace = re.compile(r"[{}]").search(css, end)
            depth += 1 if brace[0] == "{" else -1
            end = brace.end()
        yield css[at:opening].strip(), css[opening + 1 : end - 1]
        at = end


def selectors(prelude: str) -> list[str]:
    """A rule's selectors, split at the commas that stand in no parentheses."""
    parts, depth = [""], 0
    for letter in prelude:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def is_used(selector: str, known: set[str]) -> bool:
    plain = re.sub(r"\[[^\]]*\]|:(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)", "", selector)
    return all(name.replace("\\", "") in known for name in re.findall(r"\.((?:[\w-]|\\.)+)", plain))


def thinned(css: str, known: set[str]) -> str:
    """The sheet without rules for classes outside of `known`, and without fonts for icons, which pages draw."""
    kept = []
    for prelude, body in blocks(css):
        if body is None:
            kept.append(f"{prelude};")
        elif prelude.startswith(("@media", "@supports")):
            inside = thinned(body, known)
            kept += [f"{prelude}{{{inside}}}"] * bool(inside)
        elif prelude.startswith("@font-face"):
            kept += [f"{prelude}{{{body}}}"] * ("Font Awesome" not in body and "FontAwesome" not in body)
        elif prelude.startswith("@"):
            kept.append(f"{prelude}{{{body}}}")
        elif used := [one for one in selectors(prelude) if is_used(one, known)]:
            kept.append(f"{','.join(used)}{{{body.strip()}}}")
    return "".join(kept)


def join(root: Path, pages: dict[Path, str]) -> dict[Path, str]:
    """The pages with one sheet in place of many; writes it to _static/book.css."""
    sheets = dict.fromkeys(match[2] for page in pages.values() for match in LINK.finditer(page))
    sheets = [name for name in sheets if name not in APART and name != "_static/book.css"]
    if not sheets:
        return pages
    scripts = "".join(path.read_text(encoding="utf-8", errors="ignore") for path in root.glob("_static/**/*.js"))
    known = set(re.findall(r"[\w-]+", scripts))
    for page in pages.values():
        known.update(name for names in re.findall(r'class="([^"]*)"', page) for name in names.split())
    joined = ""
    for name in sheets:
        joined += thinned(whole(root, name), known) + "\n"
    target = root / "_static" / "book.css"
    target.write_text(joined, encoding="utf-8")
    version = hashlib.sha256(joined.encode()).hexdigest()[:8]
    return {path: with_one(page, version) for path, page in pages.items()}


def whole(root: Path, name: str) -> str:
    """A sheet with those it imports in their place and with addresses as they are from _static/."""
    parts = IMPORT.split((root / name).read_text(encoding="utf-8"))  # rules, what they import, rules, …
    parts[::2] = [ADDRESS.sub(lambda m: f"url({moved(m[2], name)})", rules) for rules in parts[::2]]
    parts[1::2] = [whole(root, f"_static/{moved(sheet, name)}") for sheet in parts[1::2]]
    return "".join(parts)


def moved(address: str, sheet: str) -> str:
    """An address in a sheet, as it is from _static/."""
    return os.path.normpath(Path(sheet).relative_to("_static").parent / address)


def with_one(page: str, version: str) -> str:
    first = True

    def replace(match: re.Match) -> str:
        nonlocal first
        if match[2] in APART:
            return match[0]
        link = f'<link href="{match[1] or ""}_static/book.css?v={version}" rel="stylesheet" />\n' if first else ""
        first = False
        return link

    return LINK.sub(replace, page)
