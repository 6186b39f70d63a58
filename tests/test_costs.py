"""The cost of training is told before it, from a few steps, and telling it changes nothing."""

from dataclasses import replace

import pytest
import torch

from resnet_course import costs
from resnet_course.recipes import Config, Recipe

TINY = Recipe("live", iterations=20, data="embedded", width=4, train_images=1000, batch_size=128)
CONFIG = Config("residual", 8, 0, TINY)


def test_the_cost_of_a_run_is_estimated_from_timed_steps():
    assert all(seconds > 0 for seconds in costs.estimate([CONFIG], "cpu").values())


def test_the_estimate_is_linear_in_depth_and_iterations(monkeypatch):
    monkeypatch.setattr(costs, "seconds_per_step", lambda config, *_: 0.01 * config.depth)
    long = replace(TINY, iterations=200)
    configs = [Config("plain", depth, 0, recipe) for depth in (56, 8, 20) for recipe in (TINY, long)]
    seconds = costs.estimate(configs, "cpu")
    assert seconds == {c: pytest.approx(0.01 * c.depth * c.recipe.iterations) for c in configs}


def test_the_memory_of_training_grows_with_depth_and_shrinks_with_checkpointing():
    shallow, deep = (costs.bytes_to_train(replace(CONFIG, depth=depth), "cpu") for depth in (20, 56))
    in_segments = costs.bytes_to_train(replace(CONFIG, depth=56), "cpu", checkpoint_blocks=3)
    assert 2 < deep / shallow < 3  # 27 blocks against 9, and the same stem and head
    assert in_segments < deep / 2


def test_estimating_leaves_the_callers_threads_and_random_numbers_alone():
    torch.set_num_threads(2)
    torch.manual_seed(7)
    before = torch.get_rng_state()
    costs.estimate([CONFIG], "cpu")
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), before)
