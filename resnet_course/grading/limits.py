"""How much of the machine a submission may use."""

from dataclasses import dataclass

GRACE = 3  # seconds between a cell being told that its time is up and its process being killed


@dataclass(frozen=True)
class Limits:
    """Limits of one submission.

    Attributes:
        cell: seconds a cell, a check or a test may take.
        notebook: seconds for everything together, the sandbox's start included.
        memory: MiB that each process may take beyond what the imports have taken.
        files: MiB of files in memory.
        processes: processes at a time.
        output: characters of printed output a cell.
    """

    cell: int = 30
    notebook: int = 240
    memory: int = 2048
    files: int = 64
    processes: int = 48
    output: int = 20_000
