"""Without batch norm the first weights alone can keep a signal at one size."""

import pytest
import torch
from torch import Tensor, nn

from resnet_course.networks import cifar
from resnet_course.networks.variants import NOISE
from resnet_course.probes import layer_responses

RESCALED = "no-normalisation-rescaled"


def network(depth: int, variant: str, arch: str = "plain") -> nn.Module:
    torch.manual_seed(0)
    return cifar(depth, arch, width=4, variant=variant).eval()


def responses(net: nn.Module, images: Tensor) -> list[float]:
    with layer_responses(net, nn.Conv2d) as stds, torch.no_grad():
        net(images)
    return list(stds.values())


def noise(seed: int) -> Tensor:
    return torch.randn(NOISE, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("arch", ["plain", "residual"])
def test_every_response_to_the_noise_is_of_unit_size(arch: str) -> None:
    assert responses(network(20, RESCALED, arch), noise(0)) == pytest.approx([1.0] * 19, rel=1e-3)


def test_other_noise_still_reaches_the_last_of_56_layers() -> None:
    assert responses(network(56, RESCALED), noise(1))[-1] > 0.5
    assert responses(network(56, "no-normalisation"), noise(1))[-1] < 0.1


def test_rescaling_changes_the_length_of_weights_and_not_their_direction() -> None:
    rescaled, bare = network(20, RESCALED), network(20, "no-normalisation")
    for one, other in zip(rescaled.parameters(), bare.parameters(), strict=True):
        if one.dim() == 4:
            cosine = torch.cosine_similarity(one.flatten(), other.flatten(), dim=0).item()
            assert cosine == pytest.approx(1, abs=1e-5)


def test_a_rescaled_network_has_no_batch_norm_and_no_hook_left() -> None:
    net = network(20, RESCALED)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in net.modules())
    assert not any(module._forward_hooks for module in net.modules())


def test_rescaling_leaves_the_random_numbers_of_others_alone() -> None:
    torch.manual_seed(0)
    cifar(8, "plain", variant=RESCALED)
    after_rescaling = torch.rand(1)
    torch.manual_seed(0)
    cifar(8, "plain", variant="no-normalisation")
    assert torch.equal(torch.rand(1), after_rescaling)
