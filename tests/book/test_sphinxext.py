"""The package of Sphinx extensions as a whole: what is loaded, and who knows whom."""

import subprocess
from pathlib import Path

import pytest
import yaml

from book import sphinxext

PACKAGE = Path(sphinxext.__file__).parent
ROOT = PACKAGE.parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text(encoding="utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}
CONTRACTS = ("sphinxext", "sphinxext-html", "sphinxext-doors")


def test_every_extension_is_loaded_and_every_module_loaded_is_an_extension():
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    extensions = {name for name, text in MODULES.items() if "\ndef setup(" in text}
    assert set(config["sphinx"]["extra_extensions"]) == extensions


@pytest.mark.parametrize("contract", CONTRACTS)
def test_imports_keep_to_the_contracts_of_the_house(contract):
    command = ["lint-imports", "--contract", contract, "--no-cache"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("folder", ["book", "resnet_course", "tools", "tests/book", "tests/tools"])
def test_no_module_edits_the_path_of_python(folder):
    editing = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*.py")
        if "sys.path." in path.read_text(encoding="utf-8") and path != Path(__file__)
    ]
    assert editing == []
