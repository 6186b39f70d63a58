"""The residual block of He 2015 with one thing changed, to see whether that thing matters.

Shortcuts and activation orders are those of He 2016 (arXiv 1603.05027, Sec. 3, Tables 1 and 2). A
change edits a new block in place, or is a block of its own; as in `blocks`, F is `residual` and
what carries x is `shortcut`.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from .blocks import ResidualBlock, conv1x1, conv3x3
from .network import Network


class Gated(ResidualBlock):
    """relu(F(x) + (1 - g(x)) x), the gate g a 1x1 convolution and a sigmoid.

    Args:
        in_channels: Of the input.
        out_channels: Of the output.
        stride: Of the first layer.
        bias: The gate's initial bias: were its weights zero, 0 would halve the shortcut and -6
            leave it nearly whole.
        exclusive: relu(g F + (1 - g) x) instead.

    Source: He 2016, Fig. 2c and 2d.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        bias: float = 0.0,
        exclusive: bool = False,
    ):
        super().__init__(in_channels, out_channels, stride)
        self.gate = nn.Conv2d(in_channels, out_channels, 1, stride)
        self.exclusive = exclusive
        assert self.gate.bias is not None
        nn.init.constant_(self.gate.bias, bias)

    def forward(self, x: Tensor) -> Tensor:
        g = torch.sigmoid(self.gate(x))
        branch = g * self.residual(x) if self.exclusive else self.residual(x)
        return torch.relu(branch + (1 - g) * self.shortcut(x))


class BatchNormAfterAddition(ResidualBlock):
    """relu(BN(F(x) + x)) (He 2016, Fig. 4b)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        super().__init__(in_channels, out_channels, stride)
        self.last = self.residual[-1]
        self.residual = self.residual[:-1]

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
    """x + F(x), F's layers activated before they convolve.

    `full`: by batch norm and ReLU (He 2016, Fig. 4e); otherwise by ReLU only, with batch norm after
    the convolution (Fig. 4d).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, full: bool = True):
        super().__init__(in_channels, out_channels, stride)
        first, bn1, relu, second, bn2 = self.residual
        if full:
            norm = nn.BatchNorm2d(in_channels)
            self.residual = nn.Sequential(norm, relu, first, bn1, relu, second)
        else:
            self.residual = nn.Sequential(relu, first, bn1, relu, second, bn2)

    def forward(self, x: Tensor) -> Tensor:
        return self.residual(x) + self.shortcut(x)


class StochasticDepth(ResidualBlock):
    """In training, F is left out with probability 1 - `survival`, drawn for the whole batch.

    In eval mode F counts `survival` times. `finalise_variant` sets the probabilities along the
    network.

    Source: Huang 2016 (arXiv 1603.09382), Sec. 3.
    """

    survival = 1.0

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return torch.relu(self.survival * self.residual(x) + self.shortcut(x))
        if torch.cuda.is_available() and torch.cuda.is_current_stream_capturing():
            raise RuntimeError(
                "a CUDA graph would leave out the same blocks at every step; train without a graph"
            )
        if torch.rand(()).item() < self.survival:
            return super().forward(x)
        # Zero, with a zero gradient for the optimizer.
        nothing = sum(0 * weight.sum() for weight in self.residual.parameters())
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


def _layers(block: ResidualBlock) -> tuple[nn.Conv2d, nn.Conv2d, nn.BatchNorm2d]:
    """The two convolutions of F, and the batch norm at its end."""
    first, _, _, second, last = block.residual
    assert isinstance(first, nn.Conv2d)
    assert isinstance(second, nn.Conv2d)
    assert isinstance(last, nn.BatchNorm2d)
    return first, second, last


@edited
def one_layer(block: ResidualBlock) -> None:
    """A single 3x3 layer in F (He 2015, Sec. 3.2: "we have not observed advantages")."""
    block.residual = block.residual[:2]  # conv, batch norm


@edited
def three_layers(block: ResidualBlock) -> None:
    """Three 3x3 layers in F."""
    channels = _layers(block)[-1].num_features
    block.residual.extend([nn.ReLU(), conv3x3(channels, channels), nn.BatchNorm2d(channels)])


