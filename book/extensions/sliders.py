"""Sphinx extension: sliders of stored notebooks become plain HTML; a page needs no widget runtime to move them.

A stored notebook holds its widgets as state: a slider, a stack of frames, a link between them (`widgets.frames`). The
page gets a native range input and the frames themselves; course.js does the moving, paper and a browser
without scripts get every frame. What is not made of these parts keeps Jupyter's own runtime, on its page alone.
"""

import html
import json

STATE, VIEW = "application/vnd.jupyter.widget-state+json", "application/vnd.jupyter.widget-view+json"


def linked(model: str, state: dict) -> tuple[dict, dict] | None:
    """The slider and the stack of frames in a box, when that is what the box holds."""
    box = state[model]["state"]
    parts = [state[child.removeprefix("IPY_MODEL_")] for child in box.get("children", ())]
    if [part["model_name"] for part in parts] != ["SelectionSliderModel", "StackModel"]:
        return None
    slider, stack = (part["state"] for part in parts)
    children = [state[child.removeprefix("IPY_MODEL_")] for child in stack["children"]]
    if any(child["model_name"] != "HTMLModel" for child in children):
        return None
    return slider, stack | {"frames": [child["state"]["value"] for child in children]}


def is_done(model: str, state: dict) -> bool:
    """Whether the widget is a progress bar that has done its work and hides itself."""
    layout = state[model]["state"].get("layout", "").removeprefix("IPY_MODEL_")
    return state.get(layout, {"state": {}})["state"].get("visibility") == "hidden"


def drawn(slider: dict, stack: dict, key: str) -> str:
    """A labelled range input, its value in words, and one frame a position; all but the first hidden."""
    label, names = html.escape(slider["description"]), [html.escape(name) for name in slider["_options_labels"]]
    at, room = stack["selected_index"] or 0, 0.55 * max(map(len, slider["_options_labels"]))
    frames = "".join(
        f'<div class="frame" data-name="{name}"{"" if i == at else " hidden"}>{frame}</div>'
        for i, (name, frame) in enumerate(zip(names, stack["frames"], strict=True))
    )
    return (
        f'<div class="frames" role="group" aria-label="{label}">'
        f'<div class="frames-control"><label for="{key}">{label}</label>'
        f'<input type="range" id="{key}" min="0" max="{len(names) - 1}" value="{at}" step="1" autocomplete="off" '
        f'aria-valuetext="{names[at]}"><output for="{key}" style="--room: {room:.1f}em">{names[at]}</output></div>'
        f"{frames}</div>"
    )


def without_runtime(notebook: dict) -> dict:
    """The notebook with sliders as HTML and without finished progress bars; without state when nothing needs it."""
    state = notebook["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})
    left = 0
    for number, cell in enumerate(notebook["cells"]):
        kept = []
        for output in cell.get("outputs", ()):
            model = output.get("data", {}).get(VIEW, {}).get("model_id")
            if model not in state:
                kept.append(output)
            elif parts := linked(model, state):
                page = drawn(*parts, key=f"slider-{number}-{len(kept)}")
                kept.append({"output_type": "display_data", "metadata": {}, "data": {"text/html": page}})
            elif not is_done(model, state):
                kept.append(output)
                left += 1
        if "outputs" in cell:
            cell["outputs"] = kept
    if not left:
        notebook["metadata"].pop("widgets", None)
    return notebook


def on_source_read(app, name: str, source: list[str]) -> None:
    if app.env.doc2path(name).endswith(".ipynb"):
        source[0] = json.dumps(without_runtime(json.loads(source[0])))


def setup(app) -> dict:
    app.connect("source-read", on_source_read)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
