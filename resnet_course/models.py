"""Depth in, network out: the CIFAR nets of He 2015 and 2016 and the ImageNet nets, with their costs counted.

>>> cifar(20)                    # ResNet-20, option A shortcuts
>>> cifar(20, "plain")           # its plain twin: same layers, same parameters, no shortcuts
>>> imagenet(50)                 # ResNet-50, loads torchvision's weights
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from . import probes, variants
from .blocks import BottleneckBlock, PlainBlock, PreActivationBottleneck, ResidualBlock, conv3x3

KINDS = ("plain", "residual", "preactivation")
IMAGENET_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


def blocks_per_stage(depth: int, layers: int = 6) -> int:
    """Number n of blocks in each of the three stages of a CIFAR network of 6n + 2 layers (He 2015, Sec. 4.2).

    `layers` is 9 for bottlenecks (He 2016, Sec. 3). Raises ValueError when depth is not layers * n + 2.
    """
    n, rest = divmod(depth - 2, layers)
    if rest or n < 1:
        known = {6: "8, 14, 20, 32, 44, 56, 110, 1202", 9: "11, 20, 29, 164, 1001"}[layers]
        raise ValueError(f"depth must be {layers}n + 2 ({known}, …), got {depth}")
    return n


class Network(nn.Module):
    """Stem, stages of blocks, global average pool, linear head."""

    def __init__(self, stem: nn.Module, stages: nn.Sequential, head: nn.Linear):
        super().__init__()
        self.stem, self.stages, self.head = stem, stages, head
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")  # He init, fan-in
        nn.init.zeros_(head.bias)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem(images)  # CIFAR: (N, 3, 32, 32) -> (N, 16, 32, 32)
        x = self.stages(x)  # -> (N, 64, 8, 8)
        return self.head(x.mean((2, 3)))  # global average pool -> (N, classes)


def make_stages(block, in_channels: int, channels: tuple[int, ...], counts: tuple[int, ...]) -> nn.Sequential:
    """Stages of `counts` blocks; the first block of every stage but the first halves the map."""
    stages = nn.Sequential()
    for out_channels, count in zip(channels, counts, strict=True):
        first = block(in_channels, out_channels, stride=2 if len(stages) else 1)
        stages.append(nn.Sequential(first, *(block(out_channels, out_channels) for _ in range(count - 1))))
        in_channels = out_channels
    return stages


def cifar(
    depth: int, kind: str = "residual", shortcut: str = "A", width: int = 16, classes: int = 10, variant: str = ""
) -> Network:
    """CIFAR network: (N, 3, H, W) float images -> (N, classes) logits; H and W divisible by 4.

    kind "plain" or "residual": 6n + 2 layers of 3x3 convolutions (He 2015, Sec. 4.2); "preactivation": 9n + 2 layers
    of bottlenecks (He 2016, Sec. 3). `width` is the number of channels of the first stage (16 in the papers); it
    doubles at each stage. `variant` changes one thing about the blocks, see variants.NAMES. Raises ValueError for an
    unknown kind, shortcut, depth or variant, and for a variant the kind does not have.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    of_any_network = variant in ("", "no-normalisation")
    if not of_any_network and (variant not in variants.BLOCKS or kind != "residual" or shortcut != "A"):
        raise ValueError(
            f"variant must be one of {', '.join(variants.NAMES)}, of a residual network with option A, "
            f"got {variant!r} of a {kind} one with {shortcut}"
        )
    if kind == "preactivation":
        channels, count = (4 * width, 8 * width, 16 * width), blocks_per_stage(depth, layers=9)
        stages = make_stages(PreActivationBottleneck, width, channels, (count,) * 3)
        net = Network(conv3x3(3, width), stages, nn.Linear(channels[-1], classes))
        return variants.completed(variant, variants.completed("full-preactivation", net))
    block = PlainBlock if kind == "plain" else partial(ResidualBlock, shortcut=shortcut)
    stem = nn.Sequential(conv3x3(3, width), nn.BatchNorm2d(width), nn.ReLU())
    channels, layers = (width, 2 * width, 4 * width), variants.LAYERS.get(variant, 2)
    count, rest = divmod(2 * blocks_per_stage(depth), layers)
    if rest:
        raise ValueError(f"stages of {count * layers + rest} layers cannot be cut into blocks of {layers}")
    stages = make_stages(variants.BLOCKS.get(variant, block), width, channels, (count,) * 3)
    return variants.completed(variant, Network(stem, stages, nn.Linear(channels[-1], classes)))


