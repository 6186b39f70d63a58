"""Print the built book, every page in its order, as one PDF with links and an outline: python .ci/print_book.py

Chromium prints; the print rules of course.css decide how it looks. _build/residual-networks-measured.pdf
"""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import yaml

from tests.book.conftest import CHROMIUM, FLAGS, HTML, ROOT, missing

TITLE = r'<h1>((?:(?!</h1>).)*?)<a class="headerlink"'
TARGET = HTML.parent / "residual-networks-measured.pdf"
PAPER = """<style>
@page { size: A4; margin: 20mm 19mm 18mm; }
body { background: #fff; } main { display: block; }
.sheet { break-before: page; } .title { break-before: auto; padding-top: 45mm; }
.title h1 { font-size: 34pt; } .contents li { margin: 0.15rem 0; } .contents > ol { list-style: none; padding: 0; }
</style>"""
FOOT = (
    '<div style="width:100%;font:8px sans-serif;color:#555;text-align:center"><span class="pageNumber"></span></div>'
)
READY = """async () => {
  await document.fonts.ready;
  const pictures = [...document.images].filter((i) => i.offsetParent);
  pictures.forEach((i) => { i.loading = "eager"; });
  const failed = (i) => () => { throw new Error("no picture " + i.src.slice(-80)); };
  await Promise.all(pictures.map((i) => i.decode().catch(failed(i))));
}"""


def parts() -> list[tuple[str, list[str]]]:
    """The parts of the book with the names of their pages, in order."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = [(part["caption"], [chapter["file"] for chapter in part["chapters"]]) for part in contents["parts"]]
    return [("", [contents["root"]]), *listed]


def sheet(name: str, number: dict[str, int]) -> str:
    """A page's article, with addresses that hold in one long document."""
    page = (HTML / f"{name}.html").read_text(encoding="utf-8")
    article = page[page.index("<article") : page.rindex("</article>")] + "</article>"
    article = re.sub(r"<script\b.*?</script>|<noscript>.*?</noscript>", "", article, flags=re.S)
    article = re.sub(
        r"<details(?= class=\"after-prediction\"|><summary>Hint)", "<details open", article
    )  # paper has no clicks
    here = number[name]
    folder = Path(name).parent

    def link(match: re.Match) -> str:
        target, _, mark = match[1].partition("#")
        if ":" in target:
            return match[0]
        to = os.path.normpath(folder / target.removesuffix(".html")) if target else name
        if to not in number:
            return f'href="{to}"'
        return f'href="#s{number[to]}{f"-{mark}" if mark else ""}"'

    article = re.sub(r'\b(id|for|aria-describedby)="([^"]+)"', rf'\1="s{here}-\2"', article)
    article = re.sub(r'\bhref="([^"]*)"', link, article)
    article = re.sub(r'\bsrc="(?![a-z]+:)([^"]*)"', lambda m: f'src="{os.path.normpath(folder / m[1])}"', article)
    return f'<section class="sheet" id="s{here}">{article}</section>'


def whole_book() -> str:
    """The book as one HTML page, in the styles of its pages."""
    ordered = [name for _, names in parts() for name in names]
    number = {name: i for i, name in enumerate(ordered)}
    pages = {name: (HTML / f"{name}.html").read_text(encoding="utf-8") for name in ordered}
    titles = {n: re.search(TITLE, text, re.S)[1] for n, text in pages.items()}
    styles = dict.fromkeys(
        path for text in pages.values() for path in re.findall(r'href="(?:\.\./)?(_static/[^"]*\.css[^"]*)"', text)
    )
    contents = "".join(
        f"<li>{f'<h2>{part}</h2>' if part else ''}<ol>"
        + "".join(f'<li><a href="#s{number[name]}">{titles[name]}</a></li>' for name in names)
        + "</ol></li>"
        for part, names in parts()
    )
    signed = re.search(r'<div class="extra_footer">(.*?)</div>', pages[ordered[0]], re.S)[1]
    cover = re.search(r'<figure class="cover">.*?</figure>', pages[ordered[0]], re.S)[0]
    return (
        '<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{titles[ordered[0]]}</title>"
        + "".join(f'<link rel="stylesheet" href="{path}">' for path in styles)
        + f'{PAPER}</head><body><main><article class="bd-article title"><h1>{titles[ordered[0]]}</h1>{cover}'
        f"<p>{signed}</p></article>"
        f'<article class="bd-article sheet contents"><h1>Contents</h1><ol>{contents}</ol></article>'
        + "".join(sheet(name, number) for name in ordered)
        + "</main></body></html>"
    )


def main() -> None:
    from playwright.sync_api import sync_playwright

    if reason := missing():
        sys.exit(reason)
    source = HTML / "whole-book.htm"  # beside the pages, so that their pictures and styles are found
    source.write_text(whole_book(), encoding="utf-8")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page()
            page.goto(source.as_uri())
            page.emulate_media(media="print")
            page.evaluate(READY)
            page.pdf(
                path=TARGET,
                prefer_css_page_size=True,
                print_background=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=FOOT,
                outline=True,
                tagged=True,
            )
            browser.close()
    finally:
        source.unlink()
    print(f"{TARGET} ({TARGET.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
