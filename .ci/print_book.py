"""Print the built book, every page in its order, as one PDF with links and an outline: python .ci/print_book.py

Chromium prints; the print rules of course.css decide how it looks. What paper cannot do is put otherwise: links say
the page they lead to or the address, and what a reader should not see at once, the comparisons of predictions, hints
and answers, stands at the end. _build/residual-networks-measured.pdf
"""

import html
import os
import re
from itertools import count
from pathlib import Path

import yaml

from book.sphinxext.pages.quiz import Option
from book.sphinxext.pages.quiz import load as load_quizzes
from book.sphinxext.project import ROOT, address
from book.sphinxext.project import book_address as public_address
from tools import built_book, run
from tools.browser import chromium
from tools.built_book import HTML

H1 = re.compile(r'<h1>((?:(?!</h1>).)*?)<a class="headerlink"', re.S)
LINK = re.compile(r'<a\b([^>]*)\bhref="([^"]*)"([^>]*)>(.*?)</a>', re.S)
HINT = re.compile(r"<details><summary>Hint</summary>(.*?)</details>", re.S)
PREDICTION = re.compile(
    r"<fieldset class=\"prediction\".*?<legend>(.*?)</legend>(.*?)<details.*?</summary>(.*?)</details>\s*</fieldset>",
    re.S,
)
CHOICE = re.compile(r"<label><input[^>]*>\s*(.*?)</label>", re.S)
BIBLIOGRAPHY = "book/bibliography"
BACK = "Predictions, hints and answers"
UNKNOWN = "000"  # as wide as a page's number, where it is not known yet
TARGET = HTML.parent / "residual-networks-measured.pdf"

PAPER = """
@page { size: A4; margin: 20mm 19mm 20mm;
  @bottom-left { font: 7.5pt Inter, sans-serif; color: #555; }
  @bottom-right { content: counter(page); font: 7.5pt Inter, sans-serif; color: #555; } }
@page title { @bottom-right { content: none; } }
body { background: #fff; } main { display: block; }
.sheet { break-before: page; } .title { page: title; padding-top: 45mm; }
.title h1 { font-size: 34pt; margin-bottom: 0.6rem; } .title .claim-of-it { font-size: 13pt; font-style: italic; }
.title .imprint { margin-top: 14mm; font: 8.5pt/1.6 Inter, sans-serif; color: #444; }
.contents :is(ol, li) { list-style: none; margin: 0; padding: 0; }
.contents .part { margin: 0.75rem 0 0.15rem; font: 600 11pt Inter, sans-serif; break-after: avoid; }
.contents li { display: flex; justify-content: space-between; line-height: 1.55; border-bottom: 0.5pt dotted #aaa; }
.contents a { text-decoration: none; color: #000; }
.where { font-size: 0.82em; color: #444; overflow-wrap: anywhere; }
.see { margin: -0.4rem 0 0.9rem; font-size: 0.92em; break-before: avoid; }
.choice { break-inside: avoid; margin: 0.9rem 0 1.1rem; padding-left: 0.8rem; border-left: 2.5pt solid #bbb; }
.choice.prediction { border-color: var(--course-residual); }
.choice p { margin: 0 0 0.2rem; break-after: avoid; } .choice .see { margin: 0.3rem 0 0; }
.choice ol { list-style: lower-alpha; margin: 0; padding-left: 1.5rem; } .choice li { margin: 0; }
.back h2 { margin-top: 1.3rem; } .back p { margin-bottom: 0.5rem; } .back .ask { break-after: avoid; }
mjx-c.as-text.as-text::before { content: none !important; }
"""
READY = """async () => {
  await document.fonts.ready;
  const pictures = [...document.images].filter((i) => i.offsetParent);
  pictures.forEach((i) => { i.loading = "eager"; });
  const failed = (i) => () => { throw new Error("no picture " + i.src.slice(-80)); };
  await Promise.all(pictures.map((i) => i.decode().catch(failed(i))));
  for (const letter of document.querySelectorAll("mjx-c")) {  // as text, since nothing else is read aloud
    const drawn = getComputedStyle(letter, "::before"), text = document.createElement("span");
    text.textContent = JSON.parse(drawn.content);
    text.style.cssText = `display: block; width: 0; padding: ${drawn.padding}`;
    letter.append(text);
    letter.classList.add("as-text");
  }
}"""


