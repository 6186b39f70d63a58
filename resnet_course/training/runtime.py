"""How a run is computed: device, precision, threads, processes. Nothing here changes the recipe."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("fp32", "bf16", "fp16", "auto")
STRATEGIES = ("auto", "ddp")


@dataclass(frozen=True)
class Runtime:
    """How a run is computed: what changes its time and its memory.

    Args:
        device: "cpu", "cuda", or "auto", which takes a GPU if there is one.
        precision: "fp32", "bf16", "fp16" or "auto", the fastest by a few timed steps. None: bf16 on
            GPUs that compute in it, fp16 on others, fp32 on a CPU.
        graph: Capture each step as a CUDA graph.
        compile_blocks: Compile each block.
        checkpoint_blocks: Keep activations only between segments of so many blocks; 0 keeps all.
        devices: GPUs, or processes on the CPU, of each node that share every batch.
        nodes: Machines.
        strategy: Lightning's, for several devices.

    Raises:
        ValueError: A word or number that makes no sense, and a graph over several devices.
    """

    device: str = "auto"
    precision: str | None = None
    graph: bool = False
    compile_blocks: bool = False
    checkpoint_blocks: int = 0
    devices: int = 1
    nodes: int = 1
    strategy: str = "auto"

    def __post_init__(self) -> None:
        _one_of("device", self.device, DEVICES)
        _one_of("strategy", self.strategy, STRATEGIES)
        if self.precision is not None:
            _one_of("precision", self.precision, PRECISIONS)
        if self.devices < 1 or self.nodes < 1:
            raise ValueError(
                f"devices and nodes must be at least 1, got {self.devices} and {self.nodes}"
            )
        if self.checkpoint_blocks < 0:
            raise ValueError(f"checkpoint_blocks must be 0 or more, got {self.checkpoint_blocks}")
        if self.graph and self.processes > 1:
            raise ValueError(
                "a step is captured as a graph on one GPU only; "
                "leave out either the graph or the devices"
            )

    @property
    def processes(self) -> int:
        """How many share each batch."""
        return self.devices * self.nodes

    @property
    def is_resolved(self) -> bool:
        """Whether device and precision are decided."""
        return self.device != "auto" and self.precision not in (None, "auto")


def _one_of(what: str, value: str, words: tuple[str, ...]) -> None:
    if value not in words:
        raise ValueError(f"{what} must be one of {', '.join(words)}, got {value!r}")


def resolve(runtime: Runtime) -> Runtime:
    """The same with device and precision decided for this machine, but for precision "auto".

    Raises ValueError for a GPU asked for in vain and for a graph on a CPU.
    """
    device = pick_device(runtime.device)
    if runtime.graph and device == "cpu":
        raise ValueError("a step is captured as a graph on a GPU only; leave out the graph here")
    precision = runtime.precision or native_precision(device)
    return replace(runtime, device=device, precision=precision)


def pick_device(device: str) -> str:
    """ "cuda" or "cpu"; "auto" takes a GPU if there is one. Raises ValueError as `resolve` does."""
    import torch

    _one_of("device", device, DEVICES)
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            "device 'cuda' was asked for, but PyTorch sees no GPU here; use 'cpu' or 'auto'"
        )
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def native_precision(device: str) -> str:
    """What a device computes in unless told otherwise."""
    import torch

    if device == "cpu":
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


@contextmanager
def one_thread(device: str) -> Generator[None]:
    """One CPU thread, and the caller's number of threads afterwards; does nothing on a GPU.

    The number of threads changes the last digits of a sum, and with them a run.
    """
    import torch

    threads = torch.get_num_threads()
    if device == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def own_defaults() -> Generator[None]:
    """PyTorch's own defaults of what changes numbers, and the caller's afterwards."""
    import torch

    dtype, precision = torch.get_default_dtype(), torch.get_float32_matmul_precision()
    torch.set_default_dtype(torch.float32)
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_float32_matmul_precision(precision)
