"""The parts of a network by name: blocks, and the layers of the main path."""

from torch import nn

# Parts of a block that are no layers of the main path.
BESIDE_THE_PATH = ("shortcut", "downsample", "gate")

def blocks(net: nn.Module) -> dict[str, nn.Module]:
    """The blocks of a network by name, in order. Raises ValueError when it has none."""
    parts = ("residual", "shortcut", "downsample")
    found = {name: m for name, m in net.named_modules() if any(hasattr(m, part) for part in parts)}
    if not found:
        raise ValueError(f"{type(net).__name__} has no blocks: no module with a residual, shortcut or downsample")
    return found


def main_path(net: nn.Module, of: type | tuple) -> dict[str, nn.Module]:
    """The modules of a kind by name, in order, none of projections or gates. Raises ValueError when there is none."""
    modules = {name: m for name, m in net.named_modules() if not any(part in name for part in BESIDE_THE_PATH)}
    found = {name: m for name, m in modules.items() if isinstance(m, of)}
    if not found:
        raise ValueError(f"{type(net).__name__} has no layer of the kind asked for")
    return found
