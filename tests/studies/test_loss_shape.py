"""Slices of the loss say what the chapter says they say, and the study would notice if they did not."""

from dataclasses import replace
from itertools import pairwise

import pytest

from resnet_course import examination, lab, networks, recipes, runs
from resnet_course.recipes import Config
from resnet_course.studies import loss_shape as study


@pytest.fixture(scope="module")
def recorded() -> list[runs.Record]:
    return lab.replay("loss_shape", "laptop")


@pytest.fixture(scope="module")
def parts() -> examination.Images:
    return examination.images_to_examine(recipes.laptop())


def record(net="plain", depth=20, seed=0, **profiles) -> runs.Record:
    config = {"net": net, "depth": depth, "seed": seed, "recipe": {"tier": "laptop"}}
    return runs.Record("loss_shape", config, {}, {}, {}, profiles)


def test_distances_are_symmetric_about_the_trained_weights():
    assert [-d for d in study.DISTANCES[::-1]] == list(study.DISTANCES)
    assert 0.0 in study.DISTANCES
    assert study.AXIS[len(study.AXIS) // 2] == 0.0


def test_rates_are_half_powers_of_ten_up_to_one():
    assert (study.RATES[12], study.RATES[-1]) == (0.001, 1)
    assert all(b / a == pytest.approx(10**0.5) for a, b in pairwise(study.RATES))


def test_slices_average_over_directions_and_seeds():
    line = [float(i) for i in range(len(study.DISTANCES))]
    flat = [2.0] * len(study.DISTANCES) * study.DIRECTIONS
    found = study.slices([record(**{"loss@9": line * study.DIRECTIONS}), record(seed=1, **{"loss@9": flat})])
    assert [at.mean for at in found] == [(i + 2) / 2 for i in line]
    assert {at.n for at in found} == {2 * study.DIRECTIONS}


def test_sharpness_averages_over_directions_first():
    one, other = record(**{"sharpness@9": [1.0, 3.0]}), record(seed=1, **{"sharpness@9": [6.0, 6.0]})
    found = study.sharpness([one, other])["plain", 20]
    assert (found.mean, found.n) == (4.0, 2)


def test_a_straight_slope_keeps_its_promise_and_a_wall_breaks_it():
    loss = [9.0] * len(study.DISTANCES)
    loss[len(study.STEPS)] = 3.0  # the centre of the first direction
    downhill = [3.0 - 2.0 * rate for rate in study.RATES]
    profiles = {"loss@0": loss * study.DIRECTIONS, "downhill@0": downhill, "slope@0": [2.0]}
    assert study.kept(record(**profiles), 0.001) == pytest.approx(1)
    wall = profiles | {"downhill@0": [3.0] * len(study.RATES)}
    assert study.kept(record(**wall), 0.001) == 0


def test_twins_are_cut_along_the_same_directions_and_seeds_along_others(parts):
    found = {}
    for seed in (1, 2):
        config = Config("plain", 8, seed, recipes.laptop())
        net = networks.build(replace(config, seed=1)).eval()
        found[seed] = study.examine(net, config, {"train": tuple(p[:16] for p in parts["train"])}, 0)
    centres = [seen["loss"][len(study.STEPS)] for seen in found.values()]
    assert centres[0] == centres[1]
    assert found[1]["loss"] != found[2]["loss"]
    assert found[1]["downhill"] == found[2]["downhill"]


def test_a_small_step_downhill_gains_what_the_gradient_promises(parts):
    config = Config("residual", 8, 1, recipes.laptop())
    seen = study.examine(networks.build(config).eval(), config, parts, 0)
    profiles = {f"{name}@0": value if isinstance(value, list) else [value] for name, value in seen.items()}
    assert study.kept(record(**profiles), study.RATES[11]) == pytest.approx(1, abs=0.05)


def test_only_seed_0_is_looked_at_on_a_plane(recorded):
    assert all(bool(r.iterations("surface")) == (r.seed == 0) for r in recorded)
    assert {len(r.profile("surface")) for r in recorded if r.seed == 0} == {len(study.AXIS) ** 2}


def test_the_plane_agrees_with_the_slices_where_they_cross(recorded):
    """At the centre, and at distance 1 along either direction."""
    width, cuts = len(study.AXIS), len(study.DISTANCES)
    middle = width // 2
    for r in (r for r in recorded if r.seed == 0):
        plane, loss = r.profile("surface"), r.profile("loss")
        assert plane[middle * width + middle] == pytest.approx(loss[len(study.STEPS)], rel=1e-3)
        assert plane[middle * width + width - 1] == pytest.approx(loss[cuts - 1], rel=1e-3)
        assert plane[(width - 1) * width + middle] == pytest.approx(loss[2 * cuts - 1], rel=1e-3)


@pytest.mark.parametrize("net", ["plain", "residual"])
def test_the_record_agrees_with_a_fresh_look_at_the_weights_of_this_package(recorded, parts, net):
    from resnet_course import landscape

    (mine,) = (r for r in recorded if (r.net, r.depth, r.seed) == (net, 20, 0))
    trained = lab.network(net, 20)
    x, y = (part[: study.IMAGES] for part in parts["train"])
    line = landscape.surface(trained, [landscape.random_direction(trained, 0)], [(d,) for d in study.DISTANCES], x, y)
    assert mine.profile("loss")[: len(line)] == pytest.approx(line, rel=2e-2)
    assert mine.profile("sharpness")[0] == pytest.approx(landscape.sharpness(study.DISTANCES, line), rel=2e-2)


def doctored(records, net: str, depth: int, **profiles) -> list[runs.Record]:
    """The same records, but for some profiles of one network."""
    return [replace(r, profiles=r.profiles | profiles) if (r.net, r.depth) == (net, depth) else r for r in records]


def test_a_flat_residual_network_and_a_sharp_plain_one_would_deny_what_is_said_of_sharpness(recorded):
    records = doctored(recorded, "residual", 20, **{"sharpness@390": [0.1] * study.DIRECTIONS})
    for depth in (20, 110):
        records = doctored(records, "plain", depth, **{"sharpness@390": [5.0] * study.DIRECTIONS})
    assert sum(not claim for claim in study.holds(records).values()) == 3


def test_gradients_that_break_or_keep_their_promise_would_be_noticed(recorded):
    steep = doctored(recorded, "residual", 110, **{"slope@0": [1e9]})
    assert sum(not claim for claim in study.holds(steep).values()) == 1
    gentle = doctored(recorded, "plain", 110, **{"slope@0": [1.0], "downhill@0": [1.0] * len(study.RATES)})
    assert sum(not claim for claim in study.holds(gentle).values()) == 1
