"""What a block does to its input, and to its gradient, when the branch F says nothing."""

import pytest
import torch
from torch import nn

from resnet_course.networks.blocks import (
    BottleneckBlock,
    PlainBlock,
    PreActivationBottleneck,
    ResidualBlock,
    ZeroPadShortcut,
    make_shortcut,
)

RESIDUAL = (ResidualBlock, BottleneckBlock)


def images(channels: int = 16) -> torch.Tensor:
    """Non-negative, as after a ReLU, so that the last ReLU of a block does nothing to them."""
    return torch.rand(2, channels, 8, 8, generator=torch.Generator().manual_seed(0))


def silenced(block: nn.Module) -> nn.Module:
    """The block with F(x) = 0: the last layer of the branch, whatever it is, is zero."""
    nn.init.zeros_(block.residual[-1].weight)
    return block.eval()


def projections(block: nn.Module) -> int:
    return sum(isinstance(m, nn.Conv2d) for m in block.shortcut.modules())


@pytest.mark.parametrize("block", RESIDUAL)
def test_a_zeroed_residual_branch_is_the_identity(block):
    x = images()
    assert torch.equal(silenced(block(16, 16))(x), x)


@pytest.mark.parametrize("block", RESIDUAL)
def test_the_last_relu_comes_after_the_sum(block):
    x = images() - 0.5
    assert torch.equal(silenced(block(16, 16))(x), torch.relu(x))


@pytest.mark.parametrize("block", RESIDUAL)
def test_the_output_is_relu_of_branch_plus_shortcut(block):
    one, x = block(16, 32, stride=2, shortcut="B").eval(), images()
    assert torch.equal(one(x), torch.relu(one.residual(x) + one.shortcut(x)))


def test_a_plain_block_with_a_zeroed_branch_forgets_its_input():
    assert not silenced(PlainBlock(16, 16))(images()).any()


def test_a_plain_block_has_the_branch_of_a_residual_block():
    plain, residual = PlainBlock(16, 32, 2).eval(), ResidualBlock(16, 32, 2).eval()
    residual.load_state_dict(plain.state_dict())
    assert torch.equal(plain.residual(images()), residual.residual(images()))


@pytest.mark.parametrize("block", RESIDUAL)
def test_gradients_reach_the_input_undiminished_through_the_identity(block):
    x = images().requires_grad_()
    upstream = torch.randn(2, 16, 8, 8, generator=torch.Generator().manual_seed(1))
    silenced(block(16, 16))(x).backward(upstream)
    assert torch.equal(x.grad, upstream)


def test_no_gradient_passes_a_plain_block_with_a_zeroed_branch():
    x = images().requires_grad_()
    silenced(PlainBlock(16, 16))(x).sum().backward()
    assert not x.grad.any()


def test_option_a_takes_every_second_pixel_and_pads_zeros_on_both_sides():
    x = images()
    out = ZeroPadShortcut(16, 2)(x)
    assert torch.equal(out[:, 8:24], x[:, :, ::2, ::2])
    assert not out[:, :8].any()
    assert not out[:, 24:].any()
    assert out.shape == (2, 32, 4, 4)


def test_a_silenced_option_a_block_only_subsamples_and_pads():
    x = images()
    assert torch.equal(silenced(ResidualBlock(16, 32, 2, "A"))(x), ZeroPadShortcut(16, 2)(x))


def test_option_a_has_no_parameters():
    assert not list(make_shortcut("A", 16, 32, 2).parameters())


@pytest.mark.parametrize(
    ("option", "out_channels", "stride", "count"),
    [
        ("A", 16, 1, 0),
        ("A", 32, 2, 0),
        ("B", 16, 1, 0),
        ("B", 16, 2, 1),
        ("B", 32, 1, 1),
        ("B", 32, 2, 1),
        ("C", 16, 1, 1),
        ("C", 32, 2, 1),
    ],
)
def test_projections_stand_where_the_option_wants_them(option, out_channels, stride, count):
    assert projections(ResidualBlock(16, out_channels, stride, option)) == count


def test_a_projection_is_a_1x1_convolution_and_batch_norm_of_the_strided_input():
    shortcut, x = make_shortcut("B", 16, 32, 2).eval(), images()
    weight = shortcut[0].weight[:, :, 0, 0]
    expected = (
        torch.einsum("oc,nchw->nohw", weight, x[:, :, ::2, ::2]) / (1 + shortcut[1].eps) ** 0.5
    )
    torch.testing.assert_close(shortcut(x), expected)


def test_an_unknown_shortcut_is_refused_with_the_options_there_are():
    with pytest.raises(ValueError, match="shortcut must be one of A, B, C, got 'D'"):
        ResidualBlock(16, 32, 2, "D")


def test_only_the_3x3_layer_of_a_bottleneck_sees_neighbours():
    sizes = [m.kernel_size for m in BottleneckBlock(16, 16).residual if isinstance(m, nn.Conv2d)]
    assert sizes == [(1, 1), (3, 3), (1, 1)]


def test_a_bottleneck_narrows_to_a_quarter():
    widths = [m.out_channels for m in BottleneckBlock(16, 64).residual if isinstance(m, nn.Conv2d)]
    assert widths == [16, 16, 64]


def test_a_silenced_pre_activation_block_is_the_identity_even_for_negative_input():
    x = images() - 0.5
    assert torch.equal(silenced(PreActivationBottleneck(16, 16))(x), x)


def test_nothing_follows_the_sum_of_a_pre_activation_block():
    block, x = PreActivationBottleneck(16, 16).eval(), images() - 0.5
    assert torch.equal(block(x), x + block.residual(block.activate(x)))


def test_a_pre_activation_projection_reads_the_activated_input():
    block, x = silenced(PreActivationBottleneck(16, 32, 2)), images() - 0.5
    assert torch.equal(block(x), block.shortcut(block.activate(x)))


@pytest.mark.parametrize(
    "block", [PlainBlock, ResidualBlock, BottleneckBlock, PreActivationBottleneck]
)
def test_a_stride_of_two_halves_the_map(block):
    assert block(16, 32, stride=2)(images()).shape == (2, 32, 4, 4)


def test_option_a_refuses_to_lose_channels():
    with pytest.raises(ValueError, match="option A can add channels but not remove them"):
        ResidualBlock(32, 16)
