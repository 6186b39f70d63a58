"""Clipping shortens what is too long, layer by layer, and changes nothing else."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from resnet_course.data import augment, images
from resnet_course.networks import cifar
from resnet_course.recipes import RunConfig, laptop, recipe_changes
from resnet_course.records.parsing import from_json, to_json
from resnet_course.records.schema import Provenance, Record
from resnet_course.training import engine
from resnet_course.training.clipping import SHORTEST, clip_gradients

STEPS, BATCH, PAD, LR = 4, 16, 2, 0.1
SHARE = 0.01
needs_gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="CUDA graphs need a GPU, and there is none here"
)


def network_with_gradients() -> nn.Module:
    torch.manual_seed(0)
    net = cifar(8, width=4)
    inputs, labels = torch.randn(8, 3, 16, 16), torch.arange(8)
    cross_entropy(net(inputs), labels).backward()
    return net


def gradients(net: nn.Module) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}


def engine_with(clip: float | None, precision: str = "fp32", device: str = "cpu") -> engine.Engine:
    """An engine before four steps of a small network, at a constant rate."""
    torch.manual_seed(0)
    net = cifar(8, width=4).to(device)
    train = images.load("embedded", "train")
    pixels = train.pixels[: STEPS * BATCH].to(device)
    labels = train.labels[: STEPS * BATCH].to(device)

    def crops(order: Tensor, down: Tensor, right: Tensor, flip: Tensor) -> Tensor:
        return augment.take(pixels, order, down, right, flip, PAD)

    one = engine.Engine(
        net, labels, crops, engine.Optimisation(STEPS, BATCH, clip=clip, precision=precision)
    )
    one.start_epoch(augment.draw_plan(STEPS * BATCH, BATCH, PAD, seed=0, epoch=0), [LR] * STEPS)
    return one


def test_no_gradient_is_left_longer_than_its_share_of_the_weights() -> None:
    net = network_with_gradients()
    clip_gradients(net, SHARE)
    for parameter in net.parameters():
        if parameter.dim() > 1:
            assert parameter.grad.norm() <= 1.0001 * SHARE * parameter.norm()


def test_a_clipped_gradient_keeps_its_direction() -> None:
    net = network_with_gradients()
    before = gradients(net)["stem.0.weight"].flatten()
    clip_gradients(net, SHARE)
    after = gradients(net)["stem.0.weight"].flatten()
    assert torch.cosine_similarity(before, after, dim=0) == pytest.approx(1, abs=1e-5)
    assert after.norm() < before.norm()


def test_gradients_short_enough_stay_as_they_are_to_the_last_bit() -> None:
    net = network_with_gradients()
    before = gradients(net)
    clip_gradients(net, 1e6)
    assert all(torch.equal(before[name], after) for name, after in gradients(net).items())


def test_biases_and_batch_norms_keep_their_gradients() -> None:
    net = network_with_gradients()
    before = gradients(net)
    clip_gradients(net, 1e-6)
    for name, parameter in net.named_parameters():
        if parameter.dim() == 1:
            assert torch.equal(parameter.grad, before[name])


def test_weights_that_are_zero_may_still_move() -> None:
    net = network_with_gradients()
    nn.init.zeros_(net.head.weight)
    clip_gradients(net, SHARE)
    assert net.head.weight.grad.norm() == pytest.approx(SHARE * SHORTEST, rel=1e-4)


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_gradient_that_is_not_finite_is_not_hidden(value: float) -> None:
    net = network_with_gradients()
    net.head.weight.grad[0, 0] = value
    clip_gradients(net, SHARE)
    assert not net.head.weight.grad.isfinite().all()


def test_a_clipped_step_moves_no_layer_by_more_than_its_share() -> None:
    one = engine_with(clip=SHARE)
    before = [p.clone() for p in one.net.parameters()]
    one.advance(1)
    for old, new in zip(before, one.net.parameters(), strict=True):
        if old.dim() > 1:
            decay = 1e-4
            assert (new - old).norm() <= 1.01 * LR * (SHARE + decay) * old.norm()


def test_a_step_with_a_share_never_reached_is_the_step_without_clipping() -> None:
    clipped, free = engine_with(clip=1e6), engine_with(clip=None)
    for one in (clipped, free):
        one.advance(STEPS)
    pairs = zip(clipped.net.parameters(), free.net.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_scaled_loss_does_not_change_what_is_clipped() -> None:
    """In fp16 gradients come multiplied by the scale of the loss, which clipping must not see."""
    half, full = engine_with(clip=SHARE, precision="fp16"), engine_with(clip=SHARE)
    start = [p.clone() for p in full.net.parameters()]
    for one in (half, full):
        one.advance(1)
    for old, a, b in zip(start, half.net.parameters(), full.net.parameters(), strict=True):
        if old.dim() > 1:
            moved = (b - old).norm().item()
            assert (a - old).norm().item() == pytest.approx(moved, rel=1e-3)


@needs_gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_captured_step_clips_as_the_eager_one_does(precision: str) -> None:
    eager = engine_with(SHARE, precision, "cuda")
    captured = engine_with(SHARE, precision, "cuda")
    captured.capture()
    for one in (eager, captured):
        one.advance(STEPS)
    for a, b in zip(captured.net.parameters(), eager.net.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-2, atol=1e-3)


def test_a_recipe_without_clipping_keeps_the_name_it_had() -> None:
    assert RunConfig("plain", 56, 0, laptop()).name == "plain-56-s0"


def test_a_recipe_that_clips_is_told_apart_by_name() -> None:
    config = RunConfig("plain", 56, 0, replace(laptop(), clip=0.1))
    assert recipe_changes(config) == "clip=0.1"
    assert config.name != RunConfig("plain", 56, 0, laptop()).name


def test_a_record_keeps_the_clipping_of_its_recipe() -> None:
    config = RunConfig("plain", 56, 0, replace(laptop(), clip=0.1))
    made = Provenance("sha256:0", None, "none", {}, "none", "2026-01-01", 1.0)
    record = Record("vanishing_gradients", config, {}, {}, made)
    assert from_json(to_json(record)).config == config
