"""What each changed block does to its input, above all when its branch F says nothing."""

import pytest
import torch
from torch import nn
from torch.nn.functional import batch_norm, conv2d, relu

from resnet_course.networks import variants
from resnet_course.networks.blocks import ResidualBlock, ZeroPadShortcut
from resnet_course.networks.models import cifar
from resnet_course.probes import cost

GATED = ("shortcut-only-gating", "shortcut-only-gating-open", "exclusive-gating")
NOTHING_AFTER_THE_SUM = ("relu-before-addition", "relu-only-preactivation", "full-preactivation")
SILENT_IDENTITIES = (
    "one-layer",
    "three-layers",
    "zero-init",
    "dropout-in-branch",
    "dropout-shortcut",
)
SILENT_IDENTITIES += ("stochastic-depth",)


def signed(channels: int = 16) -> torch.Tensor:
    """Numbers of both signs."""
    return torch.randn(2, channels, 8, 8, generator=torch.Generator().manual_seed(0))


def block_of(name: str, *shape, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return variants.BLOCKS[name](*(shape or (16, 16))).eval()


def silenced(block: nn.Module) -> nn.Module:
    """The block with F(x) = 0: the last layer of the branch, whatever it is, is zero."""
    weighted = [module for module in block.residual if list(module.parameters())]
    nn.init.zeros_(weighted[-1].weight)
    return block


def random_statistics(net: nn.Module) -> nn.Module:
    """Batch norms as after some training, so that forgetting one shows."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.running_var):
                nn.init.uniform_(tensor, 0.5, 1.5)
            for tensor in (module.bias, module.running_mean):
                nn.init.normal_(tensor, std=0.1)
    return net


@pytest.mark.parametrize("name", SILENT_IDENTITIES)
def test_with_a_silent_branch_the_relu_after_the_sum_is_all_that_is_left(name):
    x = signed()
    assert torch.equal(silenced(block_of(name))(x), relu(x))


@pytest.mark.parametrize("name", NOTHING_AFTER_THE_SUM)
def test_where_nothing_follows_the_sum_a_silent_branch_leaves_even_negative_numbers(name):
    x = signed()
    assert torch.equal(silenced(block_of(name))(x), x)


@pytest.mark.parametrize("name", [*SILENT_IDENTITIES, *NOTHING_AFTER_THE_SUM])
def test_where_the_shape_changes_a_silent_branch_leaves_option_a(name):
    x = signed().abs()
    assert torch.equal(silenced(block_of(name, 16, 32, 2))(x), ZeroPadShortcut(16, 2)(x))


def test_a_scaled_shortcut_carries_half():
    x = signed().abs()
    assert torch.equal(silenced(block_of("scaled-shortcut"))(x), x / 2)


def test_a_scaled_shortcut_leaves_the_branch_whole():
    block, x = random_statistics(block_of("scaled-shortcut")), signed()
    assert torch.equal(block(x), relu(block.residual(x) + x / 2))


@pytest.mark.parametrize(
    ("name", "open_at_first"), [(GATED[0], 0.5), (GATED[1], 0.9975), (GATED[2], 0.9975)]
)
def test_the_gates_bias_says_how_much_of_the_shortcut_is_left_at_first(name, open_at_first):
    block, x = silenced(block_of(name)), signed().abs()
    nn.init.zeros_(block.gate.weight)
    torch.testing.assert_close(block(x), open_at_first * x, rtol=1e-4, atol=1e-6)


def test_in_a_network_as_drawn_an_open_gate_lets_nearly_all_through():
    torch.manual_seed(0)
    block = silenced(cifar(8, variant="shortcut-only-gating-open").eval().stages[0][0])
    x = signed().abs()
    assert ((1 - block(x) / x).abs() < 0.1).float().mean() > 0.99


@pytest.mark.parametrize("name", GATED)
def test_a_gate_is_a_1x1_convolution_and_a_sigmoid(name):
    block, x = random_statistics(block_of(name)), signed()
    g = torch.sigmoid(
        torch.einsum("oc,nchw->nohw", block.gate.weight[:, :, 0, 0], x)
        + block.gate.bias[:, None, None]
    )
    branch = g * block.residual(x) if name == "exclusive-gating" else block.residual(x)
    torch.testing.assert_close(block(x), relu(branch + (1 - g) * x))


def test_a_convolution_on_the_shortcut_has_no_batch_norm():
    block, x = silenced(block_of("conv-shortcut")), signed()
    weight = block.shortcut.weight[:, :, 0, 0]
    torch.testing.assert_close(block(x), relu(torch.einsum("oc,nchw->nohw", weight, x)))


def test_batch_norm_after_the_addition_normalises_the_shortcut_too():
    block, x = random_statistics(silenced(block_of("bn-after-addition"))), signed()
    last = block.last
    assert torch.equal(
        block(x), relu(batch_norm(x, last.running_mean, last.running_var, last.weight, last.bias))
    )


def test_with_relu_before_the_addition_a_block_can_only_add():
    block, x = random_statistics(block_of("relu-before-addition")), signed()
    added = relu(block.residual(x))
    assert torch.equal(block(x), added + x)
    assert 0 < (added > 0).float().mean() < 1


@pytest.mark.parametrize(
    ("name", "reach"), [("one-layer", 3), ("zero-init", 5), ("three-layers", 7)]
)
def test_a_branch_of_more_layers_sees_farther(name, reach):
    """Each 3x3 layer widens what a pixel depends on by one pixel on each side."""
    block = random_statistics(block_of(name))
    x = signed().abs().requires_grad_()
    block.residual(x)[0, :, 4, 4].square().sum().backward()
    rows = x.grad[0].abs().sum((0, 2)).nonzero().flatten()
    assert rows.tolist() == list(range(max(0, 4 - reach // 2), 4 + reach // 2 + 1))


@pytest.mark.parametrize("name", ["one-layer", "three-layers"])
def test_blocks_of_one_and_three_layers_leave_the_parameters_as_they_are(name):
    assert cost(cifar(20, variant=name), 32) == cost(cifar(20), 32)


@pytest.mark.parametrize("name", variants.NAMES)
def test_a_variant_of_20_layers_has_20_layers(name):
    """Projections and gates stand beside the longest path, and count as none."""
    assert cost(cifar(20, variant=name, width=4), 16).layers == 20


def test_a_zero_init_network_starts_as_a_chain_of_identities_in_training_mode_too():
    net = cifar(20, variant="zero-init", width=4).train()
    for stage in net.stages:
        x = torch.rand(4, stage[1].residual[0].in_channels, 8, 8)
        for block in stage[1:]:
            assert torch.equal(block(x), x)


def test_a_zero_init_block_is_silent_only_at_first():
    block = variants.BLOCKS["zero-init"](16, 16).train()
    x = signed()
    (block(x) * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))).sum().backward()
    scale = block.residual[-1].weight
    assert (
        scale.grad.abs().min() > 0
    )  # the scale can leave zero at once; before it does, the rest stands still
    assert not block.residual[0].weight.grad.any()


def test_without_training_dropout_in_the_branch_is_as_if_it_were_not_there():
    block, x = random_statistics(block_of("dropout-in-branch")), signed()
    original = ResidualBlock(16, 16).eval()
    original.residual = nn.Sequential(*(m for m in block.residual if not isinstance(m, nn.Dropout)))
    assert torch.equal(block(x), original(x))


@pytest.mark.parametrize(("name", "share"), [("dropout-in-branch", 0.3), ("dropout-shortcut", 0.5)])
def test_dropout_drops_its_share_in_training_only(name, share):
    block = block_of(name)
    (dropout,) = (module for module in block.modules() if isinstance(module, nn.Dropout))
    ones = torch.ones(100_000)
    assert torch.equal(dropout(ones), ones)
    assert (dropout.train()(ones) == 0).float().mean().item() == pytest.approx(share, abs=0.01)


def test_dropout_stands_between_the_two_layers_of_the_branch():
    kinds = [type(module) for module in variants.BLOCKS["dropout-in-branch"](16, 16).residual]
    conv, bn = nn.Conv2d, nn.BatchNorm2d
    assert kinds == [conv, bn, nn.ReLU, nn.Dropout, conv, bn]


def test_dropout_on_the_shortcut_drops_nothing_from_the_branch():
    block, x = silenced(block_of("dropout-shortcut")), signed().abs()
    block.shortcut.train()
    kept = block(x)
    assert torch.all((kept == 0) | (kept == 2 * x))


def with_survival(survival: float) -> nn.Module:
    block = random_statistics(block_of("stochastic-depth"))
    block.survival = survival
    return block


def test_stochastic_depth_leaves_out_whole_branches_for_a_whole_batch_as_often_as_it_should():
    block, x = with_survival(0.7).train(), signed()
    torch.manual_seed(0)
    left_out = [torch.equal(block(x), relu(x)) for _ in range(600)]
    assert sum(left_out) / 600 == pytest.approx(0.3, abs=0.06)


def test_a_branch_that_is_left_out_is_not_computed_and_its_statistics_stand_still():
    block, calls = with_survival(0.0).train(), []
    block.residual.register_forward_hook(lambda *_: calls.append(1))
    before = {name: buffer.clone() for name, buffer in block.named_buffers()}
    block(signed())
    assert calls == []
    assert all(torch.equal(buffer, before[name]) for name, buffer in block.named_buffers())


def test_a_branch_that_survives_is_whole_in_training():
    block, x = with_survival(1.0).train(), signed()
    original = ResidualBlock(16, 16).train()
    original.load_state_dict(block.state_dict())
    assert torch.equal(block(x), original(x))


def test_without_training_every_branch_counts_as_much_as_it_survived():
    block, x = with_survival(0.6), signed()
    assert torch.equal(block(x), relu(0.6 * block.residual(x) + x))


def test_a_branch_that_is_left_out_has_a_gradient_of_zero_so_that_weight_decay_goes_on():
    block = with_survival(0.0).train()
    block(signed()).sum().backward()
    assert all(p.grad is not None and not p.grad.any() for p in block.residual.parameters())


def test_survival_falls_in_a_line_to_a_half_at_the_last_block():
    net = cifar(14, variant="stochastic-depth", width=4)
    survivals = [block.survival for stage in net.stages for block in stage]
    assert survivals == pytest.approx([11 / 12, 10 / 12, 9 / 12, 8 / 12, 7 / 12, 6 / 12])


def test_a_captured_graph_would_repeat_one_draw_and_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: True)
    with pytest.raises(RuntimeError, match="train without a graph"):
        with_survival(1.0).train()(signed())


def test_a_skip_init_network_has_no_batch_norm_and_starts_as_a_chain_of_identities():
    net = cifar(20, variant="skip-init", width=4).train()
    assert not any(isinstance(module, nn.BatchNorm2d) for module in net.modules())
    for stage in net.stages:
        x = torch.rand(4, stage[1].residual[0].in_channels, 8, 8)
        for block in stage[1:]:
            assert torch.equal(block(x), x)


def test_a_skip_init_block_is_its_formula():
    block, x = block_of("skip-init"), signed()
    first, _, second, scale = block.residual
    with torch.no_grad():
        scale.factor.fill_(0.3)
        for bias in (first.bias, second.bias):
            bias.normal_()
    hidden = relu(conv2d(x, first.weight, first.bias, padding=1))
    torch.testing.assert_close(
        block(x), relu(0.3 * conv2d(hidden, second.weight, second.bias, padding=1) + x)
    )


def test_a_skip_init_block_leaves_zero_by_its_factor():
    block, x = block_of("skip-init").train(), signed()
    (block(x) * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))).sum().backward()
    assert block.residual[-1].factor.grad.abs() > 0
    assert not block.residual[0].weight.grad.any()


def normalised(x: torch.Tensor, bn: nn.BatchNorm2d) -> torch.Tensor:
    return batch_norm(x, bn.running_mean, bn.running_var, bn.weight, bn.bias)


def test_a_full_pre_activation_network_is_its_formula():
    """He 2016, Fig. 4e, and Sec. 3: x + F(x), batch norm and ReLU before each convolution, and once at the end."""
    torch.manual_seed(0)
    net, x = (
        random_statistics(cifar(14, variant="full-preactivation", width=4)).eval(),
        torch.randn(2, 3, 16, 16),
    )
    logits = net(x)
    x = relu(normalised(conv2d(x, net.stem[0].weight, padding=1), net.stem[1]))
    *stages, closing = net.stages
    for block in (block for stage in stages for block in stage):
        bn1, _, first, bn2, _, second = block.residual
        branch = conv2d(relu(normalised(x, bn1)), first.weight, stride=first.stride, padding=1)
        x = block.shortcut(x) + conv2d(relu(normalised(branch, bn2)), second.weight, padding=1)
    x = relu(normalised(x, closing[0]))
    torch.testing.assert_close(logits, x.mean((2, 3)) @ net.head.weight.T + net.head.bias)


@pytest.mark.parametrize(
    ("name", "last"),
    [("relu-only-preactivation", [nn.ReLU]), ("full-preactivation", [nn.BatchNorm2d, nn.ReLU])],
)
def test_a_pre_activated_network_closes_with_the_activation_its_last_sum_lacks(name, last):
    net = cifar(8, variant=name, width=4)
    assert [type(module) for module in net.stages[-1]] == last
    assert (net.stages(net.stem(torch.randn(2, 3, 8, 8))) >= 0).all()


def test_relu_only_pre_activation_normalises_after_each_convolution():
    block, x = random_statistics(block_of("relu-only-preactivation")), signed()
    _, first, bn1, _, second, bn2 = block.residual
    branch = normalised(conv2d(relu(x), first.weight, padding=1), bn1)
    expected = x + normalised(conv2d(relu(branch), second.weight, padding=1), bn2)
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize("kind", ["plain", "residual", "preactivation"])
def test_a_network_without_normalisation_has_no_batch_norm(kind):
    net = cifar(20, kind, width=4, variant="no-normalisation")
    assert not any(isinstance(module, nn.BatchNorm2d) for module in net.modules())


def test_without_normalisation_twice_the_input_gives_twice_the_output():
    net, x = cifar(8, "plain", width=4, variant="no-normalisation"), torch.randn(2, 3, 8, 8)
    nothing = net(torch.zeros_like(x))
    torch.testing.assert_close(net(2 * x) - nothing, 2 * (net(x) - nothing))


def test_a_variant_starts_from_the_weights_of_the_original_where_it_only_moves_an_activation():
    nets = []
    for name in ("", "relu-before-addition", "zero-init"):
        torch.manual_seed(0)
        nets.append(cifar(8, variant=name, width=4))
    first, *others = ([m.weight for m in net.modules() if isinstance(m, nn.Conv2d)] for net in nets)
    assert all(torch.equal(p, q) for other in others for p, q in zip(first, other, strict=True))


@pytest.mark.parametrize(("kind", "shortcut", "variant"), [
    ("residual", "A", "two-and-a-half-layers"),
    ("plain", "A", "one-layer"),
    ("preactivation", "A", "zero-init"),
    ("residual", "B", "zero-init"),
])  # fmt: skip
def test_a_variant_there_is_not_is_refused_with_those_there_are(kind, shortcut, variant):
    with pytest.raises(
        ValueError,
        match=f"variant must be one of one-layer, .*got '{variant}' of a {kind} one with",
    ):
        cifar(20, kind, shortcut, variant=variant)


@pytest.mark.parametrize(("depth", "layers"), [(8, 2), (26, 8), (32, 10)])
def test_stages_that_three_layer_blocks_do_not_divide_are_refused(depth, layers):
    with pytest.raises(
        ValueError, match=f"^stages of {layers} layers cannot be cut into blocks of 3$"
    ):
        cifar(depth, variant="three-layers")
