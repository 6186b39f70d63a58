"""Networks deepened by blocks that do nothing (the construction of He 2015, Sec. 1)."""

import copy

import torch
from torch import Tensor, nn

from ..networks.models import blocks_per_stage
from ..networks.network import Network
from .responses import block_outputs


def insert_identity_blocks(stage: nn.Sequential, at: int, count: int) -> nn.Sequential:
    """A copy of a stage with new blocks, each of which returns its input exactly.

    They are copies of the block before them: a residual one with F = 0, a plain one with kernels
    that copy and batch norms that do nothing in eval mode. Equal to the last bit where no input is
    negative, as after a ReLU.

    Args:
        stage: Left as it is.
        at: Position of the first new block, at least 1.
        count: New blocks.

    Raises:
        ValueError: There is no block before `at`, or blocks change the shape.
    """
    if not 1 <= at <= len(stage):
        raise ValueError(f"a graft needs a block before it: at must be 1 … {len(stage)}, got {at}")
    grown = copy.deepcopy(stage)
    pattern = grown[at - 1] if at > 1 or len(grown) == 1 else grown[1]
    for _ in range(count):
        grown.insert(at, _as_identity(copy.deepcopy(pattern)))
    return grown


@torch.no_grad()
def _as_identity(block: nn.Module) -> nn.Module:
    if hasattr(block, "shortcut"):
        _zero_branch(block)  # x + 0
        return block
    for module in block.modules():
        if isinstance(module, nn.Conv2d):
            if module.stride != (1, 1) or module.in_channels != module.out_channels:
                raise ValueError("a plain block that changes the shape cannot become the identity")
            nn.init.dirac_(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
            assert module.running_var is not None
            # So that sqrt(var + eps) is 1 to the last bit.
            nn.init.constant_(module.running_var, 1 - module.eps)
    return block


def _zero_branch(block: nn.Module) -> None:
    """Make a residual block's F zero, by the parameters of its last layer that has any."""
    if not isinstance(block.shortcut, nn.Identity):
        raise ValueError("a block whose shortcut changes its input cannot become the identity")
    assert isinstance(block.residual, nn.Sequential)
    with_parameters = [m for m in block.residual if list(m.parameters(recurse=False))]
    last = with_parameters[-1]
    for parameter in last.parameters():
        nn.init.zeros_(parameter)
    if isinstance(last, nn.BatchNorm2d):
        assert last.running_mean is not None
        nn.init.zeros_(last.running_mean)


@torch.no_grad()
def fit_batch_norms(block: nn.Module, inputs: Tensor) -> None:
    """Give each batch norm of an identity block the mean and variance of `inputs` (N, C, H, W).

    In training mode batch norm would still normalise; after this it undoes what it did, and the
    block is the identity in both modes, up to rounding and the batch's noise.
    """
    variance, mean = torch.var_mean(inputs, (0, 2, 3), correction=0)
    for module in block.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.copy_(mean)
            module.running_var.copy_(variance)
            module.bias.copy_(mean)
            module.weight.copy_((variance + module.eps).sqrt())


def grow(net: Network, depth: int, inputs: Tensor) -> None:
    """Deepen a CIFAR network in place by blocks that do nothing, at the end of each stage.

    Args:
        net: A trained network of two-layer blocks.
        depth: Its depth afterwards, 6n + 2.
        inputs: Images (N, 3, H, W), normalised, to which batch norms of plain blocks are fitted.

    Source: He 2015, Sec. 1, the construction by identity mappings.
    """
    new = blocks_per_stage(depth)
    with block_outputs(net.eval(), lambda x: x) as outputs, torch.no_grad():
        net(inputs)
    for number, stage in enumerate(net.stages):
        assert isinstance(stage, nn.Sequential)
        old = len(stage)
        grown = insert_identity_blocks(stage, old, new - old)
        net.stages[number] = grown
        for block in grown[old:]:
            if not hasattr(block, "shortcut"):
                fit_batch_norms(block, outputs[f"stages.{number}.{old - 1}"])
    net.train()