@edited
def zero_init(block: ResidualBlock) -> None:
    """The last batch norm's scale starts at 0, and with it F: blocks start as the identity.

    Source: Goyal 2017 (arXiv 1706.02677), Sec. 5.1.
    """
    nn.init.zeros_(_layers(block)[-1].weight)


@edited
def dropout_in_branch(block: ResidualBlock) -> None:
    """Dropout of 0.3 between the two layers of F (Zagoruyko 2016, Sec. 2.4)."""
    block.residual.insert(3, nn.Dropout(0.3))  # after the ReLU


@edited
def skip_init(block: ResidualBlock) -> None:
    """relu(a F(x) + x), a a learned number that starts at 0; biases, and no batch norm.

    Source: De and Smith 2020 (arXiv 2002.10444), SkipInit.
    """
    first, second, _ = _layers(block)
    for layer in (first, second):
        layer.bias = nn.Parameter(torch.zeros(layer.out_channels))
    block.residual = nn.Sequential(first, nn.ReLU(), second, Scale())


@edited
def dropout_shortcut(block: ResidualBlock) -> None:
    """relu(F(x) + dropout(x)), half of the shortcut's numbers dropped in training."""
    block.shortcut = nn.Sequential(block.shortcut, nn.Dropout(0.5))


@edited
def conv_shortcut(block: ResidualBlock) -> None:
    """relu(F(x) + W x), W a 1x1 convolution on every shortcut, without option C's batch norm."""
    first, _, _ = _layers(block)
    block.shortcut = conv1x1(first.in_channels, first.out_channels, first.stride[0])


# Name of a variant -> maker of its blocks; OF_ANY_NETWORK changes networks of whatever blocks.
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
OF_ANY_NETWORK = ("no-normalisation", "no-normalisation-rescaled", "head-bn")
WITHOUT_BATCH_NORM = (
    "skip-init",
    "skip-init-head-bn",
    "no-normalisation",
    "no-normalisation-rescaled",
)
NOISE = (64, 3, 16, 16)  # images of noise by whose responses weights are rescaled
NAMES = (*BLOCKS, *OF_ANY_NETWORK)
LAYERS = {"one-layer": 1, "three-layers": 3}  # 3x3 layers a block, where not 2


def finalise_variant(name: str, net: Network, last: float = 0.5) -> Network:
    """`net` of blocks of a variant, with what blocks cannot know of the whole, in place.

    Pre-activated sums have no activation of their own, so one follows the last (He 2016, Sec. 3);
    "…head-bn" puts a batch norm between the last block and the head; skip-init has no batch norm in
    the stem either; without normalisation, rescaled weights make each response of unit size; zeroed
    gates start at their bias alone; survival falls in a line from 1 at the input to `last` (Huang
    2016, Sec. 3).
    """
    if name in WITHOUT_BATCH_NORM:
        _remove_batch_norms(net)
    if name == "no-normalisation-rescaled":
        rescale_weights(net)
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


@torch.no_grad()
def rescale_weights(net: nn.Module) -> None:
    """Divide each convolution's weights by the standard deviation of its output on noise, in place.

    Each response is then of unit size, as it is after a batch norm, but by the first weights alone:
    nothing normalises while the network trains. The noise is the same for all networks.

    Source: Mishkin 2015 (arXiv 1511.06422), who use images and orthogonal weights.
    """

    def rescale(layer: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        assert isinstance(layer, nn.Conv2d)
        size = output.std()
        layer.weight /= size
        return output / size

    layers = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    hooks = [layer.register_forward_hook(rescale) for layer in layers]
    net(torch.randn(NOISE, generator=torch.Generator().manual_seed(0)))
    for hook in hooks:
        hook.remove()


def _set_survival(net: Network, last: float) -> None:
    blocks = [module for module in net.modules() if isinstance(module, StochasticDepth)]
    for number, block in enumerate(blocks, 1):
        block.survival = 1 - number / len(blocks) * (1 - last)
