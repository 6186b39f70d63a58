"""Solutions stay with the instructors: not in the tree that is published, and not in the package."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.exercises.running import ROOT, SLUGS, code

REGION = re.compile(
    r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END (?:SOLUTION|HIDDEN TESTS)", re.DOTALL
)


def squeezed(text: str) -> str:
    """Text without layout and marks, the same in a cell, in a notebook's JSON and in a coloured page."""
    return re.sub(r"</?(?:span|a)\b[^>]*>|&[#\w]+;|\\n|[\s\"'\\,<>&]", "", text)


def secrets() -> dict[str, str]:
    """Solutions and hidden tests long enough to be known again; the package's own blocks say the shorter ones too."""
    regions = {
        f"{slug} {name}": REGION.findall(source)
        for slug in SLUGS
        for name, source in code(slug).items()
    }
    found = {
        f"{name} {n}": squeezed(part)
        for name, parts in regions.items()
        for n, part in enumerate(parts)
    }
    return {name: text for name, text in found.items() if len(text) > 120}


def holding(files: list[Path]) -> list[str]:
    texts = {path: squeezed(path.read_text(errors="ignore")) for path in files if path.is_file()}
    return [
        f"{path}: {name}"
        for path, text in texts.items()
        for name, secret in secrets().items()
        if secret in text
    ]


@pytest.fixture(scope="module")
def public(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("public") / "tree"
    if subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, check=False
    ).returncode:
        pytest.skip("not a git checkout")
    subprocess.run(["make", "public", f"DIR={folder}"], cwd=ROOT, capture_output=True, check=True)
    return folder


def test_there_are_secrets_to_keep_and_the_search_finds_them_where_they_are():
    sources = [
        ROOT / "notebooks" / "exercises" / "source" / slug / f"{slug}.ipynb" for slug in SLUGS
    ]
    assert len(holding(sources)) == len(secrets()) > len(SLUGS)


def test_the_public_tree_holds_no_solution(public):
    text = {".py", ".ipynb", ".md", ".html", ".yml", ".js", ".css", ".txt", ".toml"}
    assert (public / "resnet_course" / "networks" / "blocks.py").exists()
    assert holding([path for path in public.rglob("*") if path.suffix in text]) == []


def test_the_public_tree_has_neither_sources_nor_bank(public):
    assert not (public / "notebooks" / "exercises" / "source").exists()
    assert not (public / "tests" / "exercises").exists()
    marked = [
        p for p in public.rglob("*.ipynb") if re.search("BEGIN (SOLUTION|HIDDEN)", p.read_text())
    ]
    assert marked == []


def test_the_package_is_its_folder_and_holds_no_solution():
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"][
        "targets"
    ]
    assert built["wheel"]["packages"] == ["resnet_course"]
    assert "notebooks" not in "".join(built["sdist"]["include"])
    files = [
        path for path in (ROOT / "resnet_course").rglob("*") if "__pycache__" not in path.parts
    ]
    assert not [path for path in files if path.suffix == ".ipynb" or "exercises" in path.parts]
    assert holding([path for path in files if path.suffix in {".py", ".md"}]) == []


@pytest.mark.browser  # nobody looks at it, but it needs the built book, as they do
def test_the_built_book_holds_no_solution():
    book = ROOT / "_build" / "html"
    if not book.exists():
        pytest.skip("the book is not built: run `make book` first")
    kinds = {".html", ".ipynb", ".js", ".txt", ".md", ".json"}
    assert (
        holding([p for p in book.rglob("*") if p.suffix in kinds and "vendor" not in p.parts]) == []
    )
