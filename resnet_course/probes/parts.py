"""The parts of a network by name: blocks, and the layers of the main path."""

from torch import nn

# Parts of a block that are no layers of the main path.
BESIDE_THE_PATH = ("shortcut", "downsample", "gate")
# What makes a module a block: ours have a branch or a shortcut, torchvision's a downsample.
PARTS_OF_BLOCKS = ("residual", "shortcut", "downsample")


def blocks(net: nn.Module) -> dict[str, nn.Module]:
    """The blocks of a network by name, in order. Raises ValueError when it has none."""
    by_name = {}
    for name, module in net.named_modules():
        if any(hasattr(module, part) for part in PARTS_OF_BLOCKS):
            by_name[name] = module
    if not by_name:
        raise ValueError(
            f"{type(net).__name__} has no blocks: "
            f"no module with a {', '.join(PARTS_OF_BLOCKS[:-1])} or {PARTS_OF_BLOCKS[-1]}"
        )
    return by_name


def main_path(
    net: nn.Module, kinds: type[nn.Module] | tuple[type[nn.Module], ...]
) -> dict[str, nn.Module]:
    """The modules of some kinds by name, in order, none of projections or gates.

    Raises ValueError when there is none.
    """
    layers = {}
    for name, module in net.named_modules():
        is_beside = any(part in name for part in BESIDE_THE_PATH)
        if isinstance(module, kinds) and not is_beside:
            layers[name] = module
    if not layers:
        raise ValueError(f"{type(net).__name__} has no layer of the kind asked for")
    return layers
