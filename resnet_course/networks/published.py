"""Weights that others published, under our names."""

import re
from collections.abc import Callable, Mapping
from re import Match

from torch import Tensor

from ..records.files import printable
from .network import Network

# Names used by torchvision and by the published option-A CIFAR weights, and ours.
_RENAMES: tuple[tuple[str, str | Callable[[Match[str]], str]], ...] = (
    (r"^module\.", ""),
    (r"^conv1\.", "stem.0."),
    (r"^bn1\.", "stem.1."),
    (r"^(fc|linear)\.", "head."),
    (r"^layer(\d)\.", lambda m: f"stages.{int(m[1]) - 1}."),
    (r"\.conv(\d)\.", lambda m: f".residual.{3 * int(m[1]) - 3}."),
    (r"\.bn(\d)\.", lambda m: f".residual.{3 * int(m[1]) - 2}."),
    (r"\.downsample\.", ".shortcut."),
)


def load_published(net: Network, weights: Mapping[str, Tensor]) -> Network:
    """Load weights published by others into `net`, in place, and return it.

    Understands the names of torchvision's ResNets and of published option-A CIFAR ResNets, such as
    `module.layer1.0.conv1.weight`, `layer2.0.downsample.0.weight`, `linear.weight`, `fc.bias`.

    Args:
        net: A network of the same layers.
        weights: Tensors read with `torch.load(path, weights_only=True)` or from safetensors, never
            from a pickle.

    Raises:
        ValueError: Some weights are missing, left over or of another shape, and which; `net` is
            then unchanged.
    """
    renamed = {_our_name(name): tensor for name, tensor in weights.items()}
    own = net.state_dict()
    if faults := _mismatches(own, renamed):
        shown = "; ".join(faults[:8])
        more = f"; and {len(faults) - 8} more" if len(faults) > 8 else ""
        raise ValueError(f"these weights are not of this network: {shown}{more}")
    net.load_state_dict({**own, **renamed})
    return net


def _our_name(name: str) -> str:
    for pattern, replacement in _RENAMES:
        name = re.sub(pattern, replacement, name)
    return name


def _mismatches(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    faults = []
    for name in dict.fromkeys([*wanted, *given]):
        if name.endswith("num_batches_tracked"):
            continue
        want = tuple(wanted[name].shape) if name in wanted else "none"
        have = tuple(given[name].shape) if name in given else "missing"
        if want != have:
            faults.append(f"{printable(name)} is {have}, the network wants {want}")
    return faults
