"""The residual block of He 2015 with one thing changed, to see whether that thing matters.

Shortcuts and activation orders are those of He 2016 (arXiv 1603.05027, Sec. 3, Tables 1 and 2). A change edits a new
block in place, or is a block of its own; as in `blocks`, F is `residual` and what carries x is `shortcut`.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from .blocks import ResidualBlock, conv1x1, conv3x3
from .network import Network


class Gated(ResidualBlock):
    """relu(F(x) + (1 - g(x)) x), the gate g a 1x1 convolution and a sigmoid; `exclusive`: relu(g F + (1 - g) x).

    `bias` is the gate's initial bias: at 0 it halves the shortcut at first, at -6 it leaves it nearly whole.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, bias: float = 0.0, exclusive: bool = False
    ):
        super().__init__(in_channels, out_channels, stride)
        self.gate, self.exclusive = nn.Conv2d(in_channels, out_channels, 1, stride), exclusive
        nn.init.constant_(self.gate.bias, bias)

    def forward(self, x: Tensor) -> Tensor:
        g = torch.sigmoid(self.gate(x))
        branch = g * self.residual(x) if self.exclusive else self.residual(x)
        return torch.relu(branch + (1 - g) * self.shortcut(x))


class BatchNormAfterAddition(ResidualBlock):
    """relu(BN(F(x) + x)) (He 2016, Fig. 4b)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        super().__init__(in_channels, out_channels, stride)
        self.residual, self.last = self.residual[:-1], self.residual[-1]

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.last(self.residual(x) + self.shortcut(x)))


class ReLUBeforeAddition(ResidualBlock):
    """relu(F(x)) + x: what is added is never negative (He 2016, Fig. 4c)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.residual(x)) + self.shortcut(x)


class ScaledShortcut(ResidualBlock):
    """relu(F(x) + x / 2)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.residual(x) + self.shortcut(x) / 2)


class PreActivation(ResidualBlock):
    """x + F(x), F's layers activated before they convolve: by ReLU only, batch norm following the convolution
    (He 2016, Fig. 4d), or by batch norm and ReLU (`full`, Fig. 4e)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, full: bool = True):
        super().__init__(in_channels, out_channels, stride)
        first, bn1, relu, second, bn2 = self.residual
        if full:
            self.residual = nn.Sequential(nn.BatchNorm2d(in_channels), relu, first, bn1, relu, second)
        else:
            self.residual = nn.Sequential(relu, first, bn1, relu, second, bn2)

    def forward(self, x: Tensor) -> Tensor:
        return self.residual(x) + self.shortcut(x)


class StochasticDepth(ResidualBlock):
    """In training, F is left out with probability 1 - `survival`, drawn for the whole batch; else F times `survival`
    (Huang 2016, Sec. 3). `finalise_variant` sets the probabilities along the network."""

    survival = 1.0

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return torch.relu(self.survival * self.residual(x) + self.shortcut(x))
        if torch.cuda.is_available() and torch.cuda.is_current_stream_capturing():
            raise RuntimeError("a CUDA graph would leave out the same blocks at every step; train without a graph")
        if torch.rand(()).item() < self.survival:
            return super().forward(x)
        nothing = sum(0 * weight.sum() for weight in self.residual.parameters())  # a zero gradient, for the optimizer
        return torch.relu(nothing + self.shortcut(x))


class Scale(nn.Module):
    """Times a learned number that starts at 0."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


def edited(change: Callable[[ResidualBlock], None]) -> Callable[..., ResidualBlock]:
    """A maker of residual blocks that are changed as soon as they are made."""

    def make(in_channels: int, out_channels: int, stride: int = 1) -> ResidualBlock:
        block = ResidualBlock(in_channels, out_channels, stride)
        change(block)
        return block

    return make


@edited
def one_layer(block: ResidualBlock) -> None:
    """A single 3x3 layer in F (He 2015, Sec. 3.2: "we have not observed advantages")."""
    block.residual = block.residual[:2]  # conv, batch norm


@edited
def three_layers(block: ResidualBlock) -> None:
    """Three 3x3 layers in F."""
    channels = block.residual[-1].num_features
    block.residual.extend([nn.ReLU(), conv3x3(channels, channels), nn.BatchNorm2d(channels)])


@edited
def zero_init(block: ResidualBlock) -> None:
    """The last batch norm's scale starts at 0, and with it F: every block starts as the identity (Goyal 2017)."""
    nn.init.zeros_(block.residual[-1].weight)


