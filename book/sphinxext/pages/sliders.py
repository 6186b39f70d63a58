"""Sphinx extension: sliders of stored notebooks become plain HTML, which moves without a runtime.

A stored notebook holds its widgets as state: a slider, a stack of frames, a link between them
(`widgets.frames`). The page gets a native range input and the frames themselves; course.js does the
moving, paper and a browser without scripts get every frame. What is not made of these parts keeps
Jupyter's own runtime, on its page alone.
"""

import json
from dataclasses import dataclass

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from book.sphinxext.fragments import fragment
from book.sphinxext.notebooks import Json

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
EM_PER_LETTER = 0.55  # room for the longest name beside the slider


@dataclass(frozen=True)
class Frame:
    """One position of a slider: its name, and what it shows as HTML."""

    name: str
    content: str


@dataclass(frozen=True)
class Slider:
    """A slider over frames; `shown` is the place of the frame that a page begins with."""

    label: str
    frames: list[Frame]
    shown: int


class Widgets:
    """The widgets of a stored notebook, by their ids."""

    def __init__(self, notebook: Json) -> None:
        stored = notebook["metadata"].get("widgets", {}).get(STATE, {})
        self.models: dict[str, Json] = stored.get("state", {})

    def state(self, identity: str) -> Json:
        """What is kept of a widget."""
        state: Json = self.models[identity]["state"]
        return state

    def kind(self, identity: str) -> str:
        """The name of a widget's model."""
        return str(self.models[identity]["model_name"])

    def children(self, identity: str) -> list[str]:
        """The ids of what is in a box."""
        named = self.state(identity).get("children", ())
        return [child.removeprefix("IPY_MODEL_") for child in named]

    def slider(self, identity: str) -> Slider | None:
        """The slider over frames that a box holds, or None for any other box."""
        parts = self.children(identity)
        if [self.kind(part) for part in parts] != ["SelectionSliderModel", "StackModel"]:
            return None
        control, stack = parts
        frames = self.children(stack)
        if any(self.kind(frame) != "HTMLModel" for frame in frames):
            return None
        names = self.state(control)["_options_labels"]
        contents = [self.state(frame)["value"] for frame in frames]
        return Slider(
            self.state(control)["description"],
            [Frame(name, content) for name, content in zip(names, contents, strict=True)],
            self.state(stack)["selected_index"] or 0,
        )

    def is_done(self, identity: str) -> bool:
        """Whether a widget is a progress bar that has done its work and hides itself."""
        layout = self.state(identity).get("layout", "").removeprefix("IPY_MODEL_")
        return layout in self.models and self.state(layout).get("visibility") == "hidden"


def as_html(slider: Slider, key: str) -> str:
    """A slider as the page has it; `key` is an id that no other one on the page has."""
    longest = max(len(frame.name) for frame in slider.frames)
    values = {
        "label": slider.label,
        "frames": slider.frames,
        "shown": slider.shown,
        "key": key,
        "room": f"{EM_PER_LETTER * longest:.1f}",
    }
    return fragment("slider.html.j2", values)


def plain_output(output: Json, widgets: Widgets, key: str) -> Json | None:
    """An output without a runtime: itself, a slider in plain HTML, or None for what is done."""
    identity = output.get("data", {}).get(VIEW, {}).get("model_id")
    if identity not in widgets.models:
        return output
    slider = widgets.slider(identity)
    if slider is not None:
        data = {"text/html": as_html(slider, key)}
        return {"output_type": "display_data", "metadata": {}, "data": data}
    return None if widgets.is_done(identity) else output


def without_runtime(notebook: Json) -> Json:
    """The notebook with sliders as HTML and without finished progress bars.

    Where no widget is left that needs them, the widgets' states are dropped.
    """
    widgets = Widgets(notebook)
    needs_runtime = False
    for number, cell in enumerate(notebook["cells"]):
        if "outputs" not in cell:
            continue
        kept: list[Json] = []
        for output in cell["outputs"]:
            plain = plain_output(output, widgets, f"slider-{number}-{len(kept)}")
            kept += [plain] if plain is not None else []
        cell["outputs"] = kept
        needs_runtime |= any(VIEW in output.get("data", {}) for output in kept)
    if not needs_runtime:
        notebook["metadata"].pop("widgets", None)
    return notebook


def simplify(app: Sphinx, name: str, source: list[str]) -> None:
    """Simplify a notebook before it is parsed."""
    if app.env.doc2path(name).endswith(".ipynb"):
        source[0] = json.dumps(without_runtime(json.loads(source[0])))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Simplify notebooks when they are read."""
    app.connect("source-read", simplify)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