def parts() -> list[tuple[str, list[str]]]:
    """The parts of the book with the names of their pages, in order."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = [(part["caption"], [chapter["file"] for chapter in part["chapters"]]) for part in contents["parts"]]
    return [("", [contents["root"]]), *listed]


def plain(text: str) -> str:
    """HTML's text."""
    return html.unescape(re.sub(r"<[^>]*>", "", text))


class Printed:
    """The book as one HTML page; `at` says on which page of paper each place is, as far as that is known."""

    def __init__(self, at: dict[str, int] | None = None):
        self.at = at or {}
        self.names = [name for _, names in parts() for name in names]
        self.number = {name: number for number, name in enumerate(self.names)}
        self.pages = {name: (HTML / f"{name}.html").read_text(encoding="utf-8") for name in self.names}
        self.titles = {name: H1.search(page)[1] for name, page in self.pages.items()}
        self.book, self.titles[self.names[0]] = self.titles[self.names[0]], "Introduction"
        self.quizzes = load_quizzes()

    def to(self, place: str, text: str) -> str:
        """A link to a place of the book, with the page that it is on."""
        return f'<a href="#{place}">{text}</a>{self.on_page(place)}'

    def on_page(self, place: str) -> str:
        return where(f"p.&nbsp;{self.at.get(place, UNKNOWN)}")

    def whole(self) -> str:
        """All of it: title, contents, what is different on paper, the pages, and what is kept for the end."""
        page = self.pages[self.names[0]]
        styles = dict.fromkeys(
            path
            for text in self.pages.values()
            for path in re.findall(r'href="(?:\.\./)?(_static/[^"]*\.css[^"]*)"', text)
        )
        heads = {"contents": "Contents", "on-paper": "On paper", "back": BACK}
        heads |= {f"s{number}": plain(self.titles[name]) for name, number in self.number.items()}
        feet = "".join(
            f"#{place} {{ page: {place}; }} @page {place} {{ @bottom-left {{ content: {css_string(head)}; }} }}\n"
            for place, head in heads.items()
        )
        sheets, kept = zip(*(self.sheet(name) for name in self.names), strict=True)
        links = "".join(f'<link rel="stylesheet" href="{path}">' for path in styles)
        return (
            '<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
            f"<title>{self.book}</title>{links}<style>{PAPER}{feet}</style></head><body><main>"
            f"{self.title(page)}{self.contents()}{self.on_paper()}{''.join(sheets)}"
            f'<article class="bd-article sheet back" id="back"><h1>{BACK}</h1>{"".join(kept)}</article>'
            "</main></body></html>"
        )

    def title(self, page: str) -> str:
        cover = re.search(r'<figure class="cover">.*?</figure>', page, re.S)[0]
        signed = re.search(r'<div class="extra_footer">(.*?)</div>', page, re.S)[1]
        signed = re.sub(r"\s*<a\b[^>]*>[^<]*</a>\.?", "", signed).strip()
        told = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        return (
            f'<article class="bd-article title"><h1>{self.book}</h1>'
            f'<p class="claim-of-it">Every claim is an experiment you can run.</p>{cover}'
            f'<p class="imprint">{told["author"]}. Copyright {told["copyright"].replace(";", ":", 1)}.<br>'
            f'{signed}<br>On the web: <a href="{public_address()}">{short(public_address())}</a></p></article>'
        )

    def contents(self) -> str:
        def entry(place: str, title: str) -> str:
            return f'<li><a href="#{place}">{title}</a><span>{self.at.get(place, UNKNOWN)}</span></li>'

        def part(caption: str, entries: list[str]) -> str:
            named = f'<p class="part">{caption}</p>' if caption else ""
            return f"{named}<ol>{''.join(entries)}</ol>"

        listed = [part(name, [entry(f"s{self.number[n]}", self.titles[n]) for n in names]) for name, names in parts()]
        listed.append(part("At the end", [entry("back", BACK)]))
        return (
            f'<article class="bd-article sheet contents" id="contents"><h1>Contents</h1>{"".join(listed)}</article>'
        )

    def on_paper(self) -> str:
        """What the text of the pages takes for granted and paper cannot do."""
        web, code = (f'<a href="{url}">{short(url)}</a>' for url in (public_address(), address()))
        return f"""<article class="bd-article sheet" id="on-paper"><h1>On paper</h1>
<p>These pages were written for a browser, and on paper nothing moves. Where the text speaks of a slider, all its
positions are printed, row by row from left to right. The tables that unfold under the figures, the definitions that
open over a word and the networks that run inside a page are left out.</p>
<p>Where you are asked to predict, write your answer into the margin before you read on. What was measured, the hints
to the exercises and the answers to the questions at the end of a chapter are kept under {self.to("back", BACK)}.</p>
<p>A link is followed by the page it leads to; an address on the web is printed once in a chapter, where the chapter
names it last. Papers are cited by author and year, and listed in the
{self.to(f"s{self.number[BIBLIOGRAPHY]}", "bibliography")}.</p>
<p>The rocket, the arrow and the buttons of which the text speaks are at the top of each page on the web, {web}. There
every chapter is a notebook, to be opened in Colab or downloaded. Code and records are at {code}.</p></article>"""

    def sheet(self, name: str) -> tuple[str, str]:
        """A page as it is printed, and what of it is kept for the end of the book."""
        page, here = self.pages[name], f"s{self.number[name]}"
        article = page[page.index("<article") : page.rindex("</article>")] + "</article>"
        article = re.sub(r"<script\b.*?</script>|<noscript>.*?</noscript>", "", article, flags=re.S)
        article = re.sub(
            r'<a class="headerlink".*?</a>|<details class="data-table">.*?</details>', "", article, flags=re.S
        )
        if name == self.names[0]:
            article = re.sub(r'<figure class="cover">.*?</figure>', "", article, flags=re.S)
            article = article.replace(f"<h1>{self.book}", f"<h1>{self.titles[name]}", 1)
        web = f"{public_address()}/{name}.html"
        running = f'<p><em>On the web the networks run here:</em> <a href="{web}">{short(web)}</a></p>'
        article = re.sub(r'<div class="playground".*?</div>\s*</div>', running, article, flags=re.S)
        # A formula is read and copied as it is drawn; the page's hidden MathML would not come along.
        article = re.sub(r"<mjx-assistive-mml>.*?</mjx-assistive-mml>", "", article, flags=re.S)
        article = re.sub(r'(<mjx-math\b[^>]*?) aria-hidden="true"', r"\1", article)
        article = re.sub(r'\b(id|for|aria-describedby)="([^"]+)"', rf'\1="{here}-\2"', article)
        article = LINK.sub(lambda match: self.linked(match, name), article)
        article = with_addresses(article)
        article = re.sub(r'<img alt="(Open in Colab)"[^>]*>', r"\1", article)
        article = re.sub(
            r'\bsrc="(?![a-z]+:)([^"]*)"', lambda m: f'src="{os.path.normpath(Path(name).parent / m[1])}"', article
        )
        article, kept = self.kept_apart(article, name, here)
        return f'<section class="sheet" id="{here}">{article}</section>', kept

    def linked(self, match: re.Match, name: str) -> str:
        """A link that holds in one long document, or out of it."""
        before, href, after, text = match.groups()
        target, _, mark = href.partition("#")
        if ":" in target:
            return match[0]
        to = os.path.normpath(Path(name).parent / target.removesuffix(".html")) if target else name
        if to not in self.number:  # a file beside the pages
            return f'<a{before}href="{public_address()}/{to}"{after}>{text}</a>'
        place = f"s{self.number[to]}{f'-{mark}' if mark else ''}"
        cites = to == BIBLIOGRAPHY and mark  # its entries are in alphabetical order
        told = "" if cites or 'class="term' in before + after else self.on_page(place)
        return f'<a{before}href="#{place}"{after}>{text}</a>{told}'

    def kept_apart(self, article: str, name: str, here: str) -> tuple[str, str]:
        """The page with its questions, and apart from it their answers."""
        kept, numbers = [], {kind: count(1) for kind in ("measured", "hint")}

        def apart(kind: str, told: str, label: str, ask: str) -> str:
            place = f"{here}-{kind}-{next(numbers[kind])}"
            kept.append(f'<p class="ask" id="{place}"><strong>{ask}</strong></p>{told}')
            return f'<p class="see">{self.to(place, label)}</p>'

        def prediction(match: re.Match) -> str:
            ask, choices, told = match.groups()
            see = apart("measured", told, "What was measured", ask)
            return question(ask, CHOICE.findall(choices), "prediction", see)

        def hint(match: re.Match) -> str:
            exercise = re.findall(r"<p><strong>(\d+\. .*?)</strong>", article[: match.start()], re.S)[-1]
            return apart("hint", match[1], "Hint", f"Exercise {exercise}")

        article = PREDICTION.sub(prediction, article)
        article = HINT.sub(hint, article)
        if questions := self.quizzes.get(name):
            asked = "".join(
                question(html.escape(one.text), [html.escape(option.text) for option in one.options], "quiz")
                for one in questions
            )
            see = f'<p class="see">{self.to(f"{here}-answers", "Answers")}</p>'
            article = re.sub(r'<div class="quizzes">.*?</div>', lambda _: asked + see, article, flags=re.S)
            told = [answer(number, one.options) for number, one in enumerate(questions, 1)]
            kept.append(
                f'<p class="ask" id="{here}-answers"><strong>Check your understanding</strong></p>{"".join(told)}'
            )
        return article, f"<h2>{self.titles[name]}</h2>{''.join(kept)}" if kept else ""


