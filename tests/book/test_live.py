"""The same sliders live: a chapter run in a real JupyterLab, its sliders moved by keyboard."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CHAPTER = Path(__file__).parents[2] / "notebooks" / "01_race_for_depth.ipynb"
SETTINGS = {
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
}
# What Colab shows, whose ipywidgets know no Stack: the frames in plain HTML, from one more cell.
AS_ON_COLAB = 'import ipywidgets\n\ndel ipywidgets.Stack\nplots.frames(frames, "entry")'


@pytest.fixture
def lab(tmp_path):
    """Address of a JupyterLab that has the chapter alone, and keeps all its cells in the page."""
    notebook = nbformat.read(CHAPTER, 4)
    notebook.cells.append(nbformat.v4.new_code_cell(AS_ON_COLAB))
    nbformat.write(notebook, tmp_path / "chapter.ipynb")
    for name, text in SETTINGS.items():
        path = tmp_path / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    kinds = ("CONFIG", "DATA", "RUNTIME")
    own = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind.lower()) for kind in kinds}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings")}
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--port=0",
        "--expose-app-in-browser",
    ]
    command += [
        f"--ServerApp.root_dir={tmp_path}",
        "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True",
    ]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(
            command, env=os.environ | own, stdout=log, stderr=log, cwd=tmp_path
        )
    deadline = time.monotonic() + 180  # it starts in a few seconds, unless the machine is busy
    while (
        not (found := list(tmp_path.glob("runtime/jpserver-*.json")))
        and time.monotonic() < deadline
    ):
        assert server.poll() is None, (tmp_path / "log").read_text()
        time.sleep(0.2)
    yield f"{json.loads(found[0].read_text())['url']}lab/tree/chapter.ipynb"
    server.terminate()
    server.wait(60)


def test_the_sliders_of_a_chapter_move_live_as_they_do_on_the_page(browser, lab):
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(lab)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=120_000)
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    # the last cell has run
    page.wait_for_selector("[data-frame]", state="attached", timeout=150_000)

    widget = page.locator(".jp-OutputArea-output").filter(has=page.locator(".noUi-handle"))
    picture = widget.locator("figure.exhibit").filter(visible=True)
    before = picture.locator("figcaption").inner_text()
    widget.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    picture.locator("figcaption", has_not_text=before).wait_for(timeout=5_000)
    assert picture.count() == 1
    drawings = picture.locator("img").filter(visible=True)
    assert drawings.count() == 1, "the light drawing or the dark one"

    plain = page.locator(".jp-OutputArea-output").filter(has=page.locator("[data-frame]"))
    shown = plain.locator("[data-frame]").filter(visible=True)
    assert shown.get_attribute("data-frame") == "0"
    plain.locator("input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    assert shown.get_attribute("data-frame") == "1"
    words = plain.locator("input").evaluate("slider => slider.ariaValueText")
    assert words == shown.locator("b").inner_text()
    page.close()
