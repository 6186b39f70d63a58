"""Networks have the papers' layers, parameters and costs, and compute what others' code computes."""

import pytest
import torch
import torchvision

from resnet_course.networks import models
from resnet_course.networks.models import cifar, imagenet
from resnet_course.networks.network import Network
from resnet_course.networks.published import load_published
from resnet_course.probes import cost

# He 2015, Table 6 gives them rounded; these are the exact counts with option A.
PARAMETERS = {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962, 1202: 19_421_274}
# He 2015, Table 1, in units of 1e9; 3.8, 7.6 and 11.3 count bottlenecks with the stride in their first 1x1 layer,
# ours have it in the 3x3 layer, as torchvision does, which costs 3 to 8 percent more.
MULTIPLY_ADDS = {18: 1.8, 34: 3.6, 50: 3.8, 101: 7.6, 152: 11.3}


def on_meta(make, *arguments, **options):
    with torch.device("meta"):
        return make(*arguments, **options)


def parameters(net) -> int:
    return sum(p.numel() for p in net.parameters())


def seeded(make, *arguments, **options):
    torch.manual_seed(0)
    return make(*arguments, **options)


def published_names(net: Network) -> dict[str, torch.Tensor]:
    """The weights of an option-A CIFAR net under the names others publish them by."""
    own, theirs = net.state_dict(), {}
    for name, tensor in own.items():
        part, *rest = name.split(".")
        if part == "stem":
            new = f"{('conv1', 'bn1')[int(rest[0])]}.{rest[1]}"
        elif part == "head":
            new = f"linear.{rest[0]}"
        else:
            stage, block, _, layer, kind = rest
            new = f"layer{int(stage) + 1}.{block}.{('conv1', 'bn1', '', 'conv2', 'bn2')[int(layer)]}.{kind}"
        theirs[f"module.{new}"] = tensor
    return theirs


@pytest.mark.parametrize(("depth", "count"), PARAMETERS.items())
@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_cifar_nets_have_the_papers_parameters_to_the_unit(kind, depth, count):
    assert parameters(on_meta(cifar, depth, kind)) == count


def test_resnet_20_with_option_b_has_272474_parameters():
    assert parameters(on_meta(cifar, 20, shortcut="B")) == 272_474


def test_the_1001_layer_pre_activation_net_has_about_10_million_parameters():
    assert parameters(on_meta(cifar, 1001, "preactivation")) == pytest.approx(10.3e6, rel=0.01)


@pytest.mark.parametrize(
    ("kind", "depth"), [("plain", 20), ("residual", 8), ("residual", 1202), ("preactivation", 164)]
)
def test_a_net_has_as_many_layers_as_its_depth_says(kind, depth):
    assert cost(on_meta(cifar, depth, kind), 32).layers == depth


@pytest.mark.parametrize("depth", models.IMAGENET_BLOCKS)
def test_an_imagenet_net_has_as_many_layers_as_its_depth_says(depth):
    assert cost(on_meta(imagenet, depth), 224).layers == depth


def test_plain_and_residual_have_the_same_parameters():
    plain, residual = cifar(20, "plain"), cifar(20, "residual")
    assert [(k, v.shape) for k, v in plain.named_parameters()] == [
        (k, v.shape) for k, v in residual.named_parameters()
    ]


def test_plain_and_residual_twins_of_one_seed_start_from_the_same_weights():
    plain, residual = (
        seeded(cifar, 20, "plain").state_dict(),
        seeded(cifar, 20, "residual").state_dict(),
    )
    assert all(torch.equal(plain[name], residual[name]) for name in residual)


def test_plain_and_residual_twins_of_one_seed_compute_different_things():
    x = torch.randn(2, 3, 16, 16)
    plain, residual = seeded(cifar, 8, "plain").eval(), seeded(cifar, 8, "residual").eval()
    assert not torch.allclose(plain(x), residual(x))


def test_convolutions_start_with_he_variance():
    weight = seeded(cifar, 20).stages[2][1].residual[0].weight
    assert weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)


@pytest.mark.parametrize("depth", [7, 2, 0, -4, 21])
def test_a_depth_that_is_not_6n_plus_2_is_refused_with_those_that_are(depth):
    with pytest.raises(ValueError, match=rf"depth must be 6n \+ 2 \(8, 14, 20, .*\), got {depth}$"):
        cifar(depth)


@pytest.mark.parametrize("depth", [10, 2, -7, 32])
def test_a_pre_activation_depth_that_is_not_9n_plus_2_is_refused_with_those_that_are(depth):
    with pytest.raises(
        ValueError, match=rf"depth must be 9n \+ 2 \(11, 20, 29, .*\), got {depth}$"
    ):
        cifar(depth, "preactivation")


def test_an_unknown_architecture_is_refused_with_those_there_are():
    with pytest.raises(
        ValueError, match="arch must be one of plain, residual, preactivation, got 'dense'"
    ):
        cifar(20, "dense")


