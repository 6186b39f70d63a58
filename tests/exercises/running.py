"""Run the cells of an assignment in this process, without a kernel."""

import contextlib
import importlib.util
import io
import json
import linecache
from pathlib import Path
from types import ModuleType

from IPython.core.inputtransformer2 import TransformerManager

ROOT = Path(__file__).parents[2]
EXERCISES = ROOT / "notebooks" / "exercises"
SLUGS = sorted(path.parent.name for path in (EXERCISES / "source").glob("*/*.ipynb"))


def code(slug: str, folder: str = "source") -> dict[str, str]:
    """The code cells of an assignment, by their names, in order."""
    cells = json.loads((EXERCISES / folder / slug / f"{slug}.ipynb").read_text())["cells"]
    return {cell["id"]: "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"}


def prose(slug: str) -> str:
    """What an assignment says in words."""
    cells = json.loads((EXERCISES / "source" / slug / f"{slug}.ipynb").read_text())["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def tasks(slug: str) -> list[str]:
    """Names of an assignment's tasks, which are those of its answers' cells."""
    return list(
        dict.fromkeys(name.split("-")[1] for name in code(slug) if name.startswith("test-"))
    )


def graders(slug: str, task: str) -> dict[str, str]:
    """The cells that grade a task, `test-TASK` and each `test-TASK-what`."""
    return {
        name: source for name, source in code(slug).items() if name.split("-")[:2] == ["test", task]
    }


def run(source: str, namespace: dict, name: str) -> None:
    """Run a cell as IPython would, silently; its lines can be quoted by whoever reads a traceback."""
    text, file = TransformerManager().transform_cell(source), f"<{name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, file, "exec"), namespace)


def fresh(slug: str, folder: str = "source") -> dict:
    """The namespace in which an assignment's set-up has run, and nothing else."""
    namespace: dict = {"__name__": "__main__"}
    for name, source in code(slug, folder).items():
        if name.startswith("setup"):
            run(source, namespace, name)
    return namespace


def machinery(name: str) -> ModuleType:
    """A module of notebooks/exercises/grading, which is no part of the package."""
    spec = importlib.util.spec_from_file_location(
        f"grading_{name}", EXERCISES / "grading" / f"{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
