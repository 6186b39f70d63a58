"""What a process in the sandbox gives up before it runs a student's code, for good."""

import os
import resource
import tempfile
from pathlib import Path

import torch

import resnet_course

from ..limits import GRACE, Limits

NOBODY = 65534


class Unreadable(Exception):
    """The libraries cannot be read by the user that students' code runs as."""


def give_up_root() -> None:
    """Become nobody, if the sandbox was started by root. Raises Unreadable where that is too little."""
    if os.getuid() != 0:
        return
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    for place in (Path(torch.__file__), Path(resnet_course.__file__), Path(os.__file__)):
        if not os.access(place, os.R_OK):
            raise Unreadable(f"{place} can be read by root alone; let others read it: chmod -R o+rX")


def set_limits(limits: Limits, mapped: int) -> None:
    """Limits that the kernel keeps. `mapped` is what the imports have taken, in KiB."""
    memory = (mapped << 10) + (limits.memory << 20)
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, limits.notebook + GRACE),
        (resource.RLIMIT_FSIZE, limits.files << 20),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_NPROC, limits.processes),
    ):
        resource.setrlimit(kind, (value, value))


def settle() -> None:
    """Let everything that asks for a home or a temporary folder find the sandbox's own."""
    home = os.getcwd()
    tempfile.tempdir = home
    for name in ("HOME", "TMPDIR", "IPYTHONDIR"):
        os.environ[name] = home
