"""Write the repository's address and revision, which pyproject.toml alone holds, wherever a copy of them is needed.

The README's badges and links, CITATION.cff, and the first lines of each notebook's set-up cell, which install the
package on a hosted notebook and are the same in all. `python .ci/stamp_links.py` mends the copies;
tests/test_repository.py holds them.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book" / "extensions"))
from repository import address, revision  # noqa: E402

GITHUB = r"https://github\.com/[\w.-]+/[\w.-]+?(?=[)\s\"'/]|\.git\b|$)"
COLAB = r"https://colab\.research\.google\.com/github/[\w.-]+/[\w.-]+/blob/[\w.-]+(?=/)"
SETUP = r"\Aimport importlib\.util\n\nif importlib[^\n]*\n(?:    [^\n]*\n?)+"


def stamped(text: str) -> str:
    """`text` with every link to a repository or to Colab made to point to ours."""
    owner_and_name = address().removeprefix("https://github.com/")
    text = re.sub(COLAB, f"https://colab.research.google.com/github/{owner_and_name}/blob/{revision()}", text)
    return re.sub(GITHUB, address(), text)


def install_line() -> str:
    """The line of a set-up cell that installs the package: of a release its tag, else the newest there is."""
    at = "" if revision() == "main" else f"@{revision()}"
    return f'    %pip install --quiet "resnet-course @ git+{address()}{at}"\n'


def setup_lines() -> str:
    """What every set-up cell begins with; the chapter's own imports follow."""
    return (
        "import importlib.util\n\n"
        'if importlib.util.find_spec("resnet_course") is None:  # on a hosted notebook\n'
        f"{install_line()}"
        '    !nvidia-smi -L 2>/dev/null || echo "No GPU here: everything on this page runs on the CPU."\n'
    )


def stamped_notebook(text: str) -> str:
    """A notebook's text with the first lines of its set-up cell renewed; nothing else in it changes."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if "setup" in cell["metadata"].get("tags", []):
            source = re.sub(SETUP, lambda _: setup_lines(), "".join(cell["source"]))
            cell["source"] = source.splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def copies() -> dict[Path, str]:
    """Every file that holds a copy of the address, and what should be in it."""
    texts = {path: stamped(path.read_text()) for path in (ROOT / "README.md", ROOT / "CITATION.cff")}
    notebooks = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    notebooks += sorted((ROOT / "notebooks" / "exercises" / "source").glob("*/*.ipynb"))
    return texts | {path: stamped_notebook(path.read_text()) for path in notebooks}


if __name__ == "__main__":
    for path, text in copies().items():
        path.write_text(text)
