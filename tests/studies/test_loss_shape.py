"""Slices are cut as chapter 11 says, with both statistics, and its claims could be denied."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from resnet_course import probes
from resnet_course.recipes import RunConfig, laptop
from resnet_course.records import MissingRecordsError, Record, select
from resnet_course.studies.loss_shape import STUDY, analysis, figures
from resnet_course.studies.loss_shape.configs import (
    AXIS,
    CENTRE,
    DIRECTIONS,
    DISTANCES,
    IMAGES,
    RATES,
    STEPS,
)
from resnet_course.studies.loss_shape.probe import descent, probe
from resnet_course.training.build import build, recorded_network
from resnet_course.training.probing import ProbeImages, probe_images

from .made_up import run, verdicts, with_profiles

SEEDS = range(3, 11)
WIDTH = len(DISTANCES)


@pytest.fixture(scope="module")
def recorded() -> list[Record]:
    """Of the seeds that the claims were made from."""
    return [record for record in STUDY.load("laptop") if record.seed < 3]


@pytest.fixture(scope="module")
def parts() -> ProbeImages:
    return probe_images(laptop())


@pytest.fixture(scope="module")
def few(parts: ProbeImages) -> ProbeImages:
    pixels, labels = parts["train"]
    return {"train": (pixels[:16], labels[:16])}


def valley(floor: float, rim: float) -> list[float]:
    """A slice whose loss rises as a parabola from the floor at the centre to the rim at 1."""
    return [floor + (rim - floor) * distance**2 for distance in DISTANCES]


def record(
    arch: str = "plain",
    depth: int = 20,
    seed: int = 0,
    *,
    batch: tuple[float, float] = (1.0, 3.0),
    running: tuple[float, float] | None = None,
    share: float = 1.0,
) -> Record:
    """A network in a valley of each kind, whose gradient keeps a share of its promise."""
    start = [3.0] * WIDTH * DIRECTIONS
    profiles: dict[str, list[float]] = {
        "loss@0": start,
        "downhill@0": [3.0 - share * rate for rate in RATES],
        "slope@0": [1.0],
    }
    for kind, ends in (("batch", batch), ("running", running)):
        if ends is None:
            continue
        line = valley(*ends)
        loss = analysis.quantity("loss", kind)
        sharpness = analysis.quantity("sharpness", kind)
        profiles[f"{loss}@390"] = line * DIRECTIONS
        profiles[f"{sharpness}@390"] = [probes.sharpness(DISTANCES, line)] * DIRECTIONS
    config = RunConfig(arch, depth, seed, laptop())
    return run("loss_shape", config, {"test_error": 50.0}, profiles=profiles)


def test_distances_are_symmetric_about_the_trained_weights() -> None:
    assert [-distance for distance in DISTANCES[::-1]] == list(DISTANCES)
    assert DISTANCES[CENTRE] == 0.0
    assert AXIS[len(AXIS) // 2] == 0.0


def test_rates_are_half_powers_of_ten_up_to_one() -> None:
    assert (analysis.TRAINING_RATE, RATES[-1]) == (0.001, 1)
    assert all(b / a == pytest.approx(10**0.5) for a, b in pairwise(RATES))


def test_a_spread_is_made_of_losses_that_were_measured_and_takes_nan_for_infinite() -> None:
    spread = analysis.spread([5.0, 1.0, 3.0, float("nan"), 2.0])
    assert (spread.low, spread.median, spread.high) == (2.0, 3.0, 5.0)


def test_slices_take_the_middle_over_directions_and_seeds() -> None:
    low, high = record(batch=(1.0, 1.0)), record(seed=1, batch=(2.0, 2.0))
    higher = record(seed=2, batch=(9.0, 9.0))
    assert {at.median for at in analysis.slices([low, high, higher])} == {2.0}


def test_sharpness_averages_over_directions_first() -> None:
    one = replace(record(), profiles={"sharpness@390": [1.0, 3.0]})
    other = replace(record(seed=1), profiles={"sharpness@390": [6.0, 6.0]})
    stats = analysis.sharpness([one, other])["plain", 20]
    assert (stats.mean, stats.n) == (4.0, 2)


def test_edges_are_compared_in_decades() -> None:
    assert analysis.edge(record(running=(1.0, 1000.0)), "running") == pytest.approx(3.0)


def test_a_straight_slope_keeps_its_promise_and_a_wall_breaks_it() -> None:
    assert analysis.kept_promise(record(share=1.0), 0.001) == pytest.approx(1)
    assert analysis.kept_promise(record(share=0.0), 0.001) == 0


def test_records_from_before_running_statistics_say_so_and_still_have_a_figure() -> None:
    old = [record(arch, depth) for arch in ("plain", "residual") for depth in (20, 56)]
    with pytest.raises(MissingRecordsError, match="make them again"):
        analysis.slices(old, "running")
    card = figures.by_depth(old)
    assert "running statistics" not in card.alt
    assert all("running" not in column for column in card.rows[0])


def test_records_with_both_kinds_of_statistics_show_both() -> None:
    both = [record(arch, running=(1.0, 100.0)) for arch in ("plain", "residual")]
    card = figures.by_depth(both)
    assert card.rows[0]["plain-20, batch"] == 3.0
    assert card.rows[0]["plain-20, running"] == 100.0
    (plain, _) = analysis.table(both)
    assert (plain["distance 1, batch"], plain["distance 1, running"]) == (3.0, 100.0)


def test_twins_are_cut_along_the_same_directions_and_seeds_along_others(few: ProbeImages) -> None:
    net = build(RunConfig("plain", 8, 1, laptop())).eval()
    measured = {s: probe(net, RunConfig("plain", 8, s, laptop()), few, 0) for s in (1, 2)}
    centres = {seen["loss"][CENTRE] for seen in measured.values()}
    assert len(centres) == 1
    assert measured[1]["loss"] != measured[2]["loss"]
    assert measured[1]["downhill"] == measured[2]["downhill"]


def test_an_untrained_network_is_not_asked_with_running_statistics(few: ProbeImages) -> None:
    config = RunConfig("plain", 8, 1, laptop())
    net = build(config).eval()
    assert not any("running" in name for name in probe(net, config, few, 0))
    assert "loss-running" in probe(net, config, few, 390)


@pytest.mark.parametrize("seed", [0, 1])
def test_only_seed_0_is_looked_at_on_planes_one_per_kind_of_statistics(
    few: ProbeImages, seed: int
) -> None:
    config = RunConfig("plain", 8, seed, laptop())
    measured = probe(build(config).eval(), config, few, 390)
    planes = {name: len(values) for name, values in measured.items() if "surface" in name}
    both = {"surface": len(AXIS) ** 2, "surface-running": len(AXIS) ** 2}
    assert planes == (both if seed == 0 else {})


def test_the_two_kinds_of_statistics_agree_at_the_centre_of_a_trained_network(
    parts: ProbeImages,
) -> None:
    net = recorded_network("residual", 20)
    x, y = (part[:IMAGES] for part in parts["train"])
    batch, running = (probes.batch_loss(net, x, y, kind) for kind in probes.STATISTICS)
    assert batch == pytest.approx(running, rel=0.02)


@pytest.mark.parametrize("arch", ["plain", "residual"])
def test_a_small_step_downhill_gains_what_the_gradient_promises(
    parts: ProbeImages, arch: str
) -> None:
    net = build(RunConfig(arch, 8, 1, laptop())).eval()
    x, y = (part[:64] for part in parts["train"])
    step = descent(net, x, y)
    start, there = probes.surface(net, [step], [(0.0,), (3e-4,)], x, y)
    promise = 3e-4 * sum(part.square().sum().item() for part in step)
    assert (start - there) / promise == pytest.approx(1, abs=0.1)


def test_the_recorded_plane_agrees_with_the_slices_where_they_cross(
    recorded: list[Record],
) -> None:
    width, middle = len(AXIS), len(AXIS) // 2
    for one in select(recorded, seed=0):
        plane, loss = one.profile("surface"), one.profile("loss")
        assert plane[middle * width + middle] == pytest.approx(loss[len(STEPS)], rel=1e-3)
        assert plane[middle * width + width - 1] == pytest.approx(loss[WIDTH - 1], rel=1e-3)
        assert plane[(width - 1) * width + middle] == pytest.approx(loss[2 * WIDTH - 1], rel=1e-3)


@pytest.mark.parametrize("arch", ["plain", "residual"])
def test_the_record_agrees_with_a_fresh_look_at_the_weights_of_this_package(
    recorded: list[Record], parts: ProbeImages, arch: str
) -> None:
    (mine,) = select(recorded, arch=arch, depth=20, seed=0)
    net = recorded_network(arch, 20)
    x, y = (part[:IMAGES] for part in parts["train"])
    points = [(distance,) for distance in DISTANCES]
    line = probes.surface(net, [probes.random_direction(net, 0)], points, x, y)
    assert mine.profile("loss")[:WIDTH] == pytest.approx(line, rel=2e-2)
    sharpness = probes.sharpness(DISTANCES, line)
    assert mine.profile("sharpness")[0] == pytest.approx(sharpness, rel=2e-2)


def test_the_slider_has_a_plane_per_network_of_seed_0(recorded: list[Record]) -> None:
    networks = {one.network for one in recorded}
    frames = figures.planes(recorded)
    assert set(frames) == networks
    assert "the batch's statistics 2.295 to 2.396" in frames["plain-110"].caption


def test_a_plane_has_labelled_axes_a_colour_bar_and_contour_lines_even_where_it_is_flat(
    recorded: list[Record],
) -> None:
    (flat,) = select(recorded, arch="plain", depth=110, seed=0)
    picture = figures.plane(flat).light
    for words in ("distance along direction 1", "distance along direction 2", "training loss"):
        assert words in picture
    assert all(contour in picture for contour in ("2.31", "2.32"))


def test_the_pages_own_slices_say_how_high_their_ends_are() -> None:
    lines = {"batch": valley(1.0, 3.0), "running": valley(1.0, 400.0)}
    card = figures.both_statistics({"plain-56": lines})
    assert "batch plain-56 3" in card.alt
    assert "running plain-56 400" in card.alt


def test_the_growth_of_displaced_outputs_is_told_by_its_end() -> None:
    card = figures.growth_by_layer({"plain-56": [1.0, 10.0, 100.0], "residual-56": [1.0, 2.0, 4.0]})
    assert "plain-56 100, residual-56 4" in card.alt
    assert [row["plain-56"] for row in card.rows] == [1.0, 10.0, 100.0]


def without_running(one: Record) -> Record:
    kept = {name: values for name, values in one.profiles.items() if "running" not in name}
    return replace(one, profiles=kept)


def test_without_running_statistics_their_claims_are_open(recorded: list[Record]) -> None:
    judged = STUDY.judge([without_running(one) for one in recorded])
    open_claims = [j.claim.text for j in judged if j.estimate.n == 0]
    assert len(open_claims) == 4
    assert all(text.startswith("with running statistics") for text in open_claims)


def alike(seed: int, arch: str, depth: int) -> Record:
    return record(arch, depth, seed, batch=(1.0, 3.0), running=(1.0, 30.0), share=0.9)


def contrasting(seed: int, arch: str, depth: int) -> Record:
    """As the chapter says of its networks."""
    if arch == "residual":
        return record(arch, depth, seed, batch=(1.0, 3.0), running=(1.0, 30.0), share=0.9)
    if depth == 20:
        return record(arch, depth, seed, batch=(1.5, 2.5), running=(1.5, 32.0), share=0.9)
    rim = 1e3 if depth == 56 else 1e9
    return record(arch, depth, seed, batch=(2.2, 2.3), running=(2.2, rim), share=0.0)


def networks(make: Callable[[int, str, int], Record]) -> list[Record]:
    return [
        make(seed, arch, depth)
        for arch in ("plain", "residual")
        for depth in (20, 56, 110)
        for seed in SEEDS
    ]


def test_networks_as_the_chapter_describes_them_bear_its_claims_out() -> None:
    assert set(verdicts(STUDY, networks(contrasting)).values()) == {"holds"}


def test_twins_that_are_alike_in_all_would_deny_every_difference_between_them() -> None:
    came_out = verdicts(STUDY, networks(alike))
    held = {text for text, verdict in came_out.items() if verdict == "holds"}
    assert held == {
        "with the batch's statistics, residual networks get no sharper with depth",
        "with running statistics, the loss at distance 1 is as high around plain-20 as around "
        "residual-20",
        "untrained, at rate 0.001, the gradient of residual-110 keeps its promise",
    }
    assert set(came_out.values()) == {"holds", "does not hold"}


def test_a_deep_residual_network_that_is_sharper_would_deny_that_depth_is_harmless() -> None:
    def sharper(seed: int, arch: str, depth: int) -> Record:
        rim = 30.0 if (arch, depth) == ("residual", 110) else 3.0
        return record(arch, depth, seed, batch=(1.0, rim))

    text = "with the batch's statistics, residual networks get no sharper with depth"
    assert verdicts(STUDY, networks(sharper))[text] == "does not hold"


def test_a_residual_gradient_that_breaks_its_promise_would_be_noticed(
    recorded: list[Record],
) -> None:
    steep = with_profiles(
        recorded, lambda r: (r.arch, r.depth) == ("residual", 110), {"slope@0": [1e9]}
    )
    text = "untrained, at rate 0.001, the gradient of residual-110 keeps its promise"
    assert verdicts(STUDY, recorded)[text] == "holds"
    assert verdicts(STUDY, steep)[text] == "does not hold"


def test_a_prediction_is_compared_with_what_was_measured(recorded: list[Record]) -> None:
    prediction = figures.prediction(recorded)
    assert "plain-110 0.11" in prediction.comparison
    assert len(set(prediction.options)) == len(prediction.options) > 2
