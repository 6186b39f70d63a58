"""Sphinx extension: the page on which trained networks run in the reader's browser, and its files.

The networks are exported from the recorded weights whenever the book is built, and the sizes on the
page are theirs. Script and style are loaded on this page only; the runtime and the networks only
when the reader asks for them.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from markupsafe import Markup
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book.sphinxext.fragments import fragment
from book.sphinxext.project import BOOK
from book.sphinxext.records import evidence

ASSETS = BOOK / "assets"
RUNTIME = "vendor/onnxruntime"
RUNTIME_FILES = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
STUDY = "degradation"
TIER = "colab"
DEPTHS = (20, 56)
KINDS = ("plain", "residual")
PER_CLASS = ("first", "second")


@dataclass(frozen=True)
class File:
    """A file that the page fetches when it is asked to, and its bytes."""

    file: str
    bytes: int


@dataclass(frozen=True)
class ShownNetwork:
    """A network of the page: its file, and what is recorded of it."""

    name: str
    kind: str
    depth: int
    blocks: int
    file: str
    bytes: int
    test_error: str


@cache
def network(kind: str, depth: int) -> bytes:
    """The ONNX file of one recorded network.

    Raises:
        ExtensionError: it cannot be made; the message says what to do.
    """
    try:
        from book.sphinxext.records import onnx_export

        return onnx_export.export(evidence.trained_network(kind, depth, TIER))
    except (ImportError, ValueError) as error:
        reason = f"the networks of the page cannot be exported ({error})"
        raise ExtensionError(f"{reason}; run `make environment`") from error


def size_in_words(count: float) -> str:
    """Bytes in words: 0.6 MB, 14 MB."""
    digits = 0 if count >= 9.95e6 else 1
    return f"{count / 1e6:.{digits}f} MB"


def twins() -> Iterator[tuple[str, int]]:
    """Kind and depth of every network of the page, in the order of its buttons."""
    for depth in DEPTHS:
        for kind in KINDS:
            yield kind, depth


def file_name(kind: str, depth: int) -> str:
    """A network's file, from the static files' folder."""
    return f"playground/{kind}-{depth}.onnx"


def shown_network(kind: str, depth: int) -> ShownNetwork:
    """What the page knows of one network."""
    return ShownNetwork(
        name=f"{kind}-{depth}",
        kind=kind,
        depth=depth,
        blocks=(depth - 2) // 2,
        file=file_name(kind, depth),
        bytes=len(network(kind, depth)),
        test_error=f"{evidence.recorded_test_error(STUDY, TIER, kind, depth):.2f}",
    )


def runtime_files() -> list[File]:
    """The files of the runtime, from the static files' folder."""
    paths = [ASSETS / RUNTIME / name for name in RUNTIME_FILES]
    return [File(f"{RUNTIME}/{path.name}", path.stat().st_size) for path in paths]


def page_facts() -> dict[str, Any]:
    """What the page's script reads: files with their sizes, networks, classes, pictures."""
    return {
        "runtime": [asdict(file) for file in runtime_files()],
        "networks": [asdict(shown_network(kind, depth)) for kind, depth in twins()],
        "classes": evidence.classes(),
        "images": {"file": "playground/images.webp", "names": PER_CLASS},
    }


@cache
def compressed_bytes() -> int:
    """What the first click costs where the server compresses, as servers do."""
    files = [(ASSETS / RUNTIME / name).read_bytes() for name in RUNTIME_FILES]
    files += [network(kind, DEPTHS[0]) for kind in KINDS]
    return sum(len(gzip.compress(content, 6)) for content in files)


def page(static: str) -> str:
    """The page's interactive part as HTML; `static` leads to the static files."""
    runtime = sum(file.bytes for file in runtime_files())
    small = sum(len(network(kind, DEPTHS[0])) for kind in KINDS)
    text = json.dumps(page_facts()).replace("</", "<\\/")  # so that it cannot end its element
    values = {
        "static": static,
        "facts": Markup(text),
        "size": size_in_words(runtime + small),
        "runtime": size_in_words(runtime),
        "small": size_in_words(small),
        "compressed": size_in_words(compressed_bytes()),
    }
    return fragment("playground.html.j2", values)


class Playground(SphinxDirective):
    """{playground}: where the networks run."""

    def run(self) -> list[nodes.Node]:
        """The page's interactive part."""
        self.env.metadata[self.env.docname]["playground"] = True
        for path in (Path(__file__), *evidence.weight_files(STUDY, TIER)):
            self.env.note_dependency(str(path))
        static = "../" * self.env.docname.count("/") + "_static/"
        return [nodes.raw("", page(static), format="html")]


def add_files(
    app: Sphinx,
    name: str,
    _template: str,
    _context: dict[str, Any],
    _document: nodes.document | None,
) -> None:
    """Script and style of the page, on the page alone."""
    if app.env.metadata[name].get("playground"):
        app.add_js_file("playground/playground.js", loading_method="defer")
        app.add_css_file("playground/playground.css")


def write_networks(app: Sphinx, error: Exception | None) -> None:
    """Put the networks beside the other static files, each whole or not at all."""
    if error is not None or app.builder.format != "html":
        return
    for kind, depth in twins():
        path = Path(app.outdir) / "_static" / file_name(kind, depth)
        with evidence.written_whole(path) as scratch:
            scratch.write_bytes(network(kind, depth))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive, and the files on its page and at the end of the build."""
    app.add_directive("playground", Playground)
    app.connect("html-page-context", add_files)
    app.connect("build-finished", write_networks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
