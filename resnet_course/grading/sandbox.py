"""A sandbox around one submission, built by bubblewrap: what is in it, what is not, and how one talks to it.

Inside there are the system's programs, Python, what is installed, and the course's package, all read-only;
an empty folder in memory; no network, no other processes, no /proc, no privileges. It lives for one
submission and ends with it.
"""

import json
import os
import shutil
import site
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

import resnet_course

from .inside.channel import Channel, Closed, Message
from .limits import GRACE, Limits

INSTALL = "install it: apt-get install bubblewrap (Debian, Ubuntu), dnf install bubblewrap (Fedora)"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/nix/store")
HARDWARE = ("/proc/cpuinfo", "/sys/devices/system/cpu")  # by which libraries choose their kernels
HOME = "/tmp/notebook"
PROGRAM = "resnet_course.grading.inside"


class Unavailable(RuntimeError):
    """No sandbox can be built here; the message says why and what to do."""


class Ended(Exception):
    """The sandbox has ended before it was asked to."""


def readable_places() -> list[Path]:
    """The folders of Python, of what is installed, and of the course's package, without duplicates."""
    package = Path(resnet_course.__file__).parent
    installed = [*site.getsitepackages(), *(p for p in sys.path if p.endswith("-packages"))]
    wanted = [Path(sys.prefix), Path(sys.base_prefix), *map(Path, installed), package]
    both = [place for path in wanted for place in (path.absolute(), path.resolve())]
    there = sorted({path for path in both if path.is_dir()}, key=lambda path: len(path.parts))
    return [path for path in there if not any(other in path.parents for other in there)]


def command(limits: Limits, program: list[str], info: int | None = None) -> list[str]:
    """The command line that runs Python in a sandbox.

    Args:
        program: Python's arguments.
        info: the descriptor on which bubblewrap tells the number of the process.
    """
    arguments = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    arguments += ["--unshare-cgroup-try", "--as-pid-1", "--die-with-parent", "--new-session"]
    arguments += [*_user(), *_environment()]
    if info is not None:
        arguments += ["--info-fd", str(info)]
    for path in map(Path, SYSTEM):
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            arguments += ["--ro-bind", str(path), str(path)]
    for place in HARDWARE:
        arguments += [*_parents(Path(place)), "--ro-bind-try", place, place]
    arguments += ["--dev", "/dev", "--size", str(limits.files << 20), "--tmpfs", "/tmp"]
    arguments += ["--chmod", "1777", "/tmp"]
    for path in readable_places():
        arguments += [*_parents(path), "--ro-bind", str(path), str(path)]
    arguments += ["--perms", "0777", "--dir", HOME, "--chdir", HOME]
    return [*arguments, "--", sys.executable, "-P", "-s", *program]


def _parents(path: Path) -> list[str]:
    """The folders above a place; those that bubblewrap makes unasked only their owner can enter."""
    arguments = []
    for parent in reversed(path.parents[:-1]):
        arguments += ["--dir", str(parent)]
    return arguments


def _user() -> list[str]:
    """Root stays outside by becoming nobody later on; everyone else by a user namespace."""
    if os.getuid() == 0:
        return ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return ["--unshare-user", "--disable-userns"]


def _environment() -> list[str]:
    package = Path(resnet_course.__file__).parent
    installed = [path for path in sys.path if path.endswith("-packages")]
    values = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join([str(package.parent), *installed]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": HOME,
        "TORCHINDUCTOR_CACHE_DIR": HOME,
        "LANG": "C.UTF-8",
    }
    settings = ["--clearenv"]
    for name, value in values.items():
        settings += ["--setenv", name, value]
    return settings


def probe() -> None:
    """Try to build a sandbox, without anything in it. Raises Unavailable with the reason."""
    if sys.platform != "linux":
        raise Unavailable("students' code is kept apart by bubblewrap, which needs Linux")
    if shutil.which("bwrap") is None:
        raise Unavailable(f"students' code is kept apart by bubblewrap, which is not here; {INSTALL}")
    line = command(Limits(), ["-c", ""])
    tried = subprocess.run(line, capture_output=True, text=True, check=False)
    if tried.returncode:
        words = tried.stderr.strip().splitlines()
        last = words[-1] if words else f"it ended with status {tried.returncode}"
        raise Unavailable(f"bubblewrap cannot build a sandbox here: {last}")


class Sandbox:
    """A running sandbox. A context manager; leaving it ends everything inside.

    Raises Unavailable where none can be built, and Ended when it has gone.
    """

    def __init__(self, limits: Limits) -> None:
        self._words: IO[bytes] = tempfile.TemporaryFile()
        reading, writing = os.pipe()
        self._process = subprocess.Popen(
            command(limits, ["-m", PROGRAM], writing),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            pass_fds=[writing],
            bufsize=0,
        )
        os.close(writing)
        with os.fdopen(reading) as info:
            self._info = info.read()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._channel = Channel(self._process.stdout.fileno(), self._process.stdin.fileno())
        self._timer = threading.Timer(limits.notebook, self._process.kill)
        self._timer.daemon = True
        self._timer.start()
        self._await()

    def _await(self) -> None:
        try:
            self.receive()
        except Ended:
            self.close()
            self._words.seek(0)
            lines = self._words.read().decode(errors="replace").strip().splitlines()
            last = lines[-1] if lines else f"it ended with status {self._process.returncode}"
            raise Unavailable(f"bubblewrap could not build a sandbox here: {last}") from None

    def mapped(self) -> int:
        """KiB of memory that the first process inside has mapped."""
        process = json.loads(self._info)["child-pid"]
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE") >> 10

    def send(self, message: Message) -> None:
        """Write a message. Raises Ended."""
        try:
            self._channel.send(message)
        except OSError:
            raise Ended from None

    def receive(self) -> Message:
        """Read a message. Raises Ended."""
        try:
            return self._channel.receive()
        except (Closed, OSError, ValueError):
            raise Ended from None

    def messages(self) -> Iterator[Message]:
        """Messages until the sandbox is idle. Raises Ended."""
        while "idle" not in (message := self.receive()):
            yield message

    def close(self) -> None:
        """End everything inside."""
        self._timer.cancel()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()  # by which the first process knows that it is done
        try:
            self._process.wait(timeout=GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        self._words.close()
