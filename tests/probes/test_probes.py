"""Probes tell the truth about a network and leave no trace in it."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from resnet_course import probes
from resnet_course.networks import models
from resnet_course.networks.blocks import PlainBlock, ResidualBlock
from resnet_course.probes import responses

NETS = {
    "plain": lambda: models.cifar(14, "plain", width=4),
    "residual": lambda: models.cifar(14, "residual", width=4),
    "preactivation": lambda: models.cifar(11, "preactivation", width=4),
}


def lived_in(net: nn.Module) -> nn.Module:
    """A network whose batch norms have seen something, in eval mode."""
    torch.manual_seed(1)
    for _ in range(3):
        net.train()(torch.randn(16, 3, 16, 16))
    return net.eval()


@pytest.fixture(params=NETS)
def net(request) -> nn.Module:
    torch.manual_seed(0)
    return lived_in(NETS[request.param]())


@pytest.fixture
def residual() -> nn.Module:
    torch.manual_seed(0)
    return lived_in(NETS["residual"]())


@pytest.fixture
def plain() -> nn.Module:
    torch.manual_seed(0)
    return lived_in(NETS["plain"]())


X = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(3))
Y = torch.arange(8)


def trace(net: nn.Module) -> dict:
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in net.modules()]
    modes = [m.training for m in net.modules()]
    momenta = [m.momentum for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    return {
        "hooks": hooks,
        "modes": modes,
        "momenta": momenta,
        "state": state,
        "grads": [p.grad for p in net.parameters()],
    }


def assert_untouched(net: nn.Module, before: dict) -> None:
    after = trace(net)
    assert all(torch.equal(before["state"][name], after["state"][name]) for name in before["state"])
    assert {k: v for k, v in before.items() if k != "state"} == {
        k: v for k, v in after.items() if k != "state"
    }


PROBES = {
    "layer_responses": lambda net: probes.layer_responses(net),
    "branch_ratios": lambda net: probes.branch_ratios(net),
    "recalibrated": lambda net: probes.with_batch_statistics(net, X),
    "untouched": lambda net: probes.preserve_state(net),
    "lesion": lambda net: probes.lesion(net, list(probes.blocks(net))[1:2]),
    "block_outputs": lambda net: probes.block_outputs(net, lambda x: x.mean((2, 3))),
    "reordered": lambda net: probes.reordered(net.stages[0], [1, 0]),
}


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_leaves_no_trace(residual, name):
    before, expected = trace(residual), residual(X)
    with PROBES[name](residual):
        residual(X)
    assert_untouched(residual, before)
    assert torch.equal(residual(X), expected)


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_leaves_no_trace_after_an_exception_either(residual, name):
    before = trace(residual)

    def fail():
        with PROBES[name](residual):
            residual(X)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert_untouched(residual, before)


@pytest.mark.parametrize("name", ["layer_responses", "branch_ratios", "block_outputs"])
def test_a_probe_that_would_move_statistics_refuses_training_mode(residual, name):
    with (
        pytest.raises(ValueError, match=r"call net\.eval\(\) first"),
        PROBES[name](residual.train()),
    ):
        pass


@pytest.mark.parametrize("name", ["layer_responses", "branch_ratios", "block_outputs"])
def test_watching_does_not_change_what_the_network_says(residual, name):
    expected = residual(X)
    with PROBES[name](residual):
        assert torch.equal(residual(X), expected)


def test_gradients_are_taken_without_a_trace(net):
    before = trace(net)
    probes.weight_gradients(net, X, Y)
    probes.coherence(net, X, Y)
    probes.gradient_autocorrelation(net, X[0], X[1], points=8)
    assert_untouched(net, before)


# layer responses


def test_responses_are_the_standard_deviations_after_each_batch_norm_over_all_batches(plain):
    kept = []
    norms = [m for m in plain.modules() if isinstance(m, nn.BatchNorm2d)]
    hooks = [norms[3].register_forward_hook(lambda _m, _i, out: kept.append(out))]
    with probes.layer_responses(plain) as stds:
        plain(X[:3])
        plain(X[3:])
    hooks[0].remove()
    assert len(stds) == len(norms) == 13
    expected = torch.cat(kept).std(correction=0).item()
    assert list(stds.values())[3] == pytest.approx(expected, rel=1e-5)


def test_projections_are_no_layers_of_the_main_path():
    net = lived_in(models.cifar(14, "residual", "C", width=4))
    with probes.layer_responses(net) as stds:
        net(X)
    assert len(stds) == 13


def test_responses_are_known_for_layers_run_before_an_exception(plain):
    seen = {}

    def fail():
        with probes.layer_responses(plain) as seen["stds"]:
            plain.stem(X)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(seen["stds"]) == ["stem.1"]


def test_a_network_without_such_layers_is_refused():
    refused = pytest.raises(ValueError, match="Linear has no layer of the kind asked for")
    with refused, probes.layer_responses(nn.Linear(1, 1).eval()):
        pass


def test_responses_work_on_networks_of_others():
    from torchvision.models import resnet18

    net = resnet18(weights=None).eval()
    with probes.layer_responses(net) as stds:
        net(torch.randn(1, 3, 64, 64))
    assert len(stds) == 17  # 1 + 8 blocks of 2; the projections' batch norms are left out


def test_responses_work_at_1202_layers():
    net = models.cifar(1202, width=1).eval()
    with probes.layer_responses(net) as stds, torch.no_grad():
        net(X[:1, :, :4, :4])
    assert len(stds) == 1201


# branches


def test_a_branch_as_long_as_its_shortcut_has_ratio_one():
    block = ResidualBlock(4, 4).eval()
    block.residual = nn.Identity()
    with probes.branch_ratios(nn.Sequential(block).eval()) as ratios:
        block(torch.rand(2, 4, 8, 8))
    assert list(ratios.values()) == [pytest.approx(1.0)]


def test_plain_networks_have_no_branch_to_compare(plain):
    with (
        pytest.raises(ValueError, match="no block with a branch and a shortcut"),
        probes.branch_ratios(plain),
    ):
        pass


# statistics


def test_recalibrated_batch_norms_do_what_training_mode_does(plain):
    copied = copy.deepcopy(plain).train()
    with probes.with_batch_statistics(plain, X):
        ours = plain(X)
    torch.testing.assert_close(
        ours, copied(X), rtol=0.05, atol=0.05
    )  # stored variances are the unbiased ones


def test_dropout_stays_off_while_recalibrating():
    net = lived_in(models.cifar(14, width=4, variant="dropout-in-branch"))
    outputs = []
    for _ in range(2):
        with probes.with_batch_statistics(net, X):
            outputs.append(net(X))
    assert torch.equal(*outputs)


# gradients


def test_weight_gradients_are_those_of_a_training_step(net):
    copied = copy.deepcopy(net).train()
    cross_entropy(copied(X), Y).backward()
    for name, gradient in probes.weight_gradients(net, X, Y).items():
        torch.testing.assert_close(gradient, copied.get_submodule(name).weight.grad)


def test_gradients_are_had_under_no_grad_as_well(residual):
    with torch.no_grad():
        assert probes.weight_gradients(residual, X, Y)


def test_pieces_of_equal_images_agree_fully(plain):
    x, y = X[:4].repeat(2, 1, 1, 1), Y[:4].repeat(2)
    assert probes.coherence(plain, x, y, parts=2) == pytest.approx(1.0, abs=1e-5)


def test_pieces_with_opposite_labels_disagree():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 2))
    x = X[:1].repeat(2, 1, 1, 1)
    assert probes.coherence(net, x, torch.tensor([0, 1]), parts=2) < -0.5


def test_coherence_of_one_piece_is_refused(plain):
    with pytest.raises(ValueError, match="at least 2 parts, got 1"):
        probes.coherence(plain, X, Y, parts=1)


def test_a_smooth_function_has_correlated_gradients_and_a_shattered_one_has_not():
    class Power(nn.Module):
        def __init__(self, frequency):
            super().__init__()
            self.frequency = frequency

        def forward(self, x):
            return (x * self.frequency).cos().flatten(1).sum(1)

    smooth, shattered = (
        probes.gradient_autocorrelation(Power(f), X[0], X[1], points=32)[1] for f in (0.1, 400.0)
    )
    assert smooth > 0.8
    assert abs(shattered) < 0.2


def test_autocorrelation_begins_at_one(residual):
    values = probes.gradient_autocorrelation(residual, X[0], X[1], points=16)
    assert len(values) == 9
    assert values[0] == pytest.approx(1.0)


# lesions


def test_a_lesioned_residual_block_hands_on_its_input(residual):
    kept = {}
    block = residual.stages[0][1]
    hook = block.register_forward_hook(
        lambda _m, inputs, output: kept.update(x=inputs[0], y=output)
    )
    with probes.lesion(residual, ["stages.0.1"]):
        residual(X)
    hook.remove()
    assert torch.equal(kept["x"], kept["y"])  # not negative after the ReLU before


def test_a_lesioned_plain_block_hands_on_its_input_as_option_a_would(plain):
    twin = lived_in(NETS["residual"]())
    block = plain.stages[1][0]
    with probes.lesion(plain, ["stages.1.0"]):
        out = block(torch.rand(2, 4, 8, 8, generator=torch.Generator().manual_seed(0)))
    shortcut = twin.stages[1][0].shortcut(
        torch.rand(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    )
    assert torch.equal(out, shortcut)


def test_a_lesioned_preactivation_block_keeps_its_projection():
    net = lived_in(NETS["preactivation"]())
    block, x = net.stages[0][0], torch.rand(2, 4, 8, 8)
    with probes.lesion(net, ["stages.0.0"]):
        assert torch.equal(block(x), block.shortcut(block.activate(x)))


def test_a_lesion_in_torchvisions_resnet_keeps_its_projection():
    from torchvision.models import resnet18

    net = resnet18(weights=None).eval()
    x = torch.rand(1, 64, 8, 8)
    with probes.lesion(net, ["layer1.1", "layer2.0"]):
        assert torch.equal(net.layer1[1](x), x)
        assert torch.equal(net.layer2[0](x), torch.relu(net.layer2[0].downsample(x)))


def test_no_lesion_is_no_change(net):
    with probes.lesion(net, []):
        assert torch.equal(net(X), net(X))


def test_a_lesion_of_no_block_is_refused(residual):
    refused = pytest.raises(ValueError, match=r"no block stages\.9\.0; blocks are stages\.0\.0, ")
    with refused, probes.lesion(residual, ["stages.9.0"]):
        pass


def test_a_network_without_blocks_is_refused():
    with pytest.raises(ValueError, match="Linear has no blocks"):
        probes.blocks(nn.Linear(1, 1))


def test_reordering_swaps_blocks_and_swaps_them_back(residual):
    first, second = residual.stages[0]
    with probes.reordered(residual.stages[0], [1, 0]) as stage:
        assert list(stage) == [second, first]
    assert list(residual.stages[0]) == [first, second]


@pytest.mark.parametrize(
    ("stage", "order", "message"),
    [
        (0, [0, 0], r"each of 0 … 1 once, got \[0, 0\]"),
        (1, [1, 0], "only blocks of one shape can change places"),
    ],
)
def test_an_impossible_order_is_refused_and_changes_nothing(residual, stage, order, message):
    before = list(residual.stages[stage])
    with pytest.raises(ValueError, match=message), probes.reordered(residual.stages[stage], order):
        pass
    assert list(residual.stages[stage]) == before


# grafts


@pytest.mark.parametrize("kind", ["plain", "residual"])
@pytest.mark.parametrize(
    ("stage", "at", "count"), [(0, 1, 1), (0, 2, 5), (1, 2, 3), (2, 1, 2), (2, 2, 20)]
)
def test_a_grafted_network_gives_equal_logits_to_the_last_bit(kind, stage, at, count):
    torch.manual_seed(0)
    net = lived_in(NETS[kind]())
    expected = net(X)
    net.stages[stage] = probes.insert_identity_blocks(net.stages[stage], at, count)
    assert len(net.stages[stage]) == 2 + count
    assert torch.equal(net.eval()(X), expected)


def test_the_stage_itself_is_left_as_it_was(residual):
    before = len(residual.stages[0])
    probes.insert_identity_blocks(residual.stages[0], 1, 4)
    assert len(residual.stages[0]) == before


def test_a_fitted_plain_identity_is_one_in_training_mode_too():
    torch.manual_seed(0)
    x = torch.rand(512, 4, 8, 8) * torch.arange(1, 5)[:, None, None]
    stage = probes.insert_identity_blocks(nn.Sequential(PlainBlock(4, 4)), 1, 1)
    assert not torch.allclose(stage[1].train()(x), x, atol=0.1)
    probes.fit_batch_norms(stage[1], x)
    torch.testing.assert_close(stage[1].train()(x), x, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(stage[1].eval()(x), x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("at", [0, 3])
def test_a_graft_outside_the_stage_is_refused(residual, at):
    with pytest.raises(ValueError, match=f"at must be 1 … 2, got {at}"):
        probes.insert_identity_blocks(residual.stages[0], at, 1)


def test_a_block_that_changes_the_shape_is_no_pattern():
    for block in (PlainBlock(4, 8, 2), ResidualBlock(4, 8, 2)):
        with pytest.raises(ValueError, match="cannot become the identity"):
            probes.insert_identity_blocks(nn.Sequential(block), 1, 1)


# linear probes


def test_a_linear_probe_separates_what_is_linearly_separable():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(600) % 3
    features = torch.eye(3)[labels] + 0.1 * torch.randn(600, 3, generator=generator)
    assert probes.linear_probe(features[:300], labels[:300], features[300:], labels[300:]) < 1
    noise = torch.randn(600, 3, generator=generator)
    assert probes.linear_probe(noise[:300], labels[:300], noise[300:], labels[300:]) > 50


def test_a_linear_probe_ignores_constant_features_and_units():
    labels = torch.arange(60) % 2
    features = torch.stack([labels * 1e6, torch.full((60,), 7.0)], 1)
    assert probes.linear_probe(features, labels, features, labels) == 0


@pytest.mark.parametrize("shape", [(8, 16, 16), (16, 8, 8), (32, 4, 4), (128, 2, 2)])
def test_layers_of_any_shape_give_equally_many_numbers(shape):
    x = torch.rand(2, *shape)
    numbers = probes.pooled(x, 128)
    assert numbers.shape == (2, 128)
    assert numbers.mean().item() == pytest.approx(x.mean().item(), rel=1e-5)


def test_numbers_that_cannot_be_had_are_refused():
    with pytest.raises(ValueError, match=r"cannot average \(48, 4, 4\) into 128 numbers"):
        probes.pooled(torch.rand(1, 48, 4, 4), 128)


def test_block_outputs_are_joined_over_batches(residual):
    with probes.block_outputs(residual, lambda x: x.mean((2, 3))) as outputs:
        residual(X[:5])
        residual(X[5:])
    assert list(outputs) == list(probes.blocks(residual))
    torch.testing.assert_close(residual.head(outputs["stages.2.1"]), residual(X))


def test_the_standard_deviation_of_pieces_is_that_of_the_whole():
    a, b = torch.randn(100), 3 + 2 * torch.randn(900)
    parts = [(len(t), *torch.var_mean(t, correction=0)) for t in (a, b)]
    assert responses._pooled_std(parts) == pytest.approx(
        torch.cat([a, b]).std(correction=0).item(), rel=1e-5
    )
    assert math.isfinite(responses._pooled_std(parts))
