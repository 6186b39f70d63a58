"""The built book over http on this machine, and a headless Chromium that can reach nothing else."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing() -> str | None:
    """Why the book cannot be looked at here, or None."""
    if not CHROMIUM:
        return "no Chromium on this machine: install the package chromium to run the browser tests"
    if not (HTML / "index.html").exists():
        return "the book is not built: run `make book` first"
    return None


def pages() -> list[str]:
    """Every page of the book, relative to its root."""
    return sorted(p.relative_to(HTML).as_posix() for p in HTML.rglob("*.html") if "_static" not in p.parts)


@pytest.fixture(scope="session")
def site():
    """Address of the book, served from this machine."""
    if reason := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(reason)  # a continuous integration that looks at nothing must not pass
        pytest.skip(reason)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=HTML))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def browser(site):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, site):
    """open_page(path, width=1280, theme="light") -> (page, complaints); outside requests are refused and noted."""
    contexts = []

    def open_(path: str, width: int = 1280, theme: str = "light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        contexts.append(context)
        context.add_init_script(f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')")
        page, complaints = context.new_page(), []

        def gate(route):
            if route.request.url.startswith((site, "data:", "blob:")):
                route.continue_()
            else:
                complaints.append(f"asked outside: {route.request.url}")
                route.abort()

        page.route("**/*", gate)
        page.on("console", lambda m: m.type == "error" and complaints.append(f"console: {m.text}"))
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on("response", lambda r: r.status >= 400 and complaints.append(f"{r.status}: {r.url}"))
        page.goto(f"{site}/{path}", wait_until="networkidle")
        return page, complaints

    yield open_
    for context in contexts:
        context.close()
