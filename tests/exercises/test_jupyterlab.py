"""A student opens a released assignment in JupyterLab, is told what is wrong, mends it, and saves."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

from tests.exercises.running import EXERCISES, ROOT

SLUG = "02_the_block"
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker": '{"windowingMode": "none"}',  # every cell is in the page
    "@jupyterlab/apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine: run `bash .ci/chromium`"),
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A student's folder with a released assignment, and JupyterLab serving it: its address and the file."""
    home = tmp_path_factory.mktemp("student")
    file = home / "work" / f"{SLUG}.ipynb"
    file.parent.mkdir()
    shutil.copy(EXERCISES / "release" / SLUG / file.name, file)
    for name, text in SETTINGS.items():
        setting = home / "settings" / f"{name}.jupyterlab-settings"
        setting.parent.mkdir(parents=True, exist_ok=True)
        setting.write_text(text)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    places = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "spaces",
        "JUPYTER_CONFIG_DIR": "etc",
    }
    places |= {"JUPYTER_RUNTIME_DIR": "run", "IPYTHONDIR": "ipython", "JUPYTER_DATA_DIR": "data"}
    environment = (
        os.environ
        | {name: str(home / folder) for name, folder in places.items()}
        | {"PYTHONPATH": str(ROOT)}
    )
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--ServerApp.port={port}",
    ]
    command += [f"--ServerApp.root_dir={file.parent}", f"--IdentityProvider.token={token}"]
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={token}", timeout=5)
                break
            except OSError:
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}/lab/tree/{file.name}?token={token}", file
    finally:
        server.terminate()
        server.wait(20)


def test_a_student_is_told_what_is_wrong_mends_it_and_saves(desk):
    from playwright.sync_api import expect, sync_playwright

    address, file = desk
    names = [cell.id for cell in nbformat.read(file, as_version=4).cells]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        cells = page.locator(".jp-Notebook .jp-Cell")
        expect(cells).to_have_count(len(names), timeout=40_000)

        def write(name: str, text: str) -> None:
            cells.nth(names.index(name)).locator(".cm-content").click()
            page.keyboard.press("ControlOrMeta+A")
            page.keyboard.insert_text(text)
            page.keyboard.press("Control+Enter")

        def run(name: str):
            cells.nth(names.index(name)).locator(".cm-content").click()
            page.keyboard.press("Control+Enter")
            return cells.nth(names.index(name)).locator(".jp-OutputArea")

        prompt = cells.nth(names.index("setup")).locator(".jp-InputPrompt")
        for _ in range(30):  # JupyterLab forgets what it is asked before its kernel listens
            run("setup")
            page.wait_for_timeout(2_000)
            if re.search(r"[*\d]", prompt.inner_text()):
                break
        expect(prompt).to_have_text(re.compile(r"\d"), timeout=60_000)
        says = run("check-add_and_activate")
        expect(says).to_contain_text(re.compile("NameError|NotImplementedError"), timeout=40_000)
        write(
            "add_and_activate",
            "def add_and_activate(f, x):\nreturn torch.relu(f) + x".replace("\nr", "\n    r"),
        )
        says = run("check-add_and_activate")
        expect(says).to_contain_text("Not yet: the ReLU comes before the addition", timeout=20_000)
        expect(says).not_to_contain_text("Traceback")
        write("add_and_activate", "def add_and_activate(f, x):\n    return torch.relu(f + x)")
        expect(run("check-add_and_activate")).to_contain_text("passed", timeout=20_000)
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=f"{folder}/jupyterlab.png")
        before = file.stat().st_mtime_ns
        page.keyboard.press("ControlOrMeta+S")
        for _ in range(100):
            if file.stat().st_mtime_ns != before:
                break
            page.wait_for_timeout(100)
        browser.close()
    saved = {cell.id: cell for cell in nbformat.read(file, as_version=4).cells}
    assert list(saved) == names
    assert "torch.relu(f + x)" in saved["add_and_activate"].source
    assert saved["add_and_activate"].metadata.nbgrader.grade_id == "add_and_activate"
