"""The loss around trained weights is measured where it is said to be, and the network comes back as it was."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from resnet_course.networks import models
from resnet_course.probes import landscape

X = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(3))
Y = torch.arange(8)


@pytest.fixture(params=["plain", "residual"])
def net(request) -> nn.Module:
    torch.manual_seed(0)
    net = models.cifar(14, request.param, width=4)
    for _ in range(3):
        net.train()(torch.randn(16, 3, 16, 16))
    return net.eval()


def state(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def assert_as_it_was(net: nn.Module, before: dict[str, torch.Tensor]) -> None:
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert not any(module.training for module in net.modules())


def test_every_filter_of_a_direction_is_as_long_as_the_networks_own(net):
    for weight, step in zip(net.parameters(), landscape.random_direction(net, 0), strict=True):
        if weight.dim() > 1:
            assert torch.allclose(
                step.flatten(1).norm(dim=1), weight.detach().flatten(1).norm(dim=1), rtol=1e-5
            )


def test_a_direction_moves_neither_batch_norms_nor_biases(net):
    directions = zip(net.parameters(), landscape.random_direction(net, 0), strict=True)
    assert all(not step.any() for weight, step in directions if weight.dim() < 2)


def test_a_filter_of_zeros_stays_where_it_is(net):
    nn.init.zeros_(net.stem[0].weight)
    step = landscape.random_direction(net, 0)[0]
    assert torch.equal(step, torch.zeros_like(step))


def test_a_direction_is_drawn_from_its_seed_alone(net):
    torch.manual_seed(1)
    first, again, other = (landscape.random_direction(net, seed) for seed in (5, 5, 6))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_twins_of_one_seed_are_given_the_same_direction():
    nets = []
    for kind in ("plain", "residual"):
        torch.manual_seed(0)
        nets.append(models.cifar(14, kind, width=4))
    pairs = zip(*(landscape.random_direction(net, 0) for net in nets), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_displaced_weights_are_where_they_were_sent(net):
    before = [weight.detach().clone() for weight in net.parameters()]
    one, two = (landscape.random_direction(net, seed) for seed in (0, 1))
    with landscape.displaced(net, [one, two], [0.5, -2.0]):
        for weight, old, a, b in zip(net.parameters(), before, one, two, strict=True):
            assert torch.allclose(weight, old + 0.5 * a - 2.0 * b, atol=1e-6)


def test_weights_come_back_to_the_last_bit(net):
    before = state(net)
    with landscape.displaced(net, [landscape.random_direction(net, 0)], [0.3]):
        pass
    assert_as_it_was(net, before)


def test_weights_come_back_when_something_goes_wrong(net):
    before = state(net)
    with (
        pytest.raises(RuntimeError),
        landscape.displaced(net, [landscape.random_direction(net, 0)], [0.3]),
    ):
        raise RuntimeError
    assert_as_it_was(net, before)


def test_as_many_distances_as_directions_are_needed(net):
    before = state(net)
    with (
        pytest.raises(ValueError, match="zip"),
        landscape.displaced(net, [landscape.random_direction(net, 0)], [0.3, 0.1]),
    ):
        pass
    assert_as_it_was(net, before)


def test_the_loss_of_a_batch_is_that_of_a_training_step(net):
    before = state(net)
    measured = landscape.batch_loss(net, X, Y)
    assert_as_it_was(net, before)
    assert measured == pytest.approx(cross_entropy(net.train()(X), Y).item(), rel=1e-6)


def test_a_surface_leaves_no_trace(net):
    before = state(net)
    landscape.surface(net, [landscape.random_direction(net, 0)], [(-1.0,), (0.0,), (0.5,)], X, Y)
    assert_as_it_was(net, before)


def test_the_surface_at_the_centre_is_the_loss(net):
    directions = [landscape.random_direction(net, seed) for seed in (0, 1)]
    assert landscape.surface(net, directions, [(0.0, 0.0)], X, Y) == [
        landscape.batch_loss(net, X, Y)
    ]


def test_the_surface_is_as_high_as_the_loss_of_a_network_moved_by_hand(net):
    direction = landscape.random_direction(net, 0)
    (there,) = landscape.surface(net, [direction], [(0.7,)], X, Y)
    with torch.no_grad():
        for weight, step in zip(net.parameters(), direction, strict=True):
            weight.add_(0.7 * step)
    assert there == pytest.approx(landscape.batch_loss(net, X, Y), rel=1e-5)


def test_scaling_a_filter_before_batch_norm_leaves_the_slice_as_it_is(net):
    points = [(-0.5,), (0.0,), (0.2,), (1.0,)]
    before = landscape.surface(net, [landscape.random_direction(net, 0)], points, X, Y)
    with torch.no_grad():
        net.stages[1][0].residual[0].weight[2] *= 10
        net.stem[0].weight *= 3
    after = landscape.surface(net, [landscape.random_direction(net, 0)], points, X, Y)
    assert after == pytest.approx(before, rel=1e-3)  # batch norm's epsilon is not scaled


def test_without_the_normalisation_the_scaled_network_looks_flatter(net):
    def rise() -> float:
        """Mean over both sides of a step of one length in the second layer, whatever the filters' own lengths."""
        direction = [torch.zeros_like(weight) for weight in net.parameters()]
        direction[3] = torch.randn(direction[3].shape, generator=torch.Generator().manual_seed(0))
        left, centre, right = landscape.surface(net, [direction], [(-0.5,), (0.0,), (0.5,)], X, Y)
        return abs(left - centre) + abs(right - centre)

    assert net.stages[0][0].residual[0].weight is list(net.parameters())[3]
    before = rise()
    with torch.no_grad():
        net.stages[0][0].residual[0].weight *= 10_000
    assert rise() < before / 5


@pytest.mark.parametrize("curvature", [0.0, 2.0, -3.0])
def test_the_sharpness_of_a_parabola_is_its_second_derivative(curvature):
    distances = (-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0)
    losses = [1.5 - 4.0 * d + curvature * d**2 / 2 for d in distances]
    assert landscape.sharpness(distances, losses) == pytest.approx(curvature)


def test_sharpness_looks_at_the_nearest_points_in_whatever_order():
    assert landscape.sharpness(
        (1.0, 0.0, -0.5, 0.5, -1.0), (9.0, 0.0, 1.0, 1.0, -7.0)
    ) == pytest.approx(8.0)


@pytest.mark.parametrize("distances", [(-1.0, 1.0), (0.0,), (0.0, 1.0), (-1.0, 0.0, 0.5)])
def test_sharpness_refuses_points_that_do_not_surround_the_centre(distances):
    with pytest.raises(ValueError, match="both sides"):
        landscape.sharpness(distances, [1.0] * len(distances))