def imagenet(depth: int, kind: str = "residual", shortcut: str = "B", classes: int = 1000) -> Network:
    """ImageNet network: (N, 3, 224, 224) float images -> (N, classes) logits (He 2015, Table 1).

    depth 18, 34 (also kind "plain"), 50, 101 or 152. Raises ValueError for anything else.
    """
    allowed = {"plain": (18, 34), "residual": IMAGENET_BLOCKS}.get(kind, ())
    if depth not in allowed:
        raise ValueError(f"ImageNet networks are residual 18, 34, 50, 101, 152 and plain 18, 34; got {kind} {depth}")
    deep = depth >= 50
    channels = (256, 512, 1024, 2048) if deep else (64, 128, 256, 512)
    block = PlainBlock if kind == "plain" else partial(BottleneckBlock if deep else ResidualBlock, shortcut=shortcut)
    stem = nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, padding=3, bias=False),  # (N, 3, 224, 224) -> (N, 64, 112, 112)
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, padding=1),  # -> (N, 64, 56, 56)
    )
    return Network(stem, make_stages(block, 64, channels, IMAGENET_BLOCKS[depth]), nn.Linear(channels[-1], classes))


# Names used by torchvision and by the published option-A CIFAR weights, and ours.
_RENAMES = (
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
    """Load weights published by others into `net`, in place: torchvision's ResNets, or option-A CIFAR ResNets.

    Understands names such as `module.layer1.0.conv1.weight`, `layer2.0.downsample.0.weight`, `linear.weight`,
    `fc.bias`. Give it tensors read with `torch.load(path, weights_only=True)` or safetensors, never a pickle.
    Raises ValueError naming the weights that are missing, left over or of another shape; `net` is then unchanged.
    """
    renamed = {}
    for name, tensor in weights.items():
        for pattern, replacement in _RENAMES:
            name = re.sub(pattern, replacement, name)
        renamed[name] = tensor
    own = net.state_dict()
    wanted, given = ({name: tuple(t.shape) for name, t in of.items()} for of in (own, renamed))
    faults = [
        f"{name} is {given.get(name, 'missing')}, the network wants {wanted.get(name, 'none')}"
        for name in wanted | given
        if wanted.get(name) != given.get(name) and not name.endswith("num_batches_tracked")
    ]
    if faults:
        shown = "; ".join(faults[:8]) + (f"; and {len(faults) - 8} more" if len(faults) > 8 else "")
        raise ValueError(f"these weights are not of this network: {shown}")
    net.load_state_dict({**own, **renamed})
    return net


class Cost(NamedTuple):
    """What a network costs: weighted layers on its longest path, parameters, multiply-adds of one image."""

    layers: int
    parameters: int
    multiply_adds: int


def cost(net: nn.Module, image_size: int) -> Cost:
    """Count layers, parameters and multiply-adds for one (3, image_size, image_size) image.

    As in the paper, convolutions and linear layers count as layers and as multiply-adds, projections and gates as
    multiply-adds only, batch norm and additions not at all (He 2015, Table 1). `net` may live on the meta device.
    """
    layers = probes.main_path(net, (nn.Conv2d, nn.Linear))
    with probes.untouched(net), torch.no_grad(), FlopCounterMode(display=False) as counter:
        net.eval()(torch.empty(1, 3, image_size, image_size, device=next(net.parameters()).device))
    parameters = sum(p.numel() for p in net.parameters())
    return Cost(len(layers), parameters, multiply_adds=counter.get_total_flops() // 2)


def catalogue() -> list[tuple[str, Cost, str]]:
    """The papers' networks: name, cost, and what the paper says (He 2015, Tables 1 and 6; He 2016, Table 5)."""
    of_cifar = {20: "0.27M", 32: "0.46M", 44: "0.66M", 56: "0.85M", 110: "1.7M", 1202: "19.4M"}
    of_preactivation = {164: "1.7M", 1001: "10.2M"}
    of_imagenet = {18: "1.8e9", 34: "3.6e9", 50: "3.8e9", 101: "7.6e9", 152: "11.3e9"}
    with torch.device("meta"):
        rows = [(f"CIFAR ResNet-{d}", cost(cifar(d), 32), f"{said} parameters") for d, said in of_cifar.items()]
        for d, said in of_preactivation.items():
            rows.append((f"CIFAR pre-act {d}", cost(cifar(d, "preactivation"), 32), f"{said} parameters"))
        for d, said in of_imagenet.items():
            rows.append((f"ImageNet ResNet-{d}", cost(imagenet(d), 224), f"{said} multiply-adds"))
    return rows
