"""Building blocks: plain, residual, bottleneck, pre-activation; shortcuts A, B and C.

Every block has two parts: `residual`, the branch F, and `shortcut`, what carries x past it.

Sources: He et al. 2015 (arXiv 1512.03385), Sec. 3.2-3.3 and 4.1; He et al. 2016
(arXiv 1603.05027), Fig. 1.
"""

import torch
from torch import Tensor, nn

SHORTCUTS = ("A", "B", "C")


def conv3x3(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """3x3 convolution, padding 1, no bias (batch norm follows and has its own)."""
    return nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)


def conv1x1(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """1x1 convolution, no bias."""
    return nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)


class ZeroPadShortcut(nn.Module):
    """Option A: take every stride-th pixel, pad new channels with zeros; no parameters.

    Half the zeros come before the old channels, half after, as in published weights.

    Raises:
        ValueError: Fewer channels than before.

    Source: He 2015, Sec. 4.1.
    """

    def __init__(self, new_channels: int, stride: int):
        super().__init__()
        if new_channels < 0:
            raise ValueError(
                f"option A can add channels but not remove them, got {new_channels}; use option B"
            )
        self.before = new_channels // 2
        self.after = new_channels - self.before
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]  # (N, C, H, W) -> (N, C, H/stride, W/stride)
        return nn.functional.pad(x, (0, 0, 0, 0, self.before, self.after))  # -> (N, C + new, ...)


def make_shortcut(option: str, in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Shortcut for one block.

    Args:
        option: "A": identity, zero-padded where the shape changes. "B": identity, a 1x1 projection
            with batch norm where the shape changes. "C": a projection everywhere.
        in_channels: Of the block's input.
        out_channels: Of its output.
        stride: Of its first layer.

    Raises:
        ValueError: Any other option.

    Source: He 2015, Sec. 4.1.
    """
    if option not in SHORTCUTS:
        raise ValueError(f"shortcut must be one of {', '.join(SHORTCUTS)}, got {option!r}")
    changes_shape = stride != 1 or in_channels != out_channels
    if option == "C" or (option == "B" and changes_shape):
        projection = conv1x1(in_channels, out_channels, stride)
        return nn.Sequential(projection, nn.BatchNorm2d(out_channels))
    if changes_shape:
        return ZeroPadShortcut(out_channels - in_channels, stride)
    return nn.Identity()


def two_layer_branch(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """Two 3x3 convolutions: (N, in, H, W) -> (N, out, H/stride, W/stride).

    Source: He 2015, Fig. 5 left.
    """
    return nn.Sequential(
        conv3x3(in_channels, out_channels, stride),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        conv3x3(out_channels, out_channels),
        nn.BatchNorm2d(out_channels),
    )


def bottleneck_branch(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """1x1 down to out/4 channels, 3x3, 1x1 back up: (N, in, H, W) -> (N, out, H/stride, W/stride).

    The stride sits in the 3x3 layer, as in torchvision; the paper puts it in the first 1x1.

    Source: He 2015, Fig. 5 right.
    """
    inner = out_channels // 4
    return nn.Sequential(
        conv1x1(in_channels, inner),
        nn.BatchNorm2d(inner),
        nn.ReLU(),
        conv3x3(inner, inner, stride),
        nn.BatchNorm2d(inner),
        nn.ReLU(),
        conv1x1(inner, out_channels),
        nn.BatchNorm2d(out_channels),
    )


class PlainBlock(nn.Module):
    """H(x) = F(x): the layers of a residual block without its shortcut, the paper's control."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        super().__init__()
        self.residual = two_layer_branch(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.residual(x))


class ResidualBlock(nn.Module):
    """H(x) = F(x) + x over two 3x3 layers (He 2015, Eq. 1 and 2)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, shortcut: str = "A"):
        super().__init__()
        self.residual = two_layer_branch(in_channels, out_channels, stride)
        self.shortcut = make_shortcut(shortcut, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.residual(x) + self.shortcut(x))  # H(x) = F(x) + x, then ReLU


class BottleneckBlock(nn.Module):
    """H(x) = F(x) + x over a 1x1-3x3-1x1 bottleneck (He 2015, Fig. 5 right)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, shortcut: str = "B"):
        super().__init__()
        self.residual = bottleneck_branch(in_channels, out_channels, stride)
        self.shortcut = make_shortcut(shortcut, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.residual(x) + self.shortcut(x))  # H(x) = F(x) + x, then ReLU


class PreActivationBottleneck(nn.Module):
    """x + F(x) with batch norm and ReLU before each convolution; nothing after the sum.

    Where the shape changes, one pre-activation feeds the branch and the projection alike.

    Source: He 2016, Fig. 1b.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        super().__init__()
        self.activate = nn.Sequential(nn.BatchNorm2d(in_channels), nn.ReLU())
        branch = bottleneck_branch(in_channels, out_channels, stride)
        self.residual = branch[:-1]  # its last batch norm went up front
        self.changes_shape = stride != 1 or in_channels != out_channels
        self.shortcut: nn.Module = nn.Identity()
        if self.changes_shape:
            self.shortcut = conv1x1(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        activated = self.activate(x)
        return self.residual(activated) + self.shortcut(activated if self.changes_shape else x)
