"""The released assignments, made from their sources: nbgrader takes out solutions and hidden tests."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

from .assignment import EXERCISES, RELEASE, SOURCE, slugs

QUIET = 40  # only errors


def course(root: Path) -> Config:
    """nbgrader's configuration, for a course that lives in `root`."""
    # nbgrader calls alembic by name to make its gradebook, so the environment's programs must be on the path.
    programs = str(Path(sys.executable).parent)
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", "")])
    config: Config = PyFileConfigLoader("nbgrader_config.py", path=str(EXERCISES)).load_config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}"
    config.NbGraderAPI.log_level = QUIET
    return config


def generate(slug: str, root: Path) -> Path:
    """Release one assignment in `root`, with its cells and points in the gradebook there.

    Returns:
        The released notebook.

    Raises:
        RuntimeError: nbgrader could not; its own words follow.
    """
    ignored = shutil.ignore_patterns(".*")
    shutil.copytree(SOURCE / slug, root / "source" / slug, ignore=ignored, dirs_exist_ok=True)
    config = course(root)
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    outcome = api.generate_assignment(slug, force=True)
    if not outcome["success"]:
        words = outcome.get("error") or outcome.get("log")
        raise RuntimeError(f"nbgrader could not release {slug}: {words}")
    return root / "release" / slug / f"{slug}.ipynb"


def with_link(notebook: nbformat.NotebookNode, slug: str) -> nbformat.NotebookNode:
    """The notebook with a first cell that opens it on Colab, by a link in words: images may not load."""
    place = f"{repository()}/blob/main/notebooks/exercises/release/{slug}/{slug}.ipynb"
    address = f"https://colab.research.google.com/github/{place}"
    text = f"[Open this assignment on Colab]({address})"
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell(text, id="colab"))
    return notebook


def repository() -> str:
    """`owner/name` of the course's repository, from pyproject.toml, where its address is written."""
    import tomllib

    text = (EXERCISES.parents[1] / "pyproject.toml").read_text()
    address: str = tomllib.loads(text)["project"]["urls"]["Repository"]
    return address.removeprefix("https://github.com/")


def released(wanted: list[str]) -> dict[str, str]:
    """The text of each released notebook; the same source always gives the same text."""
    texts = {}
    with tempfile.TemporaryDirectory() as root:  # one for all, because making the gradebook takes the time
        for slug in wanted:
            notebook = nbformat.read(generate(slug, Path(root)), as_version=4)
            texts[slug] = nbformat.writes(with_link(notebook, slug)) + "\n"
    return texts


def write() -> tuple[int, list[str]]:
    """Write every assignment to the release folder; how many there are, and which have changed."""
    texts = released(slugs())
    changed = []
    for slug, text in texts.items():
        path = RELEASE / slug / f"{slug}.ipynb"
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            changed.append(slug)
    return len(texts), changed