def question(ask: str, choices: list[str], kind: str, see: str = "") -> str:
    listed = "".join(f"<li>{choice}</li>" for choice in choices)
    return f'<div class="choice {kind}"><p><strong>{ask}</strong></p><ol>{listed}</ol>{see}</div>'


def answer(number: int, options: tuple[Option, ...]) -> str:
    """The right letter, and what is said of it and of the others."""
    told = {letter: html.escape(option.feedback) for letter, option in zip("abcdef", options, strict=False)}
    right = next(letter for letter, option in zip(told, options, strict=True) if option.right)
    others = " ".join(f"<em>Not&nbsp;{letter}.</em> {text}" for letter, text in told.items() if letter != right)
    return f"<p>{number}. <strong>{right}.</strong> {told[right]} {others}</p>"


def where(told: str) -> str:
    return f'<span class="where">&nbsp;({told})</span>'


def short(url: str) -> str:
    return re.sub(r"^https?://(?:www\.)?|/$", "", url)


def css_string(text: str) -> str:
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def with_addresses(article: str) -> str:
    """Each address on the web is printed where the page names it last, unless the link's own words say it."""
    last = {match[2]: match.start() for match in LINK.finditer(article) if re.match("https?:", match[2])}

    def told(match: re.Match) -> str:
        before, href, after, text = match.groups()
        says = "<img" in text or "download" in before + after or short(href).rsplit("/", 1)[-1] in plain(text)
        if last.get(href) != match.start() or says:
            return match[0]
        return match[0] + where(short(href))

    return LINK.sub(told, article)


