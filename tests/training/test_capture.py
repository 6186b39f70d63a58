"""What a capture must leave alone, shown by fakes in the place of CUDA; silicon has the last word."""

import gc
from contextlib import contextmanager

import pytest
import torch

from resnet_course.data import augment, images
from resnet_course.networks import Network, cifar
from resnet_course.training.engine import Engine, Optimisation

STEPS, BATCH, PAD = 20, 16, 2


class Stream:
    """A stream that waits for nothing."""

    def wait_stream(self, _other) -> None: ...

    def synchronize(self) -> None: ...


class Graph:
    """A graph that counts how often it is replayed."""

    def __init__(self) -> None:
        self.replayed = 0

    def replay(self) -> None:
        self.replayed += 1


@pytest.fixture
def seen(monkeypatch) -> dict[str, bool]:
    """CUDA by fakes; what held while the step was captured."""
    held: dict[str, bool] = {}

    @contextmanager
    def stream(_stream):
        yield

    @contextmanager
    def graph(_graph, stream, capture_error_mode):
        held["collector"] = gc.isenabled()
        held["benchmark"] = torch.backends.cudnn.benchmark
        yield

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    return held


def make(precision: str = "fp32") -> Engine:
    torch.manual_seed(0)
    net: Network = cifar(8, width=4)
    data = images.load("embedded", "train")

    def crops(order, down, right, flip):
        return augment.take(data.pixels, order, down, right, flip, PAD)

    one = Engine(net, data.labels, crops, Optimisation(STEPS, BATCH, 0.9, 1e-2, precision))
    one.start_epoch(augment.draw_plan(STEPS * BATCH, BATCH, PAD, 0, 0), [0.05] * STEPS)
    one.advance(2)
    return one


def snapshot(one: Engine) -> list[torch.Tensor]:
    counters = [b for b in one.net.buffers() if not b.is_floating_point()]
    return [tensor.clone() for tensor in [*one._state(), *counters]]


def unchanged(before: list[torch.Tensor], one: Engine) -> bool:
    return all(torch.equal(a, b) for a, b in zip(before, snapshot(one), strict=True))


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_capture_moves_nothing(seen, precision):
    one = make(precision)
    before, scale = snapshot(one), one.scaler.state_dict()
    one.capture()
    assert unchanged(before, one)
    assert one.scaler.state_dict() == scale


def test_once_captured_steps_are_replays(seen):
    one = make()
    one.capture()
    one.advance(5)
    assert one.graph.replayed == 5


def test_no_collection_falls_into_a_capture_and_cudnn_chooses_by_trial(seen):
    was = torch.backends.cudnn.benchmark
    make().capture()
    assert seen == {"collector": False, "benchmark": True}
    assert gc.isenabled()
    assert torch.backends.cudnn.benchmark == was


def test_a_capture_that_fails_leaves_an_engine_that_goes_on_step_by_step(seen, monkeypatch):
    one, other = make(), make()

    @contextmanager
    def broken(*_, **__):
        raise RuntimeError("operation not permitted when stream is capturing")
        yield

    monkeypatch.setattr(torch.cuda, "graph", broken)
    before = snapshot(one)
    with pytest.raises(RuntimeError, match="not permitted"):
        one.capture()
    assert unchanged(before, one)
    for each in (one, other):
        each.advance(3)
    assert one.means() == other.means()


def test_a_released_engine_holds_no_graph_that_a_later_capture_could_meet(seen):
    one = make()
    one.capture()
    one.release()
    assert (one.graph, one.stream) == (None, None)


def test_an_engine_is_no_cycle_that_only_the_collector_could_free(seen):
    import weakref

    one = make()
    one.capture()
    gone = weakref.ref(one)
    gc.collect()
    gc.disable()
    try:
        del one
        assert gone() is None
    finally:
        gc.enable()
