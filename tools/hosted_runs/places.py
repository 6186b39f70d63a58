"""Virtual environments with other versions than ours."""

import os
from dataclasses import dataclass
from pathlib import Path

from tools import ROOT
from tools.commands import UV, output_of

LIKE_COLAB = (
    "ipython==7.34.0",
    "ipykernel==6.17.1",
    "ipywidgets==7.7.1",
    "setuptools<81",
    "pip",
    "matplotlib",
    "tqdm",
)
RUNS_NOTEBOOKS = ("nbconvert", "ipykernel")
OUR_VARIABLES = ("PYTHONPATH", "VIRTUAL_ENV", "JUPYTER_PATH")  # would let our own packages in
VERSIONS = """
import sys, torch, ipywidgets
version = sys.version.split()[0]
print(f"Python {version}, PyTorch {torch.__version__}, ipywidgets {ipywidgets.__version__}")
"""


@dataclass(frozen=True)
class Place:
    """Somewhere that notebooks run.

    Attributes:
        name: What the command line calls it.
        python: The version of Python, as in "3.12".
        requirements: Packages that are there before the course.
        is_hosted: Whether a notebook's set-up cell has to install the course; where not, it is
            there already, with the oldest versions of everything it needs.
    """

    name: str
    python: str
    requirements: tuple[str, ...]
    is_hosted: bool


PLACES = (
    # A release pair before the lock file's.
    Place("older", "3.12", (*LIKE_COLAB, "torch==2.9.*", "torchvision==0.24.*"), is_hosted=True),
    Place("newest", "3.12", (*LIKE_COLAB, "torch", "torchvision"), is_hosted=True),
    Place("minimum", "3.11", (), is_hosted=False),
)


@dataclass(frozen=True)
class Environment:
    """A virtual environment: its Python, and the variables that a program in it gets."""

    python: Path
    variables: dict[str, str]

    def versions(self) -> str:
        """What runs here, in words."""
        return output_of(self.python, "-c", VERSIONS, variables=self.variables).strip()

    def packages(self) -> list[str]:
        """What is installed, a package with its version a line."""
        return output_of(self.python, "-m", "pip", "freeze").splitlines()


def make(place: Place, folder: Path) -> Environment:
    """Make a place's environment in a folder."""
    python = folder / "venv" / "bin" / "python"
    output_of(*UV, "venv", "--quiet", "--python", interpreter(place.python), folder / "venv")
    if place.is_hosted:
        install(python, *place.requirements, *RUNS_NOTEBOOKS)
    else:
        install_lowest_versions(python, folder)
    inherited = {name: value for name, value in os.environ.items() if name not in OUR_VARIABLES}
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    return Environment(python, inherited | {"PATH": path, "OMP_NUM_THREADS": "1"})


def install_lowest_versions(python: Path, folder: Path) -> None:
    """Install the course from a wheel, with the oldest versions that pyproject.toml allows."""
    install(python, "--resolution", "lowest-direct", "-r", ROOT / "pyproject.toml")
    output_of(*UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    install(python, "--no-deps", wheel)
    install(python, *RUNS_NOTEBOOKS)


def install(python: Path, *arguments: str | Path) -> None:
    """Install packages for a Python."""
    output_of(*UV, "pip", "install", "--quiet", "--python", python, *arguments)


def interpreter(version: str) -> str:
    """A Python of that version: pyenv's, whose shims uv cannot ask, else what uv finds itself."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    kept = sorted(pyenv.glob(f"versions/{version}*/bin/python"))
    return str(kept[-1]) if kept else version