def objects(pdf: bytes) -> dict[int, bytes]:
    """A PDF's objects by their numbers. Chromium writes them one after the other, those without a stream as text."""
    return {int(number): body for number, body in re.findall(rb"(?<=\n)(\d+) 0 obj\n(.*?)\nendobj", pdf, re.S)}


def page_numbers(pdf: bytes) -> dict[str, int]:
    """The page on which each named place of a PDF is."""
    known = objects(pdf)
    catalog = next(body for body in known.values() if b"/Type /Catalog" in body)

    def reference(key: bytes, body: bytes) -> int:
        return int(re.search(rb"/" + key + rb" (\d+) 0 R", body)[1])

    def leaves(number: int) -> list[int]:
        if not (kids := re.search(rb"/Kids \[(.*?)\]", known[number], re.S)):
            return [number]
        return [leaf for kid in re.findall(rb"(\d+) 0 R", kids[1]) for leaf in leaves(int(kid))]

    page = {leaf: number for number, leaf in enumerate(leaves(reference(b"Pages", catalog)), 1)}
    places = re.findall(rb"/(\S+) \[(\d+) 0 R /XYZ", known[reference(b"Dests", catalog)])
    return {place.decode(): page[int(leaf)] for place, leaf in places}


def amended(pdf: bytes, changed: dict[int, bytes]) -> bytes:
    """The PDF with some of its objects replaced: the new ones follow at the end, with a table of where they are."""
    body, table = b"", b""
    for number, new in changed.items():
        table += b"%d 1\n%010d 00000 n \n" % (number, len(pdf) + len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, new)
    told, before = re.search(rb"trailer\n<<(.*?)>>\nstartxref\n(\d+)", pdf, re.S).groups()
    end = b"xref\n%strailer\n<<%s\n/Prev %s>>\nstartxref\n%d\n%%%%EOF\n"
    return pdf + body + end % (table, told, before, len(pdf) + len(body))