@edited
def dropout_in_branch(block: ResidualBlock) -> None:
    """Dropout of 0.3 between the two layers of F (Zagoruyko 2016, Sec. 2.4)."""
    block.residual.insert(3, nn.Dropout(0.3))  # after the ReLU


@edited
def skip_init(block: ResidualBlock) -> None:
    """relu(a F(x) + x), a a learned number that starts at 0, and no batch norm; layers have biases (De 2020)."""
    first, _, relu, second, _ = block.residual
    for layer in (first, second):
        layer.bias = nn.Parameter(torch.zeros(layer.out_channels))
    block.residual = nn.Sequential(first, relu, second, Scale())


@edited
def dropout_shortcut(block: ResidualBlock) -> None:
    """relu(F(x) + dropout(x)), half of the shortcut's numbers dropped in training."""
    block.shortcut = nn.Sequential(block.shortcut, nn.Dropout(0.5))


@edited
def conv_shortcut(block: ResidualBlock) -> None:
    """relu(F(x) + W x), W a 1x1 convolution on every shortcut; without the batch norm of option C."""
    first = block.residual[0]
    block.shortcut = conv1x1(first.in_channels, first.out_channels, first.stride[0])


# Name of a variant -> maker of its blocks. "no-normalisation" takes the batch norms from any network.
BLOCKS: dict[str, Callable[..., nn.Module]] = {
    "one-layer": one_layer,
    "three-layers": three_layers,
    "zero-init": zero_init,
    "dropout-in-branch": dropout_in_branch,
    "stochastic-depth": StochasticDepth,
    "skip-init": skip_init,
    "scaled-shortcut": ScaledShortcut,
    "shortcut-only-gating": Gated,
    "shortcut-only-gating-open": partial(Gated, bias=-6.0),
    "exclusive-gating": partial(Gated, bias=-6.0, exclusive=True),
    "conv-shortcut": conv_shortcut,
    "dropout-shortcut": dropout_shortcut,
    "bn-after-addition": BatchNormAfterAddition,
    "relu-before-addition": ReLUBeforeAddition,
    "relu-only-preactivation": partial(PreActivation, full=False),
    "full-preactivation": PreActivation,
    # Controls: the same blocks with or without what may explain their effect instead.
    "relu-before-addition-head-bn": ReLUBeforeAddition,
    "relu-only-preactivation-head-bn": partial(PreActivation, full=False),
    "full-preactivation-no-head-bn": PreActivation,
    "skip-init-head-bn": skip_init,
    "shortcut-only-gating-open-zeroed": partial(Gated, bias=-6.0),
    "exclusive-gating-zeroed": partial(Gated, bias=-6.0, exclusive=True),
}
OF_ANY_NETWORK = ("no-normalisation", "head-bn")
NAMES = (*BLOCKS, *OF_ANY_NETWORK)
LAYERS = {"one-layer": 1, "three-layers": 3}  # 3x3 layers a block, where not 2


def finalise_variant(name: str, net: Network, last: float = 0.5) -> Network:
    """`net` of blocks of a variant, with what blocks cannot know of the whole, in place.

    Pre-activated sums have no activation of their own, so one follows the last (He 2016, Sec. 3);
    "…head-bn" puts a batch norm between the last block and the head; skip-init has no batch norm in
    the stem either; zeroed gates start at their bias alone; survival falls in a line from 1 at the
    input to `last` (Huang 2016, Sec. 3).
    """
    if name in ("skip-init", "skip-init-head-bn", "no-normalisation"):
        _remove_batch_norms(net)
    channels = net.head.in_features
    if name in ("relu-only-preactivation", "full-preactivation-no-head-bn"):
        net.stages.append(nn.Sequential(nn.ReLU()))
    if name in ("full-preactivation", "relu-only-preactivation-head-bn"):
        net.stages.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU()))
    if name in ("head-bn", "relu-before-addition-head-bn", "skip-init-head-bn"):
        net.stages.append(nn.Sequential(nn.BatchNorm2d(channels)))
    if name == "stochastic-depth":
        _set_survival(net, last)
    if name.endswith("-zeroed"):
        for module in net.modules():
            if isinstance(module, Gated):
                nn.init.zeros_(module.gate.weight)
    return net


def _remove_batch_norms(net: nn.Module) -> None:
    norms = [place for place, m in net.named_modules() if isinstance(m, nn.BatchNorm2d)]
    for place in norms:
        net.set_submodule(place, nn.Identity())


def _set_survival(net: Network, last: float) -> None:
    blocks = [module for module in net.modules() if isinstance(module, StochasticDepth)]
    for number, block in enumerate(blocks, 1):
        block.survival = 1 - number / len(blocks) * (1 - last)
