"""Run every notebook where the repository is not: python .ci/hosted.py older newest minimum [--only 03 07]

`older` and `newest` are places like Colab: Python 3.12, IPython, ipykernel and ipywidgets as Colab brings them, a
PyTorch that is not the lock file's, and no course. The notebooks' own set-up cell installs it there, from a copy of
this working tree that git takes for the published repository; it runs twice, and must leave PyTorch alone. `minimum`
has the oldest versions pyproject.toml allows, and a built wheel. The notebooks are copied into an empty folder first.

Prints the seconds of each notebook as a table; ends with 1 if one fails. It needs uv, or $UV, and about 7 GB a place.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book" / "extensions"))
from repository import address, revision  # noqa: E402

UV = os.environ.get("UV", "uv")
COLAB = ["ipython==7.34.0", "ipykernel==6.17.1", "ipywidgets==7.7.1", "setuptools<81", "pip", "matplotlib", "tqdm"]
OLDER = ["torch==2.9.*", "torchvision==0.24.*"]  # a release pair before the lock file's
BUDGET = 60  # seconds for the set-up cell on a new machine


def call(*command, **options) -> str:
    """What a command prints; on failure its last lines and SystemExit."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))[:200]}\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def interpreter(version: str) -> str:
    """A Python of that version: pyenv's if it has one, whose shims uv cannot ask, else what uv finds or fetches."""
    kept = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}*/bin/python"))
    return str(kept[-1]) if kept else version


def environment(name: str, folder: Path) -> Path:
    """Make the virtual environment `name` in `folder`; returns its Python."""
    python = folder / "venv" / "bin" / "python"
    call(UV, "venv", "--quiet", "--python", interpreter("3.11" if name == "minimum" else "3.12"), folder / "venv")
    install = [UV, "pip", "install", "--quiet", "--python", python]
    if name == "minimum":
        call(*install, "--resolution", "lowest-direct", "-r", ROOT / "pyproject.toml")
        call(UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT)
        call(*install, "--no-deps", *folder.glob("*.whl"))
        call(*install, "nbconvert", "ipykernel")
    else:
        call(*install, *COLAB, "nbconvert", *(OLDER if name == "older" else ["torch", "torchvision"]))
    return python


def published(folder: Path) -> dict[str, str]:
    """Environment variables under which git takes a copy of this working tree for the published repository."""
    copy = folder / "published"
    listed = call("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    git = ["git", "-C", copy, "-c", "user.name=course", "-c", "user.email=course@localhost"]
    call("git", "init", "--quiet", "--initial-branch", "main", copy)
    call(*git, "add", "--all")
    call(*git, "commit", "--quiet", "--message", "As in the working tree")
    if revision() != "main":
        call(*git, "tag", revision())
    key = f"url.{copy.as_uri()}.insteadOf"
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": address()}


def execute(python: Path, notebook: Path, variables: dict[str, str]) -> tuple[float, str]:
    """Run a notebook in place; returns the seconds and what went wrong, if something did."""
    started = time.monotonic()
    command = [python, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", notebook]
    command += ["--ExecutePreprocessor.kernel_name=python3", "--ExecutePreprocessor.timeout=600"]
    done = subprocess.run(command, cwd=notebook.parent, env=variables, capture_output=True, text=True, check=False)
    return time.monotonic() - started, done.stderr[-3000:] if done.returncode else ""


def seconds(cell: dict) -> float:
    """How long a cell of an executed notebook took."""
    when = cell["metadata"]["execution"]
    reply, begun = (datetime.fromisoformat(when[key]) for key in ("shell.execute_reply", "iopub.execute_input"))
    return (reply - begun).total_seconds()


def set_up(python: Path, chapter: Path, variables: dict[str, str]) -> tuple[float, float]:
    """Run a chapter's set-up cell twice in a new notebook; returns the seconds of both, or exits."""
    notebook = json.loads(chapter.read_text())
    cell = next(cell for cell in notebook["cells"] if "setup" in cell["metadata"].get("tags", []))
    notebook["cells"] = [cell | {"id": name, "outputs": []} for name in ("first", "second")]
    path = chapter.with_name("set-up.ipynb")
    path.write_text(json.dumps(notebook))
    before = call(python, "-m", "pip", "freeze")
    _, wrong = execute(python, path, variables)
    if wrong:
        raise SystemExit(f"the set-up cell fails:\n{wrong}")
    after = call(python, "-m", "pip", "freeze").splitlines()
    if changed := [line for line in before.splitlines() if line not in after]:
        raise SystemExit(f"the set-up cell replaced {', '.join(changed)}")
    first, second = (seconds(cell) for cell in json.loads(path.read_text())["cells"])
    return first, second


def prove(name: str, only: list[str]) -> list[str]:
    """Make the environment `name`, run the notebooks, print their seconds; returns what failed."""
    with tempfile.TemporaryDirectory(prefix=f"course-{name}-") as scratch:
        folder = Path(scratch)
        variables = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV", "JUPYTER_PATH")}
        python = environment(name, folder)
        variables |= {"PATH": f"{python.parent}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
        content = folder / "content"
        content.mkdir()
        chapters = [Path(shutil.copy(p, content)) for p in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))]
        failed = []
        if name != "minimum":
            first, second = set_up(python, chapters[0], variables | published(folder))
            print(f"set-up cell: {first:.0f} s, again {second:.0f} s", flush=True)
            failed = [f"{name}: the set-up cell took {first:.0f} s"] * (first > BUDGET)
        code = "import sys, torch, ipywidgets as w; print(sys.version.split()[0], torch.__version__, w.__version__)"
        versions = call(python, "-c", code, env=variables).split()
        print("{}: Python {}, PyTorch {}, ipywidgets {}".format(name, *versions), flush=True)
        for chapter in chapters:
            if only and chapter.stem[:2] not in only:
                continue
            took, wrong = execute(python, chapter, variables)
            print(f"  {chapter.stem:28} {took:5.0f} s {'FAILED' if wrong else ''}\n{wrong}".rstrip(), flush=True)
            failed += [f"{name}: {chapter.stem}"] * bool(wrong)
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("places", nargs="+", choices=("older", "newest", "minimum"))
    parser.add_argument("--only", nargs="+", default=[], metavar="NN", help="only these chapters, by number")
    options = parser.parse_args()
    failed = [line for name in options.places for line in prove(name, options.only)]
    raise SystemExit("\n".join(["failed:", *failed]) if failed else 0)


if __name__ == "__main__":
    main()
