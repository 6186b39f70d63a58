"""Write the repository's address, which pyproject.toml alone holds, wherever a copy of it is needed.

The README's badges and links, CITATION.cff, and the line in each notebook's set-up cell that installs the package on
a hosted notebook. `python .ci/stamp_links.py` mends the copies; tests/test_repository.py holds them.
"""

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
GITHUB = r"https://github\.com/[\w.-]+/[\w.-]+?(?=[)\s\"'/]|\.git\b|$)"
COLAB = r"https://colab\.research\.google\.com/github/[\w.-]+/[\w.-]+(?=/blob/)"


def address() -> str:
    """The repository's web address."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]


def stamped(text: str) -> str:
    """`text` with every link to a repository or to Colab made to point to ours."""
    owner_and_name = address().removeprefix("https://github.com/")
    text = re.sub(COLAB, f"https://colab.research.google.com/github/{owner_and_name}", text)
    return re.sub(GITHUB, address(), text)


def install_line() -> str:
    """The line of a set-up cell that installs the package."""
    return f'    %pip install --quiet "resnet-course @ git+{address()}"\n'


def stamped_notebook(text: str) -> str:
    """A notebook's text with the install line of its set-up cell renewed."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if "setup" in cell["metadata"].get("tags", []):
            cell["source"] = [install_line() if "%pip install" in line else line for line in cell["source"]]
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
