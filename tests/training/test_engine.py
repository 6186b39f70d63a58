"""The engine's step is PyTorch's own SGD, however it is repeated; evaluating leaves no trace."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from resnet_course.data import augment, images
from resnet_course.networks import models
from resnet_course.training import engine, memory
from resnet_course.training.engine import Optimisation

STEPS, BATCH, PAD = 20, 16, 2
LRS = [
    (20 + 2 * step) / 1024 for step in range(STEPS)
]  # exact in float32, in which the engine keeps them
gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="CUDA graphs need a GPU, and there is none here"
)


def few(count: int = 320) -> images.Images:
    return images.Images(*(t[:count] for t in images.load("embedded", "train")))


def network(device: str = "cpu") -> nn.Module:
    torch.manual_seed(0)
    return models.cifar(8, width=4).to(device)


def plan() -> augment.Plan:
    return augment.draw_plan(STEPS * BATCH, BATCH, PAD, seed=0, epoch=0)


def make(net: nn.Module, precision: str = "fp32") -> engine.Engine:
    """An engine over 320 images, at the start of an epoch of 20 steps."""
    device = next(net.parameters()).device
    data = few().to(device)

    def crops(order, down, right, flip):
        return augment.take(data.pixels, order, down, right, flip, PAD).to(
            next(net.parameters()).dtype
        )

    optimisation = Optimisation(STEPS, BATCH, 0.9, 1e-2, precision)
    one = engine.Engine(net, data.labels, crops, optimisation)
    one.start_epoch(plan(), LRS)
    return one


def by_hand(net: nn.Module, optimizer: torch.optim.SGD | None = None) -> tuple[float, float]:
    """The same epoch as anyone would write it; mean loss and error in percent."""
    data, losses, wrong = few(), [], 0
    optimizer = optimizer or torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-2)
    for step, rows in enumerate(zip(*plan(), strict=True)):
        optimizer.param_groups[0]["lr"] = LRS[step]
        logits = net(augment.take(data.pixels, *rows, PAD).to(next(net.parameters()).dtype))
        loss = cross_entropy(logits, data.labels[rows[0]])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        wrong += (logits.argmax(1) != data.labels[rows[0]]).sum().item()
    return sum(losses) / STEPS, 100 * wrong / (STEPS * BATCH)


def same(a: nn.Module, b: nn.Module, **tolerance) -> None:
    theirs = b.state_dict()
    for name, tensor in a.state_dict().items():
        torch.testing.assert_close(
            tensor, theirs[name], msg=lambda m, name=name: f"{name}: {m}", **tolerance
        )


def snapshot(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def test_twenty_steps_give_the_weights_of_a_plain_pytorch_loop():
    ours, theirs = network(), network()
    make(ours).advance(STEPS)
    by_hand(theirs)
    same(ours, theirs, rtol=1e-4, atol=1e-5)


def test_over_two_hundred_steps_the_losses_are_those_of_a_plain_pytorch_loop():
    """In float64: in float32 two orders of summation part within a hundred steps, on some processors by a tenth."""
    one, theirs, ours_then_theirs = make(network().double()), network().double(), []
    optimizer = torch.optim.SGD(theirs.parameters(), 0.1, momentum=0.9, weight_decay=1e-2)
    for _ in range(200 // STEPS):
        one.start_epoch(plan(), LRS)
        one.advance(STEPS)
        ours_then_theirs.append((one.means()[0], by_hand(theirs, optimizer)[0]))
    ours, by_a_loop = zip(*ours_then_theirs, strict=True)
    assert ours[-1] < 0.8 * ours[0]  # it has learnt, so that there was something to get wrong
    assert ours == pytest.approx(by_a_loop, rel=1e-5)


def test_an_epochs_means_are_those_of_a_plain_pytorch_loop():
    one = make(network())
    one.advance(STEPS)
    assert one.means() == pytest.approx(by_hand(network()), rel=1e-5)


def test_steps_taken_in_chunks_are_the_same_steps():
    whole, parts = network(), network()
    make(whole).advance(STEPS)
    one = make(parts)
    for chunk in (1, 12, 7):
        one.advance(chunk)
    same(whole, parts, rtol=0, atol=0)


def test_means_are_over_the_steps_taken_so_far():
    one = make(network())
    one.advance(1)
    rows = [row[0] for row in plan()]
    data = few()
    loss = cross_entropy(network()(augment.take(data.pixels, *rows, PAD)), data.labels[rows[0]])
    assert one.means()[0] == pytest.approx(loss.item(), rel=1e-6)


def test_a_new_epoch_starts_its_sums_and_its_plan_afresh():
    one = make(network())
    one.advance(STEPS)
    one.start_epoch(plan(), [0.0] * STEPS)
    before = snapshot(one.net)
    one.advance(STEPS)
    weights = dict(one.net.named_parameters())
    assert all(
        torch.equal(before[name], weights[name]) for name in weights
    )  # at lr 0 nothing moves
    assert one.cursor.item() == STEPS


def test_a_new_epochs_means_are_of_that_epoch_alone():
    twice, reference = make(network()), make(network())
    twice.advance(STEPS)
    twice.net.load_state_dict(network().state_dict())
    for one in (twice, reference):
        one.start_epoch(plan(), [0.0] * STEPS)
        one.advance(STEPS)
    assert twice.means() == reference.means()


def test_a_restored_optimizer_still_follows_the_plans_learning_rate():
    one, other = make(network()), make(network())
    one.optimizer.load_state_dict(other.optimizer.state_dict())
    one.start_epoch(plan(), LRS)
    one.advance(STEPS)
    reference = make(network())
    reference.advance(STEPS)
    same(one.net, reference.net, rtol=0, atol=0)


def test_a_half_precision_copy_shares_batch_norm_and_halves_the_rest():
    net = network()
    twin = engine.half_precision_copy(net, torch.bfloat16)
    for own, half in zip(net.modules(), twin.modules(), strict=True):
        if isinstance(own, nn.BatchNorm2d):
            assert half is own
        elif isinstance(own, nn.Conv2d | nn.Linear):
            assert half.weight.dtype == torch.bfloat16
            assert torch.equal(half.weight, own.weight.bfloat16())


def test_making_a_half_precision_copy_leaves_the_net_in_float32():
    net, before = network(), snapshot(network())
    engine.half_precision_copy(net, torch.bfloat16)
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


def test_bf16_training_stays_close_to_fp32():
    full, half = make(network()), make(network(), "bf16")
    full.advance(STEPS)
    half.advance(STEPS)
    assert half.means()[0] == pytest.approx(full.means()[0], rel=0.02)


def test_each_bf16_step_computes_with_the_newest_master_weights():
    one = make(network(), "bf16")
    one.advance(STEPS - 1)
    newest = [weight.detach().clone() for weight in one.masters]
    one.advance(1)
    assert all(
        torch.equal(half, weight.bfloat16())
        for half, weight in zip(one.halves, newest, strict=True)
    )


def test_bf16_training_moves_float32_master_weights():
    one = make(network(), "bf16")
    before = snapshot(one.net)
    one.advance(1)
    for name, weight in one.net.named_parameters():
        assert weight.dtype == torch.float32
        assert not torch.equal(weight, before[name]), name


def test_evaluate_equals_a_computation_by_hand():
    net, data = network().eval(), few(250)
    with torch.no_grad():
        logits = net(augment.normalise(data.pixels))
    loss = cross_entropy(logits, data.labels).item()
    error = 100 * (logits.argmax(1) != data.labels).double().mean().item()
    assert engine.evaluate(net, *data, augment.normalise, batch_size=100) == pytest.approx(
        (loss, error), rel=1e-5
    )


@pytest.mark.parametrize("training", [True, False])
def test_evaluate_leaves_mode_weights_and_buffers_unchanged(training):
    net = network().train(training)
    before = snapshot(net)
    engine.evaluate(net, *few(100), augment.normalise)
    assert net.training is training
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


@gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_captured_step_equals_the_eager_step(precision):
    eager, captured = make(network("cuda"), precision), make(network("cuda"), precision)
    captured.capture()
    eager.advance(STEPS)
    captured.advance(STEPS)
    assert captured.means() == pytest.approx(eager.means(), rel=1e-3)
    for own, other in zip(captured.net.parameters(), eager.net.parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-2, atol=1e-3)


@gpu
def test_capturing_leaves_weights_statistics_momentum_and_place_unchanged():
    one = make(network("cuda"))
    one.advance(3)
    before = [tensor.clone() for tensor in one._state()]
    one.capture()
    assert all(torch.equal(a, b) for a, b in zip(before, one._state(), strict=True))


@pytest.mark.parametrize(
    ("kind", "variant"), [("plain", ""), ("residual", ""), ("residual", "dropout-in-branch")]
)
@pytest.mark.parametrize("blocks", [1, 2, 9])
def test_checkpointing_changes_no_weight_and_no_statistic(kind, variant, blocks):
    nets = []
    for segment in (0, blocks):
        torch.manual_seed(0)
        net = models.cifar(20, kind, width=4, variant=variant)
        data = few()

        def crops(order, down, right, flip, pixels=data.pixels):
            return augment.take(pixels, order, down, right, flip, PAD)

        optimisation = Optimisation(STEPS, BATCH, 0.9, 1e-2, checkpoint_blocks=segment)
        one = engine.Engine(net, data.labels, crops, optimisation)
        one.start_epoch(plan(), LRS)
        torch.manual_seed(1)  # of the dropout
        one.advance(4)
        nets.append(net)
    same(*nets, rtol=0, atol=0)


def test_checkpointing_keeps_the_inputs_of_segments_only():
    kept = []
    for blocks in (0, 3, 1):
        net = network()
        if blocks:
            memory.checkpoint_segments(net, blocks)
        with memory.kept_for_backward() as count:
            net(torch.rand(4, 3, 16, 16))
            kept.append(count())
    whole, by_stage, by_block = kept
    assert by_block == by_stage  # a network of 8 layers has one block a stage
    assert by_stage < whole / 2


def test_a_checkpointed_network_still_counts_its_batches_once():
    net = network()
    memory.checkpoint_segments(net, 1)
    net(torch.rand(4, 3, 16, 16)).sum().backward()
    counted = {m.num_batches_tracked.item() for m in net.modules() if isinstance(m, nn.BatchNorm2d)}
    assert counted == {1}
    assert {m.momentum for m in net.modules() if isinstance(m, nn.BatchNorm2d)} == {0.1}


def test_a_segment_of_no_blocks_is_refused():
    with pytest.raises(ValueError, match="at least one block, got 0"):
        memory.checkpoint_segments(network(), 0)


def test_sixteen_bit_floats_with_a_scaled_loss_train_as_float32_does():
    ours, theirs = network(), network()
    one, other = make(ours, precision="fp16"), make(theirs)
    for each in (one, other):
        each.advance(STEPS)
    assert one.means()[0] == pytest.approx(other.means()[0], rel=0.02)
    assert all(p.dtype == torch.float32 for p in ours.parameters())


def test_a_step_whose_scaled_gradients_overflow_moves_no_weight_and_halves_the_scale():
    one = make(network(), precision="fp16")
    one.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**40)
    before = {name: p.clone() for name, p in one.net.named_parameters()}
    one.advance(1)
    assert all(torch.equal(before[name], p) for name, p in one.net.named_parameters())
    assert one.scaler.get_scale() == 2.0**39
