"""Install the wheel in a new environment, away from the repository, and use it there.

python -m tools.wheel_test

The dependencies are those of uv.lock. In an empty folder the course then says its version, counts a
network, reads its recorded runs and its images, and trains for some steps.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools import ROOT, distribution, run
from tools.commands import UV, output_of

SMOKE = """
import resnet_course
from resnet_course import repository
from resnet_course.data import images

assert "site-packages" in resnet_course.__file__, resnet_course.__file__
assert repository.project().version == resnet_course.__version__
assert repository.address().startswith("https://")
assert images.load("embedded", "test").pixels.shape == (2000, 16, 16, 3)
print("resnet-course", resnet_course.__version__)
"""
COMMANDS = (
    ("--help",),
    ("models",),
    ("report", "degradation", "--tier", "laptop"),
    ("run", "degradation", "--tier", "live", "--nets", "plain", "--depths", "8", "--out", "runs"),
)
OUR_VARIABLES = ("PYTHONPATH", "VIRTUAL_ENV", "RESNET_COURSE_RUNS")


def environment(folder: Path) -> Path:
    """Make a virtual environment with the locked dependencies; gives its folder of programs."""
    requirements = folder / "requirements.txt"
    export = (*UV, "export", "--quiet", "--locked", "--no-emit-project")
    output_of(*export, "-o", requirements, folder=ROOT)
    output_of(*UV, "venv", "--quiet", folder / "venv")
    programs = folder / "venv" / "bin"
    install = (*UV, "pip", "install", "--quiet", "--python", programs / "python")
    output_of(*install, "--require-hashes", "-r", requirements)
    output_of(*install, "--no-deps", distribution.build(folder / "dist").wheel)
    return programs


def use(programs: Path, folder: Path, variables: Mapping[str, str]) -> None:
    """Use the course in a folder, and print what it says.

    Raises:
        ToolError: A command failed.
    """
    print(output_of(programs / "python", "-c", SMOKE, folder=folder, variables=variables), end="")
    for arguments in COMMANDS:
        output_of(programs / "resnet-course", *arguments, folder=folder, variables=variables)
        print("resnet-course", *arguments)


def main() -> None:
    """Make the environment and use the course there."""
    with tempfile.TemporaryDirectory(prefix="course-wheel-") as scratch:
        folder = Path(scratch)
        programs = environment(folder)
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        inherited = {key: text for key, text in os.environ.items() if key not in OUR_VARIABLES}
        use(programs, elsewhere, inherited | {"OMP_NUM_THREADS": "1"})
    print("The wheel installs and works.")


if __name__ == "__main__":
    run(main)
