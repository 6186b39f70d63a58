"""Networks for students' functions to be tried on: used as in the middle of a training, or made to fail."""

import torch
from torch import Tensor, nn


class Given(nn.Module):
    """Gives out a certain tensor, whatever comes in."""

    def __init__(self, tensor: Tensor):
        super().__init__()
        self.tensor = tensor

    def forward(self, x: Tensor) -> Tensor:
        return self.tensor


class Interrupted(RuntimeError):
    """What a network raises that is made to fail."""


def somebody_elses_hook(module: nn.Module, inputs: object, output: object) -> None:
    """A hook that a caller may have attached, and that does nothing."""


def stirred(module: nn.Module) -> nn.Module:
    """The module with random weights, scales, shifts and statistics, so that none can be left out unseen."""
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                one = tensor.dim() < 2
                tensor.copy_(0.5 + torch.rand_like(tensor) if one else torch.randn_like(tensor) / 4)
    return module


def lived_in(net: nn.Module, training: bool = True, mixed: bool = True) -> nn.Module:
    """The network as it is in the middle of a fine-tuning.

    Its weights and statistics are random; if `mixed`, one layer stands in the other mode than the rest; a
    parameter is frozen, another has a gradient; a batch norm has another momentum; and somebody has attached a hook.
    """
    stirred(net).train(training)
    norms = [m for m in net.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    leaves = [m for m in net.modules() if not list(m.children())]
    for norm in norms[:1]:
        norm.momentum = 0.3
    odd_one = (norms or leaves)[-1]
    if mixed and odd_one is not net:
        odd_one.train(not training)
    parameters = list(net.parameters())
    for parameter in parameters[-1:]:
        parameter.grad = torch.ones_like(parameter)
    for parameter in parameters[:1]:
        parameter.requires_grad_(len(parameters) == 1)
    leaves[0].register_forward_hook(somebody_elses_hook)
    return net


def failing(net: nn.Module) -> nn.Module:
    """The network, made to fail when about half of its layers have run."""

    def fail(_module: nn.Module, _inputs: object) -> None:
        raise Interrupted("this network was made to fail, to see what is left behind")

    leaves = [m for m in net.modules() if not list(m.children())]
    leaves[len(leaves) // 2].register_forward_pre_hook(fail)
    return net