@pytest.mark.parametrize(
    ("depth", "kind"), [(20, "residual"), (50, "plain"), (18, "preactivation")]
)
def test_an_imagenet_net_that_the_paper_has_not_is_refused_with_those_it_has(depth, kind):
    with pytest.raises(
        ValueError, match=f"residual 18, 34, 50, 101, 152 and plain 18, 34; got {kind} {depth}"
    ):
        imagenet(depth, kind)


def test_a_1202_layer_net_halves_its_map_exactly_twice():
    net = on_meta(cifar, 1202)
    strides = [m.stride for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    assert strides.count((2, 2)) == 2


@pytest.mark.parametrize("kind", models.ARCHITECTURES)
def test_any_image_size_divisible_by_four_gives_one_logit_a_class(kind):
    assert cifar(20, kind, width=4, classes=7)(torch.randn(2, 3, 12, 20)).shape == (2, 7)


def test_a_pre_activation_net_ends_with_batch_norm_and_relu():
    net = cifar(11, "preactivation", width=4).eval()
    with torch.no_grad():
        assert (net.stages(net.stem(torch.randn(2, 3, 8, 8))) >= 0).all()


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_matches_torchvision_bit_for_bit_after_loading_its_weights(depth):
    theirs = seeded(getattr(torchvision.models, f"resnet{depth}")).eval()
    for (
        name,
        buffer,
    ) in theirs.named_buffers():  # statistics as after training, so that none may be forgotten
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5) if name.endswith("var") else buffer.normal_(0, 0.1)
    images = torch.randn(2, 3, 64, 64)
    ours = load_published(imagenet(depth), theirs.state_dict()).eval()
    with torch.no_grad():
        assert torch.equal(ours(images), theirs(images))


@pytest.mark.parametrize("depth", [101, 152])
def test_torchvisions_deepest_weights_fit(depth):
    theirs = on_meta(getattr(torchvision.models, f"resnet{depth}"))
    assert load_published(on_meta(imagenet, depth), theirs.state_dict())


def test_weights_published_by_others_load_into_a_cifar_net():
    torch.manual_seed(1)
    source, target, images = cifar(20).eval(), cifar(20).eval(), torch.randn(2, 3, 16, 16)
    load_published(target, published_names(source))
    assert torch.equal(target(images), source(images))


def test_published_names_are_those_of_the_public_option_a_nets():
    names = published_names(cifar(20))
    assert {
        "module.conv1.weight",
        "module.layer1.0.conv1.weight",
        "module.layer3.2.bn2.running_var",
    } <= set(names)
    assert "module.linear.weight" in names


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda w: w.pop("module.linear.bias"), "head.bias is missing, .* wants .10,"),
        (
            lambda w: w.update({"module.layer4.0.conv1.weight": torch.zeros(1)}),
            r"stages\.3\.0\.residual\.0\.weight is \(1,\), .* wants none",
        ),
        (
            lambda w: w.update({"module.linear.bias": torch.zeros(100)}),
            r"head\.bias is \(100,\), .* wants \(10,\)",
        ),
    ],
    ids=["missing", "left over", "shape"],
)
def test_weights_that_do_not_fit_are_refused_by_name(spoil, sentence):
    weights = published_names(cifar(8))
    spoil(weights)
    with pytest.raises(ValueError, match=f"not of this network: .*{sentence}"):
        load_published(cifar(8), weights)


def test_weights_that_do_not_fit_leave_the_net_unchanged():
    net = cifar(8)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    weights = {name: tensor + 1 for name, tensor in published_names(cifar(8)).items()}
    with pytest.raises(ValueError, match="not of this network"):
        load_published(net, weights | {"module.linear.bias": torch.zeros(100)})
    assert all(torch.equal(net.state_dict()[name], tensor) for name, tensor in before.items())


def test_weights_of_a_deeper_net_are_refused():
    with pytest.raises(ValueError, match=r"and \d+ more$"):
        load_published(cifar(8), published_names(cifar(20)))


@pytest.mark.parametrize(("depth", "billions"), MULTIPLY_ADDS.items())
def test_multiply_adds_are_the_papers(depth, billions):
    shortcut = "A" if depth in (18, 34) else "B"
    counted = cost(on_meta(imagenet, depth, shortcut=shortcut), 224).multiply_adds / 1e9
    assert billions - 0.05 <= counted <= 1.08 * billions + 0.05


def test_a_projection_costs_multiply_adds_but_no_layer():
    a, b = (cost(on_meta(cifar, 20, shortcut=option), 32) for option in "AB")
    assert b.multiply_adds - a.multiply_adds == 16 * 32 * 16 * 16 + 32 * 64 * 8 * 8
    assert a.layers == b.layers


@pytest.mark.parametrize("depth", [18, 34])
def test_plain_and_residual_imagenet_nets_cost_the_same(depth):
    plain, residual = on_meta(imagenet, depth, "plain"), on_meta(imagenet, depth, shortcut="A")
    assert cost(plain, 224) == cost(residual, 224)


def test_counting_leaves_the_net_as_it_was():
    net = cifar(8, width=4)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    cost(net, 16)
    assert net.training
    assert not any(m._forward_hooks for m in net.modules())
    assert all(torch.equal(net.state_dict()[name], tensor) for name, tensor in before.items())
