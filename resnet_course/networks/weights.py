"""Weights in files: written as safetensors with what they are, read strictly, never unpickled."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from pickle import UnpicklingError
from zipfile import BadZipFile

import torch
from torch import Tensor, nn

from ..recipes import RunConfig
from ..records.files import atomic_write, printable
from .network import Network
from .published import load_published

LARGEST_FILE = 2 * 2**30  # bytes
WRAPPERS = ("state_dict", "model", "net", "model_state_dict")
PREFIXES = ("module.", "_orig_mod.", "model.")


def save_weights(net: nn.Module, path: Path, config: RunConfig | None = None) -> None:
    """Write weights as safetensors, whole or not at all: parameters in float16, statistics float32.

    `config` is kept in the file's header, so that the weights say what they are.
    """
    from safetensors.torch import save_file

    weights = {name: tensor.detach().half() for name, tensor in net.named_parameters()}
    for name, buffer in net.named_buffers():
        if buffer.is_floating_point():  # variances of a diverged network exceed float16
            weights[name] = buffer
    weights = {name: tensor.contiguous().cpu() for name, tensor in weights.items()}
    header = {"config": json.dumps(asdict(config))} if config else None
    with atomic_write(path) as scratch:
        save_file(weights, scratch, header)


def load_weights(net: Network, path: Path) -> Network:
    """Load weights into `net`, in place, from safetensors or a PyTorch file of tensors only.

    Understands the names of torchvision and of published option-A CIFAR networks, checkpoints that
    wrap them, and the prefixes that wrappers add. Returns `net`.

    Raises:
        ValueError: The file is not whole, holds something else than finite numbers, is of another
            network, or says itself that it is of another architecture. `net` is then unchanged.
    """
    check_header(net, path)
    return load_published(net, read_tensors(path))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The floating-point tensors of a weights file by name, as float32; runs none of its code.

    Raises ValueError, which says what is wrong and what to do.
    """
    if not path.is_file():
        raise ValueError(f"{path} is no file; name the file that holds the weights")
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{path} is larger than 2 GiB, which no network of this course is")
    loaded = _safetensors(path) if path.suffix == ".safetensors" else _torch_tensors(path)
    tensors = {}
    for name, tensor in _unwrapped(loaded, path).items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise ValueError(f"{path} holds more than named tensors; save the state_dict alone")
        if name.endswith("num_batches_tracked"):
            continue
        if not tensor.is_floating_point():
            raise ValueError(f"{path}: {printable(name)} is no floating-point tensor")
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{path}: {printable(name)} holds NaN or infinity; train it again")
        tensors[_without_prefix(name)] = tensor.float()
    return tensors


def _safetensors(path: Path) -> Mapping[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError):
        raise ValueError(f"{path} holds no whole weights; fetch it or train it again") from None


def _torch_tensors(path: Path) -> Mapping[str, Tensor]:
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)  # runs no code of the file
    except UnpicklingError:
        raise ValueError(
            f"{path} holds more than tensors, and what else it holds will not be run; "
            "ask for safetensors, or for a file of the state_dict alone"
        ) from None
    except (RuntimeError, EOFError, OSError, BadZipFile, ValueError, KeyError, TypeError):
        raise ValueError(f"{path} holds no whole weights; fetch it or train it again") from None
    if not isinstance(loaded, Mapping):
        raise ValueError(f"{path} holds no named weights; save the state_dict alone")
    return loaded


def _unwrapped(loaded: Mapping[str, object], path: Path) -> Mapping[str, object]:
    """The state dict inside a checkpoint, which keeps it under one of several names."""
    inside = [name for name in WRAPPERS if isinstance(loaded.get(name), Mapping)]
    if len(inside) > 1:
        raise ValueError(f"{path} holds weights twice, as {' and '.join(inside)}; keep one of them")
    wrapped = loaded[inside[0]] if inside else loaded
    assert isinstance(wrapped, Mapping)
    return wrapped


def _without_prefix(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name


def check_header(net: Network, path: Path) -> None:
    """Raise ValueError where weights say that they are of a plain network and `net` is not, or so.

    Plain and residual networks have the same names and shapes, so only the header tells.
    """
    config = header_config(path)
    if config is None:
        return
    is_residual = any(hasattr(module, "shortcut") for module in net.modules())
    if (config.get("arch") == "plain") == is_residual:
        raise ValueError(
            f"{path} says that its weights are of a {printable(config.get('arch'))} network; "
            "ask for that architecture"
        )


def header_config(path: Path) -> dict[str, object] | None:
    """The configuration that weights of ours carry in their header, None where there is none."""
    from safetensors import SafetensorError, safe_open

    if path.suffix != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            config = json.loads((file.metadata() or {}).get("config", "null"))
    except (SafetensorError, OSError, ValueError, RecursionError):
        return None  # what is wrong with the file is said when its tensors are read
    return config if isinstance(config, dict) else None
