"""What keeps a student's code from the rest of the machine: Linux's namespaces, no privileges, limits.

None of it can be undone by the process that it was built around.
"""

import contextlib
import ctypes
import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

NEW_USER = 0x10000000
NEW_OTHERS = (
    0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
)  # mount, uts, ipc, pid, net
READ_ONLY, NOSUID, NODEV, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
LOCKED = NOSUID | NODEV | 8 | 1024 | 2048  # and noexec, noatime, nodiratime
NO_NEW_PRIVILEGES, DIE_WITH_PARENT = 38, 1  # prctl
NOBODY = 65534
GRACE = 3  # seconds between a cell's time being up and its process being killed
libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Limits:
    """Seconds for a cell and for a notebook, MiB of memory and of files, processes, characters of output."""

    cell: int = 30
    notebook: int = 240
    memory: int = 2048
    files: int = 64
    processes: int = 48
    output: int = 20_000


def system(call: str, *arguments) -> None:
    """A call of the C library that raises OSError where it fails."""
    arguments = [a.encode() if isinstance(a, str) else a for a in arguments]
    if getattr(libc, call)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}{tuple(arguments)}: {os.strerror(number)}")


def visible() -> list[Path]:
    """What a notebook may read: the system's programs, Python, what is installed, and the course's package."""
    import resnet_course

    system_folders = [
        Path(p) for p in ("/usr", "/bin", "/lib", "/lib64", "/etc/ssl", "/etc/localtime")
    ]
    python = [
        Path(p)
        for p in (sys.prefix, sys.base_prefix, *sys.path)
        if "python" in p.lower() or ".venv" in p
    ]
    wanted = [
        p for p in (*system_folders, *python, Path(resnet_course.__file__).parent) if p.exists()
    ]
    wanted = sorted(
        {place for p in wanted for place in (p.absolute(), p.resolve())}, key=lambda p: len(p.parts)
    )
    here = Path(__file__).resolve().parent
    return [
        p
        for p in wanted
        if not any(o in p.parents for o in wanted) and p not in (here, *here.parents)
    ]


def wall_in(root: str, limits: Limits) -> None:
    """A new root with only what is visible, read-only, and a small writable /tmp in memory. Needs the namespaces."""
    system("mount", "none", "/", None, RECURSIVE | PRIVATE, None)
    system("mount", "tmpfs", root, "tmpfs", NOSUID | NODEV, "size=1m,mode=755")
    for path in visible():
        place = Path(root + str(path))
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            place.symlink_to(os.readlink(path))
            continue
        place.mkdir() if path.is_dir() else place.touch()
        system("mount", str(path), str(place), None, BIND | RECURSIVE, None)
        kept = (
            os.statvfs(place).f_flag & LOCKED
        )  # what an outer mount forbids cannot be allowed again
        system("mount", None, str(place), None, BIND | REMOUNT | READ_ONLY | kept, None)
    for name in ("null", "zero", "urandom", "random"):
        place = Path(root, "dev", name)
        place.parent.mkdir(exist_ok=True)
        place.touch()
        system("mount", f"/dev/{name}", str(place), None, BIND, None)
    for name in ("tmp", "dev/shm"):
        Path(root, name).mkdir()
        system(
            "mount",
            "tmpfs",
            f"{root}/{name}",
            "tmpfs",
            NOSUID | NODEV,
            f"size={limits.files}m,mode=1777",
        )
    Path(root, "proc").mkdir()
    with contextlib.suppress(OSError):  # some hosts forbid it: the folder then stays empty
        system("mount", "proc", f"{root}/proc", "proc", NOSUID | NODEV, None)
    os.chdir(root)
    system("pivot_root", ".", ".")
    system("umount2", ".", 2)  # detach the old root
    system("mount", None, "/", None, BIND | REMOUNT | READ_ONLY | NOSUID | NODEV, None)
    os.chdir("/tmp")


def drop_privileges() -> None:
    """No capability is left, and none can be gained by running a program."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    system("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    system("capset", ctypes.byref(header), ctypes.byref(none))


def set_limits(limits: Limits, isolated: bool) -> None:
    """Limits the kernel keeps for a process whatever else it offers."""
    pages = Path("/proc/self/statm")
    mapped = (
        int(pages.read_text().split()[0]) * resource.getpagesize() if pages.exists() else 16 << 30
    )
    for kind, value in (
        (resource.RLIMIT_AS, mapped + (limits.memory << 20)),
        (resource.RLIMIT_CPU, limits.notebook + GRACE),
        (resource.RLIMIT_FSIZE, limits.files << 20),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
        *([(resource.RLIMIT_NPROC, limits.processes)] if isolated else []),
    ):
        resource.setrlimit(kind, (value, value))


def unshare() -> None:
    """New namespaces for what follows, with a user namespace of our own unless we are root. Raises OSError."""
    user, group = os.getuid(), os.getgid()
    if user == 0:
        return system("unshare", NEW_OTHERS)
    system("unshare", NEW_OTHERS | NEW_USER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
