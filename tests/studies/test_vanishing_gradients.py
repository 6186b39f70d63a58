"""Gradients explode in untrained plain networks, and the study would notice if they did not."""

from dataclasses import replace

import pytest
import torch

from resnet_course import examination, lab, networks, probes, recipes, runs
from resnet_course.recipes import Config
from resnet_course.studies import vanishing_gradients as study


@pytest.fixture(scope="module")
def recorded() -> list[runs.Record]:
    return lab.replay("vanishing_gradients", "laptop")


@pytest.fixture(scope="module")
def parts() -> examination.Images:
    return examination.images_to_examine(recipes.laptop())


def record(net="plain", depth=20, seed=0, variant="", **profiles) -> runs.Record:
    config = {"net": net, "depth": depth, "seed": seed, "variant": variant, "recipe": {"tier": "laptop"}}
    return runs.Record("vanishing_gradients", config, {}, {}, {}, profiles)


def test_imbalance_is_the_power_of_ten_between_the_first_and_the_last_convolution():
    gradients = [50.0, 7.0, 3.0, 0.05, 1000.0]  # four convolutions and the linear head
    assert study.imbalance(record(**{"gradient@0": gradients}), 0) == pytest.approx(3)


def test_the_summary_averages_powers_of_ten_over_seeds():
    numbers = {"coherence@0": [0.5], "autocorrelation@0": [1.0, 0.25]}
    twins = [
        record(seed=0, **{"gradient@0": [10.0, 1.0, 1.0]}, **numbers),
        record(seed=1, **{"gradient@0": [1000.0, 1.0, 1.0]}, **numbers),
    ]
    row = study.summary(twins, 0)["plain", 20]
    assert row["imbalance"] == pytest.approx(2)
    assert row["imbalance std"] == pytest.approx(2**0.5)
    assert (row["coherence"], row["autocorrelation"]) == (0.5, 0.25)


def test_without_batch_norm_the_learning_rate_is_a_tenth():
    rates = {study.kind(c): c.recipe.lr for c in lab.configs("vanishing_gradients", "laptop")}
    assert rates == {"plain without batch norm": pytest.approx(0.01), "plain": 0.1, "residual": 0.1}


def test_the_relative_gradient_is_the_gradient_over_the_length_of_the_weights(parts):
    net = networks.build(Config("residual", 8, 0, recipes.laptop())).eval()
    found = study.examine(net, Config("residual", 8, 0, recipes.laptop()), parts, 0)
    weights = [m.weight for m in net.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    for size, relative, weight in zip(found["gradient"], found["relative_gradient"], weights, strict=True):
        assert relative * weight.norm().item() == pytest.approx(size, rel=1e-4)


def test_a_longer_filter_before_batch_norm_gets_a_smaller_gradient(parts):
    """The gradient shrinks as the weights grow: what the chapter says that an explosion leaves behind."""
    x, y = (part[:64] for part in parts["train"])
    net = networks.build(Config("plain", 8, 0, recipes.laptop()))
    before = probes.weight_gradients(net, x, y)["stem.0"]
    with torch.no_grad():
        net.stem[0].weight *= 100
    after = probes.weight_gradients(net, x, y)["stem.0"]
    assert torch.allclose(100 * after, before, rtol=0.01, atol=1e-3 * before.abs().max().item())


@pytest.mark.parametrize("net", ["plain", "residual"])
def test_the_record_before_training_agrees_with_a_fresh_look(recorded, parts, net):
    (mine,) = (r for r in recorded if (r.net, r.depth, r.seed, r.variant) == (net, 20, 0, ""))
    config = recipes.config_from(mine.config)
    found = study.examine(networks.build(config).eval(), config, parts, 0)
    for quantity in ("gradient", "relative_gradient", "response"):
        assert mine.profile(quantity, 0) == pytest.approx(found[quantity], rel=2e-2)


def doctored(records, net: str, **profiles) -> list[runs.Record]:
    """The same records, but for some profiles of the deepest networks of one kind."""
    return [
        replace(r, profiles=r.profiles | profiles) if (study.kind(r), r.depth) == (net, 110) else r for r in records
    ]


def test_balanced_gradients_in_plain_networks_would_deny_explosion_and_vanishing(recorded):
    even = [1.0] * 110
    claims = study.holds(doctored(recorded, "plain", **{"gradient@0": even, "gradient@390": even}))
    assert sum(not claim for claim in claims.values()) == 2


def test_exploding_gradients_in_residual_networks_would_be_noticed(recorded):
    steep = [10.0 ** (5 - i / 20) for i in range(110)]
    claims = study.holds(doctored(recorded, "residual", **{"gradient@0": steep, "gradient@390": steep}))
    assert sum(not claim for claim in claims.values()) == 2


def test_coherent_and_smooth_gradients_in_plain_networks_would_be_noticed(recorded):
    smooth = {"coherence@0": [0.5], "autocorrelation@0": [1.0] * 33}
    claims = study.holds(doctored(recorded, "plain", **smooth))
    assert sum(not claim for claim in claims.values()) == 2


def test_every_claim_can_be_denied(recorded):
    flat = {"gradient@0": [1.0] * 110, "gradient@390": [1.0] * 110}
    flat |= {"coherence@0": [0.0], "autocorrelation@0": [0.0] * 33}
    steep = {"gradient@0": [10.0 ** (5 - i / 20) for i in range(110)]}
    steep |= {"gradient@390": steep["gradient@0"], "coherence@0": [0.0], "autocorrelation@0": [0.0] * 33}
    claims = study.holds(doctored(doctored(recorded, "plain", **flat), "residual", **steep))
    assert not any(claims.values())
