"""Write the repository's address and revision wherever a copy of them is needed.

python -m tools.links

pyproject.toml alone holds them. Copies are in the README's badges and links, in CITATION.cff, and
in the first lines of each notebook's set-up cell, which install the package on a hosted notebook
and are the same in all. tests/test_repository.py fails where a copy is stale.
"""

import json
import re
from pathlib import Path

from resnet_course import repository
from tools import ROOT, run

GITHUB_LINK = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+?(?=[)\s\"'/]|\.git\b|$)")
COLAB_LINK = re.compile(
    r"https://colab\.research\.google\.com/github/[\w.-]+/[\w.-]+/blob/[\w.-]+/"
)
SETUP = re.compile(r"\Aimport importlib\.util\n\nif importlib[^\n]*\n(?:    [^\n]*\n?)+")
NO_GPU = "No GPU here: everything on this page runs on the CPU."


def with_our_links(text: str) -> str:
    """The text with every link to a repository or to Colab made to point to ours."""
    text = COLAB_LINK.sub(repository.colab_address(""), text)
    return GITHUB_LINK.sub(repository.address(), text)


def install_line() -> str:
    """The line of a set-up cell that installs the package: a release's tag, else the newest."""
    revision = repository.revision()
    at_tag = "" if revision == "main" else f"@{revision}"
    return f'    %pip install --quiet "resnet-course @ git+{repository.address()}{at_tag}"\n'


def setup_lines() -> str:
    """What every set-up cell begins with; the chapter's own imports follow."""
    return (
        "import importlib.util\n"
        "\n"
        'if importlib.util.find_spec("resnet_course") is None:  # on a hosted notebook\n'
        f"{install_line()}"
        f'    !nvidia-smi -L 2>/dev/null || echo "{NO_GPU}"\n'
    )


def with_our_setup(notebook_text: str) -> str:
    """A notebook's text with the first lines of its set-up cell renewed; all else stays."""
    notebook = json.loads(notebook_text)
    for cell in notebook["cells"]:
        if "setup" in cell["metadata"].get("tags", []):
            source = SETUP.sub(lambda _: setup_lines(), "".join(cell["source"]))
            cell["source"] = source.rstrip("\n").splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def copies() -> dict[Path, str]:
    """Every file that holds a copy of the address, and what should be in it."""
    texts = {}
    for path in (ROOT / "README.md", ROOT / "CITATION.cff"):
        texts[path] = with_our_links(path.read_text(encoding="utf-8"))
    for path in notebooks():
        texts[path] = with_our_setup(path.read_text(encoding="utf-8"))
    return texts


def notebooks() -> list[Path]:
    """The notebooks with a set-up cell: the chapters and the sources of the assignments."""
    folder = ROOT / "notebooks"
    sources = folder / "exercises" / "source"
    return [*sorted(folder.glob("[0-9]*.ipynb")), *sorted(sources.glob("*/*.ipynb"))]


def main() -> None:
    """Write the copies that are stale, and name them."""
    for path, text in copies().items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"renewed {path.relative_to(ROOT)}")


if __name__ == "__main__":
    run(main)
