"""The bench measures contestants side by side, and loses nothing when one of them fails."""

import json

import pytest
import torch

from resnet_course import bench, probes, recipes
from resnet_course.networks import cifar
from resnet_course.recipes import RunConfig
from resnet_course.training.runtime import Runtime

CONFIG = RunConfig("residual", 8, 0, recipes.live())
CPU = Runtime("cpu", "fp32")


@pytest.mark.parametrize("name", ["bare loop", "ours, eager"])
def test_a_contestant_takes_the_steps_it_is_asked_for(name):
    steps = bench.contestants(CONFIG, CPU)[name]()
    steps(2)
    steps(70)  # past the end of a plan of random images


def test_the_users_loop_takes_batches_past_the_end_of_its_images():
    steps = bench.contestants(CONFIG, CPU)["users' loop"]()
    steps(bench.IMAGES // CONFIG.recipe.batch_size + 1)


def test_a_measurement_names_each_contestant_and_compares_with_the_first():
    rows, failures = bench.measure(
        CONFIG, CPU, turns=1, seconds=0.02, only=("bare loop", "ours, eager")
    )
    assert [row.contestant for row in rows] == ["bare loop", "ours, eager"]
    assert rows[0].ratio == 1.0
    assert all(row.images_per_second > 0 for row in rows)
    assert failures == []


def test_a_contestant_that_fails_takes_none_with_it(monkeypatch):
    def broken(*_):
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(bench, "bare_loop", broken)
    rows, failures = bench.measure(
        CONFIG, CPU, turns=1, seconds=0.02, only=("bare loop", "ours, eager")
    )
    assert [row.contestant for row in rows] == ["ours, eager"]
    assert [failure.reason for failure in failures] == ["RuntimeError: no such kernel"]


def test_networks_in_turns_are_timed_as_often_as_asked_and_by_their_own_clock():
    ready = {"a": lambda count: 2.0 * count, "b": lambda count: 3.0 * count}
    assert bench.take_turns(ready, 4, 1.0) == {"a": [2.0] * 4, "b": [3.0] * 4}


def test_kept_bytes_count_each_storage_once_and_no_parameter():
    x, weight = torch.ones(5), torch.nn.Parameter(torch.ones(5))

    def step(_count: int) -> None:
        # Keeps x, x * weight, the exponential, and weight.
        (x * weight * weight[:] + x.view(5)).exp().sum().backward()

    assert bench.kept_bytes(step) == 3 * 5 * 4


def test_an_addition_keeps_next_to_nothing_for_the_backward_pass():
    cost = bench.addition(8, "live", "cpu", turns=1, seconds=0.02)
    assert cost.depth == 8
    assert cost.kept_ratio == pytest.approx(1, abs=0.01)


@pytest.fixture
def no_measuring(monkeypatch):
    monkeypatch.setattr(bench, "measure", lambda *_, **__: ([], []))
    monkeypatch.setattr(bench, "ceilings", lambda _: {"flop_per_second": 1.0})
    monkeypatch.setattr(
        bench, "addition", lambda depth, *_, **__: bench.AdditionCost(depth, 1, 1, 0)
    )


def test_the_result_is_kept_after_each_depth(no_measuring, tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(bench, "keep", lambda result, _: kept.append(len(result.additions)))
    bench.bench([8, 14], "live", CPU, folder=tmp_path)
    assert kept == [1, 2]


def test_a_bench_with_a_failure_says_so_by_its_exit(no_measuring, monkeypatch, tmp_path):
    failure = bench.Failure("residual-8", "bare loop", "out of memory")
    monkeypatch.setattr(bench, "measure", lambda *_, **__: ([], [failure]))
    with pytest.raises(RuntimeError, match="the bench is there but for bare loop of residual-8"):
        bench.bench([8], "live", CPU, folder=tmp_path)
    (path,) = tmp_path.glob("*.json")
    assert json.loads(path.read_text())["failures"][0]["reason"] == "out of memory"


def test_the_arithmetic_ceiling_counts_three_passes():
    counted = probes.cost(cifar(8, width=CONFIG.recipe.width), 16).multiply_adds
    assert bench.arithmetic_floor(CONFIG, 1e12) == pytest.approx(1e12 / (6 * counted))
