"""How a run computes: on which device, in which precision, with how many threads, shared by how many processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

PRECISIONS = ("auto", "fp32", "bf16", "fp16")


@dataclass(frozen=True)
class How:
    """How a run computes: what changes its time and its memory, not its recipe.

    `device`: "auto" takes a GPU if there is one. `precision`: "fp32", "bf16", "fp16", or "auto", which takes "bf16"
    on GPUs that compute in it, "fp16" on others and "fp32" on the CPU. `graph`: capture each step as a CUDA graph.
    `checkpoint_blocks`: see engine.Engine. `devices` on each of `nodes` share every batch, by Lightning's `strategy`.
    Raises ValueError for a GPU that is not there and for a graph over several devices.
    """

    device: str = "auto"
    precision: str = "auto"
    graph: bool = False
    checkpoint_blocks: int = 0
    devices: int = 1
    nodes: int = 1
    strategy: str = "auto"

    def __post_init__(self):
        object.__setattr__(self, "device", pick_device(self.device))
        object.__setattr__(self, "precision", pick_precision(self.precision, self.device))
        if self.graph and self.processes > 1:
            raise ValueError(
                "a step is captured as a graph on one GPU only; leave out either the graph or the devices"
            )

    @property
    def processes(self) -> int:
        """How many share each batch."""
        return self.devices * self.nodes


def pick_device(device: str) -> str:
    """ "cuda" or "cpu"; "auto" takes a GPU if there is one. Raises ValueError when a GPU is asked for in vain."""
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device must be auto, cpu or cuda, got {device!r}")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda' was asked for, but PyTorch sees no GPU here; use 'cpu' or 'auto'")
    return ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device


def pick_precision(precision: str, device: str) -> str:
    """ "fp32", "bf16" or "fp16"; "auto" takes what the device computes in. Raises ValueError for another word."""
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if precision != "auto":
        return precision
    if device == "cpu":
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


@contextmanager
def one_thread(device: str) -> Iterator[None]:
    """One CPU thread, and the caller's number of threads back afterwards; does nothing on a GPU."""
    threads = torch.get_num_threads()
    if device == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
