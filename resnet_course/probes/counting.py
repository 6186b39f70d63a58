"""What a network costs, counted: layers, parameters, multiply-adds."""

from typing import NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ..networks.models import cifar, imagenet
from .hooks import preserve_state
from .parts import main_path

# What the papers say: parameters of CIFAR networks (He 2015, Table 6; He 2016, Table 5) and
# multiply-adds of ImageNet networks (He 2015, Table 1).
QUOTED_CIFAR = {20: "0.27M", 32: "0.46M", 44: "0.66M", 56: "0.85M", 110: "1.7M", 1202: "19.4M"}
QUOTED_PREACTIVATION = {164: "1.7M", 1001: "10.2M"}
QUOTED_IMAGENET = {18: "1.8e9", 34: "3.6e9", 50: "3.8e9", 101: "7.6e9", 152: "11.3e9"}


class Cost(NamedTuple):
    """Weighted layers on the longest path, parameters, multiply-adds of one image."""

    layers: int
    parameters: int
    multiply_adds: int


class CatalogueRow(NamedTuple):
    """A network of the papers: its name, what it costs, and what the paper says."""

    name: str
    cost: Cost
    quoted: str


def cost(net: nn.Module, image_size: int) -> Cost:
    """Count layers, parameters and multiply-adds for one (3, image_size, image_size) image.

    As in the paper, convolutions and linear layers count as layers and as multiply-adds,
    projections and gates as multiply-adds only, batch norm and additions not at all. `net` may live
    on the meta device.

    Source: He 2015, Table 1.
    """
    layers = main_path(net, (nn.Conv2d, nn.Linear))
    device = next(net.parameters()).device
    image = torch.empty(1, 3, image_size, image_size, device=device)
    counter = FlopCounterMode(display=False)
    with preserve_state(net), torch.no_grad(), counter:
        net.eval()(image)
    parameters = sum(parameter.numel() for parameter in net.parameters())
    return Cost(len(layers), parameters, multiply_adds=counter.get_total_flops() // 2)


def catalogue() -> list[CatalogueRow]:
    """The papers' networks, counted, beside what the papers say."""
    rows = []
    with torch.device("meta"):
        for depth, quoted in QUOTED_CIFAR.items():
            counted = cost(cifar(depth), 32)
            rows.append(CatalogueRow(f"CIFAR ResNet-{depth}", counted, f"{quoted} parameters"))
        for depth, quoted in QUOTED_PREACTIVATION.items():
            counted = cost(cifar(depth, "preactivation"), 32)
            rows.append(CatalogueRow(f"CIFAR pre-act {depth}", counted, f"{quoted} parameters"))
        for depth, quoted in QUOTED_IMAGENET.items():
            counted = cost(imagenet(depth), 224)
            name = f"ImageNet ResNet-{depth}"
            rows.append(CatalogueRow(name, counted, f"{quoted} multiply-adds"))
    return rows
