"""Make the released assignments from their sources: nbgrader takes out solutions and hidden tests.

python notebooks/exercises/grading/release.py          write release/ (make assignments)
python notebooks/exercises/grading/release.py --check  say what is not up to date
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
    return sorted(path.parent.name for path in SOURCE.glob("*/*.ipynb") if path.stem == path.parent.name)


def course(root: Path) -> Config:
    """nbgrader's configuration, for a course that lives in `root`."""
    # nbgrader calls alembic by name to make its gradebook, so the environment's programs must be on the path.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
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
    outcome = NbGraderAPI(CourseDirectory(config=config), config=config).generate_assignment(slug, force=True)
    if not outcome["success"]:
        raise RuntimeError(f"nbgrader could not release {slug}:\n{outcome.get('error') or outcome.get('log')}")
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
    with tempfile.TemporaryDirectory() as root:  # one for all, because making the gradebook takes the time
        notebooks = {slug: nbformat.read(generate(slug, Path(root)), as_version=4) for slug in slugs}
    return {slug: nbformat.writes(with_link(notebook, slug)) + "\n" for slug, notebook in notebooks.items()}


def main() -> int:
    """Write or check release/."""
    stale = []
    for slug, text in released(assignments()).items():
        path = RELEASE / slug / f"{slug}.ipynb"
        if path.exists() and path.read_text() == text:
            continue
        stale.append(slug)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    print(f"{len(assignments())} assignments; {'changed: ' + ', '.join(stale) if stale else 'all up to date'}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
