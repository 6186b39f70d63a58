"""The cost of training is told before it, from a few steps, and telling it changes nothing."""

from dataclasses import replace

import pytest
import torch

from resnet_course.recipes import Recipe, RunConfig
from resnet_course.training import cost
from resnet_course.training.runtime import Runtime

TINY = Recipe("live", iterations=20, data="embedded", width=4, train_images=1000, batch_size=128)
CONFIG = RunConfig("residual", 8, 0, TINY)
CPU, TRAINS = Runtime("cpu"), cost.Hooks()


def test_the_cost_of_a_run_is_estimated_from_timed_steps():
    assert all(seconds > 0 for seconds in cost.seconds_of_runs([CONFIG], CPU, TRAINS).values())


def test_the_estimate_is_linear_in_depth_and_iterations(monkeypatch):
    monkeypatch.setattr(cost, "seconds_per_step", lambda config, _: 0.01 * config.depth)
    long = replace(TINY, iterations=200)
    configs = [
        RunConfig("plain", depth, 0, recipe) for depth in (56, 8, 20) for recipe in (TINY, long)
    ]
    seconds = cost.seconds_of_runs(configs, CPU, TRAINS)
    assert seconds == {c: pytest.approx(0.01 * c.depth * c.recipe.iterations) for c in configs}


def test_the_memory_of_training_grows_with_depth_and_shrinks_with_checkpointing():
    shallow, deep = (cost.bytes_to_train(replace(CONFIG, depth=depth), CPU) for depth in (20, 56))
    in_segments = cost.bytes_to_train(replace(CONFIG, depth=56), replace(CPU, checkpoint_blocks=3))
    assert 2 < deep / shallow < 3  # 27 blocks against 9, and the same stem and head
    assert in_segments < deep / 2


def test_estimating_leaves_the_callers_threads_and_random_numbers_alone():
    torch.set_num_threads(2)
    torch.manual_seed(7)
    before = torch.get_rng_state()
    cost.seconds_of_runs([CONFIG], CPU, TRAINS)
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), before)


def test_auto_precision_is_one_of_those_that_were_timed():
    assert cost.fastest_precision(CONFIG, "cpu") in ("fp32", "bf16")


def test_auto_precision_is_the_faster_one(monkeypatch):
    seconds = {"fp32": 2.0, "bf16": 1.0}
    monkeypatch.setattr(cost, "seconds_per_step", lambda _, runtime: seconds[runtime.precision])
    assert cost.fastest_precision(CONFIG, "cpu") == "bf16"
