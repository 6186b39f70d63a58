"""Depth in, network out: the CIFAR nets of He 2015 and 2016 and the ImageNet nets.

>>> cifar(20)                    # ResNet-20, option A shortcuts
>>> cifar(20, "plain")           # its plain twin: same layers, same parameters, no shortcuts
>>> imagenet(50)                 # ResNet-50, loads torchvision's weights
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from . import variants
from .blocks import BottleneckBlock, PlainBlock, PreActivationBottleneck, ResidualBlock, conv3x3
from .network import Network

ARCHITECTURES = ("plain", "residual", "preactivation")
IMAGENET_BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
KNOWN_DEPTHS = {6: "8, 14, 20, 32, 44, 56, 110, 1202", 9: "11, 20, 29, 164, 1001"}


def blocks_per_stage(depth: int, layers: int = 6) -> int:
    """Number n of blocks in each of the three stages of a CIFAR network (He 2015, Sec. 4.2).

    Args:
        depth: Weighted layers, `layers` * n + 2.
        layers: Of n blocks, one a stage, taken together: 6, or 9 for bottlenecks (He 2016, Sec. 3).

    Raises:
        ValueError: depth is not `layers` * n + 2.
    """
    n, rest = divmod(depth - 2, layers)
    if rest or n < 1:
        raise ValueError(f"depth must be {layers}n + 2 ({KNOWN_DEPTHS[layers]}, …), got {depth}")
    return n


def make_stages(
    block: Callable[..., nn.Module],
    in_channels: int,
    channels: tuple[int, ...],
    counts: tuple[int, ...],
) -> nn.Sequential:
    """Stages of `counts` blocks; the first block of every stage but the first halves the map."""
    stages = nn.Sequential()
    for out_channels, count in zip(channels, counts, strict=True):
        stage = nn.Sequential(block(in_channels, out_channels, stride=2 if len(stages) else 1))
        for _ in range(count - 1):
            stage.append(block(out_channels, out_channels))
        stages.append(stage)
        in_channels = out_channels
    return stages


def cifar(
    depth: int,
    arch: str = "residual",
    shortcut: str = "A",
    width: int = 16,
    classes: int = 10,
    variant: str = "",
) -> Network:
    """CIFAR network: (N, 3, H, W) float images -> (N, classes) logits; H and W divisible by 4.

    Args:
        depth: 6n + 2 for "plain" and "residual", 9n + 2 for "preactivation".
        arch: "plain" or "residual": 3x3 convolutions (He 2015, Sec. 4.2); "preactivation":
            bottlenecks (He 2016, Sec. 3).
        shortcut: "A", "B" or "C", of a residual network.
        width: Channels of the first stage (16 in the papers); they double at each stage.
        classes: Length of the logits.
        variant: Changes one thing about the network, see variants.NAMES.

    Raises:
        ValueError: Unknown architecture, shortcut, depth or variant, or a variant that the
            architecture does not have.
    """
    if arch not in ARCHITECTURES:
        raise ValueError(f"arch must be one of {', '.join(ARCHITECTURES)}, got {arch!r}")
    check_variant(variant, arch, shortcut)
    if arch == "preactivation":
        return _bottlenecks(depth, width, classes, variant)
    block = PlainBlock if arch == "plain" else partial(ResidualBlock, shortcut=shortcut)
    stem = nn.Sequential(conv3x3(3, width), nn.BatchNorm2d(width), nn.ReLU())
    channels = (width, 2 * width, 4 * width)
    layers = variants.LAYERS.get(variant, 2)
    count, rest = divmod(2 * blocks_per_stage(depth), layers)
    if rest:
        whole = 2 * blocks_per_stage(depth)
        raise ValueError(f"stages of {whole} layers cannot be cut into blocks of {layers}")
    stages = make_stages(variants.BLOCKS.get(variant, block), width, channels, (count,) * 3)
    net = Network(stem, stages, nn.Linear(channels[-1], classes))
    return variants.finalise_variant(variant, net)


def check_variant(variant: str, arch: str, shortcut: str) -> None:
    """Raise ValueError for an unknown variant, and for one that the architecture does not have."""
    if variant == "" or variant in variants.OF_ANY_NETWORK:
        return
    if variant not in variants.BLOCKS or arch != "residual" or shortcut != "A":
        raise ValueError(
            f"variant must be one of {', '.join(variants.NAMES)}, of a residual network with "
            f"option A, got {variant!r} of a {arch} one with {shortcut}"
        )


def _bottlenecks(depth: int, width: int, classes: int, variant: str) -> Network:
    """The pre-activation network of bottlenecks, which ends in batch norm and ReLU (He 2016)."""
    channels = (4 * width, 8 * width, 16 * width)
    counts = (blocks_per_stage(depth, layers=9),) * 3
    stages = make_stages(PreActivationBottleneck, width, channels, counts)
    net = Network(conv3x3(3, width), stages, nn.Linear(channels[-1], classes))
    net = variants.finalise_variant("full-preactivation", net)
    return variants.finalise_variant(variant, net)


def imagenet(
    depth: int, arch: str = "residual", shortcut: str = "B", classes: int = 1000
) -> Network:
    """ImageNet network: (N, 3, 224, 224) float images -> (N, classes) logits (He 2015, Table 1).

    Args:
        depth: 18, 34, 50, 101 or 152; of a plain network 18 or 34.
        arch: "residual" or "plain".
        shortcut: "A", "B" or "C", of a residual network.
        classes: Length of the logits.

    Raises:
        ValueError: Another depth or architecture.
    """
    allowed = {"plain": [18, 34], "residual": list(IMAGENET_BLOCKS)}.get(arch, [])
    if depth not in allowed:
        raise ValueError(
            "ImageNet networks are residual 18, 34, 50, 101, 152 and plain 18, 34; "
            f"got {arch} {depth}"
        )
    deep = depth >= 50
    channels = (256, 512, 1024, 2048) if deep else (64, 128, 256, 512)
    residual = partial(BottleneckBlock if deep else ResidualBlock, shortcut=shortcut)
    block = PlainBlock if arch == "plain" else residual
    stem = nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, padding=3, bias=False),  # (N, 3, 224, 224) -> (N, 64, 112, 112)
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, padding=1),  # -> (N, 64, 56, 56)
    )
    stages = make_stages(block, 64, channels, IMAGENET_BLOCKS[depth])
    return Network(stem, stages, nn.Linear(channels[-1], classes))
