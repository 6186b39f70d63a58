"""A headless Chromium that calls nobody, and a server on this machine that answers as a host does.

with serve(folder) as site, chromium() as browser:
    browser.new_page().goto(site)
"""

import functools
import gzip
import http.server
import mimetypes
import shutil
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, sync_playwright

from tools import ToolError

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 180_000  # milliseconds for a page: enough on a busy machine, and a hang ends
TEXT_ENDINGS = ("javascript", "json", "svg+xml", "xml")


class BrowserMissing(ToolError):
    """No Chromium is installed on this machine."""

    def __init__(self) -> None:
        super().__init__("no Chromium on this machine: install the package chromium")


def executable() -> str:
    """The path of this machine's Chromium, Debian's first.

    Raises:
        BrowserMissing: There is none.
    """
    for name in PROGRAMS:
        if path := shutil.which(name):
            return path
    raise BrowserMissing


@contextmanager
def chromium(*more_flags: str) -> Generator[Browser]:
    """A headless Chromium with an empty profile, closed at the end of the `with`.

    Args:
        more_flags: Command-line flags besides FLAGS.

    Raises:
        BrowserMissing: There is no Chromium on this machine.
    """
    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *more_flags])
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True)
class Response:
    """What a host sends for a file: the bytes on the wire, their type, whether they are gzipped."""

    body: bytes
    content_type: str
    is_compressed: bool


@functools.cache
def response(path: Path) -> Response:
    """A file as static hosts send it, text compressed. It is read once and then remembered."""
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_text = content_type.startswith("text/") or content_type.endswith(TEXT_ENDINGS)
    content = path.read_bytes()
    return Response(gzip.compress(content, 6) if is_text else content, content_type, is_text)


@contextmanager
def serve(folder: Path, at: str = "/") -> Generator[str]:
    """Serve a folder on the loopback address while the `with` lasts; gives the site's address.

    Connections stay open and text is compressed, so that weights and times are those of a host. As
    hosts of static pages do, it answers with the folder's 404.html where there is no such file.

    Args:
        folder: What is served.
        at: Where on the host, as in "/course/".
    """
    server = StaticServer(folder, at)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{at.rstrip('/')}"
    finally:
        server.shutdown()
        server.server_close()


class StaticServer(http.server.ThreadingHTTPServer):
    """A server of one folder, at a free port of the loopback address."""

    def __init__(self, folder: Path, at: str) -> None:
        super().__init__(("127.0.0.1", 0), StaticHandler)
        self.folder = folder.resolve()
        self.at = at

    def file(self, address: str) -> Path | None:
        """The file at an address, or None where the folder has none of that name."""
        path = unquote(urlsplit(address).path)
        file = (self.folder / path.removeprefix(self.at).lstrip("/")).resolve()
        is_ours = path.startswith(self.at) and file.is_relative_to(self.folder)
        return file if is_ours and file.is_file() else None


class StaticHandler(http.server.BaseHTTPRequestHandler):
    """Answers GET with the files of its server's folder."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.server, StaticServer)
        path = self.server.file(self.path)
        not_found = self.server.file(f"{self.server.at}404.html")
        if path is not None:
            self.send(HTTPStatus.OK, response(path))
        elif not_found is not None:
            self.send(HTTPStatus.NOT_FOUND, response(not_found))
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def send(self, status: HTTPStatus, answer: Response) -> None:
        """Send an answer with its headers."""
        self.send_response(status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.is_compressed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a test's requests are no news."""
