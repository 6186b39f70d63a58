"""The loss with the batch's statistics and with the running ones: two questions, both traceless."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from resnet_course import probes
from resnet_course.networks import cifar

PIXELS = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(3))
LABELS = torch.arange(8)


@pytest.fixture(params=["plain", "residual"])
def net(request: pytest.FixtureRequest) -> nn.Module:
    """A network with running statistics of other images than it is asked about."""
    torch.manual_seed(0)
    net = cifar(14, request.param, width=4)
    for _ in range(3):
        net.train()(torch.randn(16, 3, 16, 16))
    return net.eval()


def state(net: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def test_with_batch_statistics_the_loss_is_that_of_a_training_step(net: nn.Module) -> None:
    measured = probes.batch_loss(net, PIXELS, LABELS, statistics="batch")
    assert measured == pytest.approx(cross_entropy(net.train()(PIXELS), LABELS).item(), rel=1e-6)


def test_with_running_statistics_the_loss_is_that_of_the_network_in_use(net: nn.Module) -> None:
    measured = probes.batch_loss(net, PIXELS, LABELS, statistics="running")
    assert measured == pytest.approx(cross_entropy(net.eval()(PIXELS), LABELS).item(), rel=1e-6)


def test_the_batchs_statistics_are_what_is_asked_for_where_nothing_is_said(net: nn.Module) -> None:
    said = probes.batch_loss(net, PIXELS, LABELS, statistics="batch")
    assert probes.batch_loss(net, PIXELS, LABELS) == said


@pytest.mark.parametrize("statistics", probes.STATISTICS)
@pytest.mark.parametrize("training", [True, False])
def test_neither_kind_of_statistics_leaves_a_trace(
    net: nn.Module, statistics: probes.BatchNormStatistics, training: bool
) -> None:
    net.train(training)
    before = state(net)
    probes.surface(
        net, [probes.random_direction(net, 0)], [(0.0,), (0.5,)], PIXELS, LABELS, statistics
    )
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert all(module.training == training for module in net.modules())


def test_an_images_logits_depend_on_its_company_with_the_batchs_statistics_alone(
    net: nn.Module,
) -> None:
    """The loss of two batches of eight, taken apart, is that of the sixteen with running ones."""
    others = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(4))
    together = torch.cat([PIXELS, others]), torch.cat([LABELS, LABELS])
    for statistics, is_alike in (("running", True), ("batch", False)):
        apart = [probes.batch_loss(net, x, LABELS, statistics) for x in (PIXELS, others)]
        whole = probes.batch_loss(net, *together, statistics)
        assert (sum(apart) / 2 == pytest.approx(whole, rel=1e-5)) is is_alike


def test_the_scale_of_a_filter_before_a_batch_norm_is_seen_by_running_statistics_alone(
    net: nn.Module,
) -> None:
    losses = {s: probes.batch_loss(net, PIXELS, LABELS, s) for s in probes.STATISTICS}
    with torch.no_grad():
        net.stem[0].weight *= 10
    assert probes.batch_loss(net, PIXELS, LABELS, "batch") == pytest.approx(
        losses["batch"], rel=1e-3
    )
    moved = probes.batch_loss(net, PIXELS, LABELS, "running")
    assert abs(moved - losses["running"]) > 0.01


def test_a_surface_is_made_with_the_statistics_that_are_asked_for(net: nn.Module) -> None:
    direction = probes.random_direction(net, 0)
    (there,) = probes.surface(net, [direction], [(0.7,)], PIXELS, LABELS, "running")
    with probes.displaced(net, [direction], [0.7]):
        assert there == probes.batch_loss(net, PIXELS, LABELS, "running")
        assert there != probes.batch_loss(net, PIXELS, LABELS, "batch")


def test_another_kind_of_statistics_is_refused_with_those_there_are(net: nn.Module) -> None:
    with pytest.raises(ValueError, match="one of batch, running"):
        probes.batch_loss(net, PIXELS, LABELS, statistics="stored")  # type: ignore[arg-type]
