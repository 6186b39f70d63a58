"""The device a run computes on: which one, in which precision, with how many threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def pick_device(device: str) -> str:
    """ "cuda" or "cpu"; "auto" takes a GPU if there is one. Raises ValueError when a GPU is asked for in vain."""
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device must be auto, cpu or cuda, got {device!r}")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda' was asked for, but PyTorch sees no GPU here; use 'cpu' or 'auto'")
    return ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device


def pick_precision(device: str) -> str:
    """ "bf16" on GPUs that compute in it, "fp16" on others, "fp32" on the CPU."""
    if device != "cuda":
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
