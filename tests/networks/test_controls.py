"""Controls differ from the networks they control in one thing, and start from the same weights."""

import pytest
import torch
from torch import Tensor, nn

from resnet_course.networks import cifar
from resnet_course.networks.variants import Gated

# With a batch norm before the head, and without.
HEAD_NORM_PAIRS = [
    ("head-bn", ""),
    ("relu-before-addition-head-bn", "relu-before-addition"),
    ("relu-only-preactivation-head-bn", "relu-only-preactivation"),
    ("full-preactivation", "full-preactivation-no-head-bn"),
]


def network(variant: str) -> nn.Module:
    torch.manual_seed(0)
    return cifar(14, width=4, variant=variant)


def convolutions(net: nn.Module) -> list[Tensor]:
    return [m.weight for m in net.modules() if isinstance(m, nn.Conv2d)]


@pytest.mark.parametrize(("with_norm", "without"), HEAD_NORM_PAIRS)
def test_an_arm_with_the_head_norm_has_one_batch_norm_more_and_the_same_weights(
    with_norm: str, without: str
) -> None:
    normed, bare = network(with_norm), network(without)
    counts = [sum(isinstance(m, nn.BatchNorm2d) for m in net.modules()) for net in (normed, bare)]
    assert counts[0] == counts[1] + 1
    pairs = zip(convolutions(normed), convolutions(bare), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("variant", ["", "relu-before-addition"])
def test_the_head_norm_makes_logits_deaf_to_the_scale_of_the_last_map(variant: str) -> None:
    net = network("head-bn" if not variant else f"{variant}-head-bn").train()
    last_map = torch.randn(64, 16, 4, 4, generator=torch.Generator().manual_seed(0))
    norm = net.stages[-1]

    def logits(x: Tensor) -> Tensor:
        return net.head(norm(x).mean((2, 3)))

    torch.testing.assert_close(logits(last_map), logits(1000 * last_map), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("variant", ["shortcut-only-gating-open", "exclusive-gating"])
def test_a_zeroed_gate_is_as_open_as_its_bias_says_whatever_comes(variant: str) -> None:
    net = network(f"{variant}-zeroed")
    x = 1000 * torch.randn(2, 4, 8, 8)
    gate = next(m.gate for m in net.modules() if isinstance(m, Gated))
    torch.testing.assert_close(gate(x), torch.full_like(gate(x), -6.0))
