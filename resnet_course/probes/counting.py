"""What a network costs, counted: layers, parameters, multiply-adds."""

from typing import NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ..networks.models import cifar, imagenet
from .hooks import preserve_state
from .parts import main_path


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
    layers = main_path(net, (nn.Conv2d, nn.Linear))
    with preserve_state(net), torch.no_grad(), FlopCounterMode(display=False) as counter:
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