def pdf_text(text: str) -> bytes:
    return b"<" + ("\ufeff" + text).encode("utf-16-be").hex().encode() + b">"


def finished(pdf: bytes, headings: list[str], author: str) -> bytes:
    """The PDF with its author's name, and an outline that has every heading as it is.

    Chromium gives its own name where the author's belongs. Into the outline it writes a heading at the top of a page
    twice, and one of two lines without the space between them.
    """
    known = {"".join(heading.split()): heading for heading in headings}
    changed = {}
    for number, body in objects(pdf).items():
        if title := re.match(rb"<</Title (?:\(((?:\\.|[^)\\])*)\)|<([0-9A-F]+)>)(?=\n/Dest)", body):
            text = bytes.fromhex(title[2].decode()).decode("utf-16") if title[2] else unescaped(title[1])
            letters = "".join(text.split())
            half = letters[: len(letters) // 2]
            heading = known.get(half if letters == 2 * half else letters)
            if heading and heading != text:
                changed[number] = b"<</Title " + pdf_text(heading) + body[title.end() :]
        elif b"/Creator (Mozilla" in body:
            changed[number] = re.sub(rb"/Creator \((?:\\.|[^)\\])*\)", b"/Author " + pdf_text(author), body)
    return amended(pdf, changed)


def unescaped(text: bytes) -> str:
    return re.sub(rb"\\(.)", rb"\1", text).decode("latin-1")


def main() -> None:
    built_book.require()
    source = HTML / "whole-book.htm"  # beside the pages, so that their pictures and styles are found
    at = pdf = None
    try:
        with chromium() as browser:
            page = browser.new_page()
            page.emulate_media(media="print")
            for _ in range(4):  # a page's number may be wider than the one before, and move what follows
                whole = Printed(at).whole()
                source.write_text(whole, encoding="utf-8")
                page.goto(source.as_uri())
                page.evaluate(READY)
                pdf = page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
                if (now := page_numbers(pdf)) == at:
                    break
                at = now
    finally:
        source.unlink(missing_ok=True)
    headings = [plain(heading) for heading in re.findall(r"<h[1-6]\b[^>]*>(.*?)</h[1-6]>", whole, re.S)]
    author = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["author"]
    TARGET.write_bytes(finished(pdf, headings, author))
    print(f"{TARGET} ({max(at.values())} pages, {TARGET.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    run(main)
