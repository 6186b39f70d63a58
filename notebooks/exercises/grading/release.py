"""Make the released assignments from their sources: nbgrader takes out solutions and hidden tests.

python notebooks/exercises/grading/release.py   writes release/, as make assignments does
"""

import os
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

import nbformat
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

EXERCISES = Path(__file__).resolve().parents[1]
ROOT = EXERCISES.parents[1]
SOURCE, RELEASE = EXERCISES / "source", EXERCISES / "release"


def assignments() -> list[str]:
    """Slugs of the assignments, in their order."""
    return sorted(
        path.parent.name for path in SOURCE.glob("*/*.ipynb") if path.stem == path.parent.name
    )


def course(root: Path) -> Config:
    """nbgrader's configuration, for a course that lives in `root`."""
    # nbgrader calls alembic by name to make its gradebook, so the environment's programs must be on the path.
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    )
    config = PyFileConfigLoader("nbgrader_config.py", path=str(EXERCISES)).load_config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}"
    config.NbGraderAPI.log_level = 40
    return config


def generate(slug: str, root: Path) -> Path:
    """Release one assignment in `root`, with its cells and points in the gradebook there; the released notebook."""
    shutil.copytree(
        SOURCE / slug,
        root / "source" / slug,
        ignore=shutil.ignore_patterns(".*"),
        dirs_exist_ok=True,
    )
    config = course(root)
    outcome = NbGraderAPI(CourseDirectory(config=config), config=config).generate_assignment(
        slug, force=True
    )
    if not outcome["success"]:
        raise RuntimeError(
            f"nbgrader could not release {slug}:\n{outcome.get('error') or outcome.get('log')}"
        )
    return root / "release" / slug / f"{slug}.ipynb"


def with_link(notebook: nbformat.NotebookNode, slug: str) -> nbformat.NotebookNode:
    """The notebook with a first cell that opens it on Colab, by a link in words: images may not load."""
    address = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
    repository = address.removeprefix("https://github.com/")
    place = f"{repository}/blob/main/notebooks/exercises/release/{slug}/{slug}.ipynb"
    text = f"[Open this assignment on Colab](https://colab.research.google.com/github/{place})"
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell(text, id="colab"))
    return notebook


def released(slugs: list[str]) -> dict[str, str]:
    """The text of each released notebook; the same source always gives the same text."""
    with (
        tempfile.TemporaryDirectory() as root
    ):  # one for all, because making the gradebook takes the time
        notebooks = {
            slug: nbformat.read(generate(slug, Path(root)), as_version=4) for slug in slugs
        }
    return {
        slug: nbformat.writes(with_link(notebook, slug)) + "\n"
        for slug, notebook in notebooks.items()
    }


def main() -> None:
    """Write release/."""
    changed, notebooks = [], released(assignments())
    for slug, text in notebooks.items():
        path = RELEASE / slug / f"{slug}.ipynb"
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            changed.append(slug)
    print(
        f"{len(notebooks)} assignments; {'changed: ' + ', '.join(changed) if changed else 'all up to date'}"
    )


if __name__ == "__main__":
    main()
