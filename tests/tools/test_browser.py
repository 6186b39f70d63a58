"""The server answers as a static host does, and the browser is this machine's."""

import gzip
import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tools import browser as tools_browser
from tools.browser import BrowserMissing, executable, serve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "page.html").write_text("<title>Hello</title>")
    (folder / "mit Umlaut ü.txt").write_text("found")
    (folder / "font.woff2").write_bytes(b"\0\1")
    (tmp_path / "secret.txt").write_text("outside")
    return folder


@pytest.fixture
def host(folder: Path) -> Iterator[http.client.HTTPConnection]:
    with serve(folder) as address:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
        yield connection
        connection.close()


def get(host: http.client.HTTPConnection, path: str) -> http.client.HTTPResponse:
    host.request("GET", path)
    return host.getresponse()


def test_text_travels_compressed(host):
    answer = get(host, "/page.html")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.read()) == b"<title>Hello</title>"


def test_what_is_no_text_travels_as_it_is(host):
    answer = get(host, "/font.woff2")
    assert answer.headers["Content-Encoding"] is None
    assert answer.read() == b"\0\1"


def test_a_query_is_no_part_of_a_files_name(host):
    assert get(host, "/page.html?digest=1").status == 200


def test_a_name_with_spaces_and_umlauts_is_found(host):
    assert get(host, "/mit%20Umlaut%20%C3%BC.txt").status == 200


def test_a_missing_file_is_not_found(host):
    assert get(host, "/missing.html").status == 404


def test_what_is_not_found_is_answered_with_the_page_for_it(host, folder):
    (folder / "404.html").write_text("nothing here")
    answer = get(host, "/some/missing.html")
    assert answer.status == 404
    assert gzip.decompress(answer.read()) == b"nothing here"


def test_a_site_lies_where_it_is_told_to_on_its_host(folder):
    with serve(folder, at="/course/") as address:
        assert urlsplit(address).path == "/course"
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
        assert get(connection, "/course/page.html").status == 200
        connection.close()
        assert get(connection, "/page.html").status == 404
        connection.close()


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "//../secret.txt"])
def test_nothing_outside_the_folder_is_served(host, path):
    assert get(host, path).status == 404


def test_a_connection_stays_open_for_the_next_request(host):
    get(host, "/page.html").read()
    socket = host.sock
    get(host, "/font.woff2").read()
    assert host.sock is socket


def test_the_address_answers_no_longer_after_the_with(folder):
    with serve(folder) as address:
        pass
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    with pytest.raises(ConnectionRefusedError):
        connection.request("GET", "/page.html")


def test_where_no_chromium_is_the_package_to_install_is_named(monkeypatch):
    monkeypatch.setattr(tools_browser.shutil, "which", lambda _name: None)
    with pytest.raises(BrowserMissing, match="install the package chromium"):
        executable()


@pytest.mark.browser
def test_a_page_is_shown(browser, folder):
    page = browser.new_page()
    with serve(folder) as address:
        page.goto(f"{address}/page.html")
    assert page.title() == "Hello"
    page.close()
