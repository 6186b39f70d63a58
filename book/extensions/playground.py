"""Sphinx extension: the page on which trained networks run in the reader's browser, and the files it fetches.

The networks are exported from the recorded weights whenever the book is built, and the sizes on the page are theirs.
Script and style are loaded on this page only; the runtime and the networks only when the reader asks for them.
"""

import gzip
import html
import json
from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from resnet_course import lab, runs
from resnet_course.data import images

ASSETS = Path(__file__).parents[1] / "assets"
RUNTIME = "vendor/onnxruntime"
FILES = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
STUDY, TIER = "degradation", "colab"
DEPTHS, KINDS = (20, 56), ("plain", "residual")
PER_CLASS = ("first", "second")

SKELETON = """
<div class="playground" data-static="{static}">
<script type="application/json">{told}</script>
<noscript><p class="playground-note">The networks of this page run in your browser, and that takes JavaScript, which
is switched off here. Everything else in this book can be read without it.</p></noscript>
<p class="playground-note from-disk" hidden>This page was opened from disk, and browsers do not let such a page read
the files it needs. Everything else on it can be read. To run the networks, serve the book with
<code>make serve</code> and open <code>http://localhost:8000/book/playground.html</code>, or read it on the web.</p>
<div class="playground-start" hidden>
<button type="button">Load the networks ({size})</button>
<p>WebAssembly runtime {runtime}, two networks of 20 layers {small}{compressed}. Nothing of it is loaded
before you ask.</p>
</div>
</div>
"""


@cache
def network(kind: str, depth: int) -> bytes:
    """The ONNX file of one recorded network. Raises ExtensionError where it cannot be made."""
    try:
        import in_page

        return in_page.export(lab.network(kind, depth, tier=TIER))
    except (ImportError, ValueError) as error:
        raise ExtensionError(
            f"the networks of the page cannot be exported ({error}); run `make environment`"
        ) from error


def size(count: float) -> str:
    """Bytes in words: 0.6 MB, 14 MB."""
    return f"{count / 1e6:.0f} MB" if count >= 9.95e6 else f"{count / 1e6:.1f} MB"


def told() -> dict:
    """What the page's script is told: files and their sizes, networks and their recorded errors, images."""
    found = []
    for depth in DEPTHS:
        for kind in KINDS:
            (record,) = runs.load(STUDY, TIER, net=kind, depth=depth)
            entry = {"name": f"{kind}-{depth}", "kind": kind, "depth": depth, "blocks": (depth - 2) // 2}
            entry |= {"file": f"playground/{kind}-{depth}.onnx", "bytes": len(network(kind, depth))}
            found.append(entry | {"test_error": f"{record.final['test_error']:.2f}"})
    files = [{"file": f"{RUNTIME}/{name}", "bytes": (ASSETS / RUNTIME / name).stat().st_size} for name in FILES]
    return {
        "runtime": files,
        "networks": found,
        "classes": images.CLASSES,
        "images": {"file": "playground/images.webp", "names": PER_CLASS},
    }


@cache
def compressed() -> int:
    """Bytes that the first click costs where the server compresses, as servers do."""
    texts = [(ASSETS / RUNTIME / name).read_bytes() for name in FILES]
    return sum(len(gzip.compress(text, 6)) for text in [*texts, *(network(kind, DEPTHS[0]) for kind in KINDS)])


def page(static: str) -> str:
    """The page's interactive part as HTML; `static` leads to the static files."""
    facts = told()
    runtime = sum(entry["bytes"] for entry in facts["runtime"])
    small = sum(entry["bytes"] for entry in facts["networks"] if entry["depth"] == DEPTHS[0])
    return SKELETON.format(
        static=html.escape(static),
        told=json.dumps(facts).replace("</", "<\\/"),
        size=size(runtime + small),
        runtime=size(runtime),
        small=size(small),
        compressed=f"; {size(compressed())} where the server compresses",
    )


class Playground(SphinxDirective):
    def run(self):
        self.env.metadata[self.env.docname]["playground"] = True
        self.env.note_dependency(__file__)
        for path in runs.RECORDED.glob(f"{STUDY}/{TIER}/*"):
            self.env.note_dependency(str(path))
        return [nodes.raw("", page("../" * self.env.docname.count("/") + "_static/"), format="html")]


def add_files(app, docname, _template, _context, _doctree) -> None:
    """Script and style of the page, on the page alone."""
    if app.env.metadata[docname].get("playground"):
        app.add_js_file("playground/playground.js", loading_method="defer")
        app.add_css_file("playground/playground.css")


def write_networks(app, exception) -> None:
    """Put the networks beside the other static files, each whole or not at all."""
    if exception or app.builder.format != "html":
        return
    for depth in DEPTHS:
        for kind in KINDS:
            path = Path(app.outdir) / "_static" / "playground" / f"{kind}-{depth}.onnx"
            with runs.whole(path) as scratch:
                Path(scratch).write_bytes(network(kind, depth))


def setup(app) -> dict:
    app.add_directive("playground", Playground)
    app.connect("html-page-context", add_files)
    app.connect("build-finished", write_networks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
