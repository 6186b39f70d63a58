"""Files of others that are kept in this repository: where they come from, and what they must be.

All are from npm packages. `python -m tools.vendor` fetches them again and holds them against the
sums in each folder's SHA256SUMS.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools import ROOT

BOOK = ROOT / "book" / "assets" / "vendor"
TESTS = ROOT / "tests" / "book" / "vendor"
SUMS = "SHA256SUMS"
OURS = {SUMS, "README.md"}  # files in these folders that nobody else made
MATHJAX_FONTS = "output/chtml/fonts/woff-v2"


@dataclass(frozen=True)
class Copy:
    """Files of a package, and where they go.

    Attributes:
        source: A path in the package; `*` stands for any name.
        target: Where it goes: a folder if it ends with a slash, else a file.
    """

    source: str
    target: str


@dataclass(frozen=True)
class VendoredPackage:
    """An npm package of which some files are kept here.

    Attributes:
        name: npm's.
        version: The one that is kept.
        licence: Its licence, as an SPDX expression.
        licence_file: The licence's text, relative to the folder.
        purpose: What the course does with it.
        folder: Where its files are.
        copies: Which files.
    """

    name: str
    version: str
    licence: str
    licence_file: str
    purpose: str
    folder: Path
    copies: tuple[Copy, ...]


PACKAGES = (
    VendoredPackage(
        name="@jupyter-widgets/html-manager",
        version="1.0.15",
        licence="BSD-3-Clause",
        licence_file="embed.js.LICENSE.txt",
        purpose="widgets without a kernel, in lectures and on pages that ask for them",
        folder=BOOK,
        copies=(
            Copy("dist/embed.js", "./"),
            Copy("dist/embed.js.LICENSE.txt", "./"),
            Copy("dist/*.woff2", "./"),
        ),
    ),
    VendoredPackage(
        name="mathjax",
        version="3.2.2",
        licence="Apache-2.0",
        licence_file="mathjax/LICENSE",
        purpose="sets formulas",
        folder=BOOK,
        copies=(
            Copy("LICENSE", "mathjax/"),
            Copy("es5/tex-chtml.js", "mathjax/"),
            Copy(f"es5/{MATHJAX_FONTS}/*.woff", f"mathjax/{MATHJAX_FONTS}/"),
        ),
    ),
    VendoredPackage(
        name="@fontsource/source-serif-4",
        version="5.3.1",
        licence="OFL-1.1",
        licence_file="fonts/LICENSE-source-serif-4",
        purpose="type of the text",
        folder=BOOK,
        copies=(
            Copy("LICENSE", "fonts/LICENSE-source-serif-4"),
            Copy("files/source-serif-4-latin-400-normal.woff2", "fonts/"),
            Copy("files/source-serif-4-latin-400-italic.woff2", "fonts/"),
            Copy("files/source-serif-4-latin-600-normal.woff2", "fonts/"),
        ),
    ),
    VendoredPackage(
        name="@fontsource/inter",
        version="5.3.0",
        licence="OFL-1.1",
        licence_file="fonts/LICENSE-inter",
        purpose="type of headings, menus and figures",
        folder=BOOK,
        copies=(
            Copy("LICENSE", "fonts/LICENSE-inter"),
            Copy("files/inter-latin-400-normal.woff2", "fonts/"),
            Copy("files/inter-latin-600-normal.woff2", "fonts/"),
        ),
    ),
    VendoredPackage(
        name="onnxruntime-web",
        version="1.30.0",
        licence="MIT",
        licence_file="onnxruntime/LICENSE",  # the repository's; the package has none
        purpose="runs networks inside the page",
        folder=BOOK,
        copies=(
            Copy("dist/ort.wasm.min.js", "onnxruntime/"),
            Copy("dist/ort-wasm-simd-threaded.mjs", "onnxruntime/"),
            Copy("dist/ort-wasm-simd-threaded.wasm", "onnxruntime/"),
        ),
    ),
    VendoredPackage(
        name="reveal.js",
        version="5.2.1",
        licence="MIT",
        licence_file="reveal/LICENSE",
        purpose="shows lectures",
        folder=BOOK,
        copies=(
            Copy("LICENSE", "reveal/"),
            Copy("dist/reveal.css", "reveal/"),
            Copy("dist/reveal.js", "reveal/"),
            Copy("plugin/notes/notes.js", "reveal/"),
        ),
    ),
    VendoredPackage(
        name="axe-core",
        version="4.14.1",
        licence="MPL-2.0",
        licence_file="LICENSE",
        purpose="the accessibility rules that the tests hold every page against",
        folder=TESTS,
        copies=(Copy("axe.min.js", "./"), Copy("LICENSE", "./")),
    ),
)


def files(folder: Path) -> Iterator[Path]:
    """The files of others in a folder, relative to it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.relative_to(folder).as_posix() not in OURS:
            yield path.relative_to(folder)


def sums(folder: Path) -> dict[Path, str]:
    """The sha256 of each file of others in a folder."""
    contents = {path: (folder / path).read_bytes() for path in files(folder)}
    return {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}


def known_sums(folder: Path) -> dict[Path, str]:
    """What SHA256SUMS says that the files of a folder must be."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    pairs = [line.split(maxsplit=1) for line in lines]
    return {Path(name): checksum for checksum, name in pairs}


def differences(present: dict[Path, str], known: dict[Path, str]) -> list[str]:
    """The names of files that are missing, changed or unknown, sorted."""
    names = present.keys() | known.keys()
    return sorted(name.as_posix() for name in names if present.get(name) != known.get(name))
