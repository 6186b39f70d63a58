"""Prose shows no measured number typed by hand, and notebooks no syntax that only the book understands.

A number followed by %, ±, images/s or seconds must come from a {measured} role (in notebooks: from code), or stand in
a paragraph that cites a source, or be a tier's budget (≤ 30 s), or be one of ALLOWED.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import yaml
from pybtex.database import parse_file

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "book").glob("*.md"))
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))

MEASURED_LOOKING = re.compile(
    r"(?<![\w.])\d[\d.,]*\s*(?:%|±|percent\b|per cent\b|images/s|seconds?\b)|±\s*\d"
)
SOURCE = re.compile(r"\{cite[:\w]*\}|arxiv\.org|\b(?:Table|Figure|Fig\.|Sec\.)\s*\d")
ALLOWED = re.compile(
    r"(?:≤|at most|under)\s*\d+\s*(?:s|min|seconds|minutes)\b|(?i:guess)\w*[^.]*?\b90 %|\b90 %[^.]*?guess\w*"
)
NOT_PROSE = re.compile(
    r"^(`{3,}|~{3,}).*?^\1|\{measured\}`[^`]*`|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$", re.M | re.S
)
BOOK_ONLY = re.compile(
    r"^\s*:::|^\s*`{3,}\{|\{[a-zA-Z][\w:.-]*\}`|^\([\w-]+\)=\s*$|\{\{.*?\}\}", re.M
)

# Only the notebook itself travels to Colab: what it links to must be a whole address or within it.
BESIDE = re.compile(
    r"(?<!`)\[[^\]`]*\]\((?!https?://|#|mailto:|attachment:)[^)]*\)|(?:src|href)=[\"'](?!https?://|#|data:)"
)


def typed_numbers(text: str) -> list[str]:
    """Measured-looking numbers in Markdown that neither code nor a cited source accounts for."""
    found = []
    for paragraph in re.split(r"\n\s*\n", NOT_PROSE.sub("", text)):
        if not SOURCE.search(paragraph):
            found += MEASURED_LOOKING.findall(ALLOWED.sub("", paragraph))
    return found


def markdown_cells(path: Path) -> Iterator[str]:
    return (cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_types_no_measured_number(path):
    assert typed_numbers(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_types_no_measured_number(path):
    assert [number for cell in markdown_cells(path) for number in typed_numbers(cell)] == []


def test_the_ledger_types_no_measured_number():
    for row in yaml.safe_load((ROOT / "book" / "claims.yml").read_text(encoding="utf-8")):
        for field in ("paper", "evidence", "why"):
            assert typed_numbers(row[field] or "") == [], (row["number"], field)


def test_no_two_papers_are_cited_alike():
    entries = parse_file(ROOT / "book" / "references.bib").entries.values()
    cited = [(str(entry.persons["author"][0]), entry.fields["year"]) for entry in entries]
    assert sorted(set(cited)) == sorted(cited)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_reads_well_outside_the_book(path):
    assert [found for cell in markdown_cells(path) for found in BOOK_ONLY.findall(cell)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_links_to_nothing_beside_it(path):
    assert [link for cell in markdown_cells(path) for link in BESIDE.findall(cell)] == []


@pytest.mark.parametrize(
    "text",
    ["[x](04_residual_block.ipynb)", "![](../book/a.svg)", '<img src="a.png">', "[a](/book)"],
)
def test_a_link_to_a_file_beside_the_notebook_is_found(text):
    assert BESIDE.search(text)


@pytest.mark.parametrize(
    "text", ["[x](https://arxiv.org/abs/1512.03385)", "[x](#exercises)", "$f(x)$, `[a](b)`"]
)
def test_other_links_are_let_through(text):
    assert not BESIDE.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "Plain-56 ends at 82.27 %.",
        "It ends at 82.3 ± 6.0.",
        "It took 12 seconds.",
        "9,271 images/s on two cores.",
    ],
)
def test_a_typed_number_is_found(text):
    assert typed_numbers(text)


@pytest.mark.parametrize(
    "text",
    [
        "Plain-56 ends at {measured}`degradation laptop plain 56 train_error` %.",
        "ResNet-56 has 6.97 % test error ({cite}`he2015`, Table 6).",
        "ResNet-56 has 6.97 % test error (Table 6).",
        "| `live` | ≤ 30 s a notebook |",
        "Guessing one of ten classes gives 90 % error.",
        "```\nerror 82.27 %\n```",
        "Networks of 56 layers, 390 steps, 16×16 pixels.",
    ],
)
def test_an_accounted_number_is_let_through(text):
    assert typed_numbers(text) == []


@pytest.mark.parametrize(
    "text", ["::: note\n", "```{note}\n```", "see {cite}`he2015`", "(label)=\n# Title"]
)
def test_book_only_syntax_is_found(text):
    assert BOOK_ONLY.search(text)


@pytest.mark.parametrize(
    "text", [r"$\mathrm{ReLU}(x)$", "a `{}` in code", "```python\nx = {1}\n```"]
)
def test_plain_markdown_is_not_taken_for_the_books(text):
    assert not BOOK_ONLY.search(text)
