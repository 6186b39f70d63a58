"""Gradients kept in proportion to the weights that they move."""

import torch
from torch import nn

SHORTEST = 1e-3  # weights count as at least so long: those that start at zero may move (Brock 2021)


@torch.no_grad()
def clip_gradients(net: nn.Module, share: float) -> None:
    """Shorten the gradient of each layer's weights to at most `share` of the length of the weights.

    Lengths are Euclidean, one per convolution and linear layer. Biases and batch norms keep their
    gradients. Nothing waits for the device, so that a captured step clips as an eager one does. A
    gradient that is not finite stays so: a run that diverges is not hidden.

    Args:
        net: Of which gradients have been computed.
        share: Greater than 0; at 0.1 a step of learning rate 0.1 without momentum moves no layer by
            more than a hundredth of its length.

    Source: Brock 2021 (arXiv 2102.06171), Sec. 4, there for each unit of a layer.
    """
    weights: list[torch.Tensor] = []
    gradients: list[torch.Tensor] = []
    for parameter in net.parameters():
        if parameter.dim() > 1 and parameter.grad is not None:
            weights.append(parameter)
            gradients.append(parameter.grad)
    longest = share * torch.stack(torch._foreach_norm(weights)).clamp_min(SHORTEST)
    lengths = torch.stack(torch._foreach_norm(gradients))
    factors = torch.where(lengths > longest, longest / lengths, 1.0)
    torch._foreach_mul_(gradients, list(factors.unbind()))
