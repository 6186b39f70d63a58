"""Linear probes by depth: what the study computes, and what would make it say otherwise."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch

from resnet_course import networks, recipes, records, studies
from resnet_course.records import Record, Verdict
from resnet_course.studies.what_layers_see import analysis, claims, figures, pictures, probe
from resnet_course.training.build import recorded_network
from resnet_course.training.probing import probe_images, profiles_of

STUDY = studies.get("what_layers_see")
RECORDED = records.load("what_layers_see", "laptop")
IMAGES = torch.randn(6, 3, 16, 16, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def plain():
    return networks.cifar(8, "plain", width=8).eval()


def test_every_place_offers_equally_many_numbers(plain):
    with torch.no_grad():
        outputs = probe.outputs(plain, IMAGES, 128)
    assert list(outputs) == ["stem", "stages.0.0", "stages.1.0", "stages.2.0"]
    shapes = [tuple(maps.shape[1:]) for maps in outputs.values()]
    assert shapes == [(8, 16), (8, 16), (16, 8), (32, 4)]


def test_the_average_of_the_areas_is_what_the_head_gets():
    net = networks.cifar(8, "residual", width=8).eval()
    with torch.no_grad():
        last = probe.outputs(net, IMAGES, 128)["stages.2.0"]
        assert torch.allclose(net.head(last.mean(2)), net(IMAGES), atol=1e-5)


def test_the_stem_is_seen_after_its_nonlinearity(plain):
    with torch.no_grad():
        seen = probe.outputs(plain, IMAGES, 128)["stem"]
        assert torch.allclose(seen.mean(2), plain.stem(IMAGES).mean((2, 3)), atol=1e-6)


def test_images_are_taken_in_batches_and_none_is_lost(plain, monkeypatch):
    with torch.no_grad():
        at_once = probe.outputs(plain, IMAGES, 128)["stages.2.0"]
        monkeypatch.setattr(probe, "BATCH", 4)
        in_batches = probe.outputs(plain, IMAGES, 128)["stages.2.0"]
    assert torch.allclose(in_batches, at_once, atol=1e-6)


def test_the_own_head_on_the_last_block_is_the_network_itself():
    for record in RECORDED:
        assert record.profile("own_head")[-1] == pytest.approx(record.final["test_error"], abs=0.2)


def test_each_block_and_the_stem_have_a_probe():
    for record in RECORDED:
        blocks = (record.depth - 2) // 2
        for iteration in (0, 390):
            assert len(record.profile("areas", iteration)) == blocks + 1
            assert len(record.profile("channels", iteration)) == blocks + 1
        assert len(record.profile("own_head")) == blocks // 3


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["plain", "residual"])
def test_the_record_is_what_the_packaged_network_gives(arch):
    (record,) = records.select(RECORDED, arch=arch, depth=20, seed=0)
    parts = probe_images(recipes.laptop())
    net = recorded_network(arch, 20)
    measured = profiles_of(probe.probe, net, record.config, parts, 390)
    for name, values in measured.items():
        assert values == pytest.approx(list(record.profiles[name]), rel=2e-2)


def test_the_network_at_chance_is_left_out():
    runs = {(config.arch, config.depth) for config in STUDY.runs_at("laptop")}
    assert ("plain", 110) not in runs


PROBED = [("plain", 20), ("plain", 56), ("residual", 20), ("residual", 56), ("residual", 110)]
Ends = Callable[[str, int], tuple[float, float]]


def made(ends: dict[str, Ends], pixels: float = 61.0) -> list[Record]:
    """Records of fresh seeds whose profiles go in a line from the first end to the second.

    Args:
        ends: "areas@0", … -> from arch and depth to the errors at the first and the last place.
        pixels: Error of the probe of the pixels.
    """
    runs = []
    for seed in range(3, 11):
        for arch, depth in PROBED:
            (first,) = records.select(RECORDED, arch=arch, depth=depth, seed=0)
            profiles: dict[str, Sequence[float]] = {"pixels@0": [pixels]}
            for name, of_network in ends.items():
                low, high = of_network(arch, depth)
                profiles[name] = [low + 0.1 * seed, high + 0.1 * seed]
            config = replace(first.config, seed=seed)
            runs.append(replace(first, config=config, profiles=profiles))
    return runs


def untrained(arch: str, depth: int) -> tuple[float, float]:
    return (55.0, 84.0 if arch == "plain" else 73.0)


def untrained_channels(arch: str, depth: int) -> tuple[float, float]:
    return (72.0, 84.0 if arch == "plain" else 77.0)


def trained(arch: str, depth: int) -> tuple[float, float]:
    return (55.0, 82.0 if (arch, depth) == ("plain", 56) else 54.0)


def trained_channels(arch: str, depth: int) -> tuple[float, float]:
    return (71.0, 82.0 if (arch, depth) == ("plain", 56) else 57.0)


def head(arch: str, depth: int) -> tuple[float, float]:
    return (91.0 if arch == "plain" else 70.0, 55.0)


EXPECTED: dict[str, Ends] = {
    "areas@0": untrained,
    "channels@0": untrained_channels,
    "areas@390": trained,
    "channels@390": trained_channels,
    "own_head@390": head,
}


def test_every_claim_holds_of_the_errors_that_it_expects():
    assert {j.verdict for j in STUDY.judge(made(EXPECTED))} == {Verdict.HOLDS}


def test_every_claim_would_be_denied_if_depth_did_the_opposite():
    def upside_down(of_network: Ends) -> Ends:
        return lambda arch, depth: of_network(arch, depth)[::-1]

    # What is claimed of places is that depth changes little: there the opposite is a large change.
    opposite = {name: upside_down(of_network) for name, of_network in EXPECTED.items()}
    opposite["areas@390"] = lambda arch, depth: (82.0, 55.0)
    opposite["own_head@390"] = lambda arch, depth: (70.0, 55.0)
    opposite["areas@0"] = lambda arch, depth: (73.0, 55.0)
    assert {j.verdict for j in STUDY.judge(made(opposite))} == {Verdict.FAILS}


def test_of_several_networks_the_one_that_bears_a_claim_out_least_counts():
    def but_one(arch: str, depth: int) -> tuple[float, float]:
        return (71.0, 70.0) if (arch, depth) == ("residual", 110) else trained_channels(arch, depth)

    judgements = STUDY.judge(made({**EXPECTED, "channels@390": but_one}))
    (of_channels,) = [j for j in judgements if "helps the probe of channels" in j.claim.text]
    assert of_channels.verdict is Verdict.FAILS
    assert of_channels.estimate.value == pytest.approx(1)


def test_a_seed_that_lacks_a_network_does_not_speak_for_all():
    runs = [r for r in made(EXPECTED) if (r.seed, r.depth) != (3, 110)]
    estimate = claims.least(claims.gain_with_depth("channels"), trained=True)(runs)
    assert estimate.n == 7


def test_where_no_seed_has_all_networks_the_claim_is_open():
    runs = [r for r in made(EXPECTED) if (r.seed == 3) == (r.depth == 110)]
    judgements = STUDY.judge(runs)
    (of_channels,) = [j for j in judgements if "helps the probe of channels" in j.claim.text]
    assert of_channels.verdict is Verdict.OPEN


def test_the_words_say_what_the_table_says():
    rows = {(row["network"], row["state"]): row for row in analysis.table(RECORDED)}
    row = rows["residual-20", "trained"]
    words = analysis.probes_of_residual_20(RECORDED)
    assert f"{row['areas: stem']:.1f} % at the stem" in words
    assert f"{row['channels: last block']:.1f} % at the end" in words


def test_the_words_of_the_heads_name_four_networks():
    words = analysis.heads_in_words(RECORDED)
    for network in ("plain-20", "residual-20", "residual-56", "residual-110"):
        assert network in words


def test_the_slider_has_a_frame_for_every_depth():
    assert list(figures.by_depth(RECORDED)) == ["20 layers", "56 layers", "110 layers"]


def test_the_figure_of_heads_has_a_row_for_every_block_of_every_last_stage():
    rows = figures.own_heads(RECORDED).rows
    assert len(rows) == 3 + 9 + 3 + 9 + 18


def test_the_first_figure_does_not_tell_what_the_prediction_asks():
    card = figures.channels_only(records.select(RECORDED, arch="residual", depth=20))
    assert "areas" not in f"{card.alt} {card.caption} {card.rows}"


def test_tiles_stand_side_by_side_with_a_grey_pixel_between():
    board = pictures.mosaic(torch.ones(3, 2, 2), columns=2)
    assert board.shape == (5, 5)
    assert board[:2, :2].eq(1).all()
    assert board[2].eq(pictures.GREY).all()
    assert board[3:, 3:].eq(pictures.GREY).all()  # there is no fourth tile


def test_a_picture_of_one_shade_is_not_stretched_into_noise():
    assert pictures.to_unit(torch.full((2, 2), 3.0)).eq(0).all()


def test_a_stretched_picture_reaches_from_black_to_white():
    stretched = pictures.to_unit(torch.tensor([[-2.0, 0.0], [1.0, 2.0]]))
    assert stretched.min() == 0
    assert stretched.max() == 1


def test_silent_channels_are_counted():
    maps = torch.zeros(1, 8, 4, 4)
    maps[0, 0, 1, 1] = 1
    (card,) = pictures.maps_by_place({"stem": maps}).values()
    assert "7 of them silent" in card.caption


def test_a_gallery_says_how_pure_it_is():
    nine = torch.zeros(9, 4, 4, 3)
    channel = pictures.Favourites("stem", nine, 2 / 3, nine[0], 1.5)
    card = pictures.galleries([channel])
    assert "67 % for stem" in card.alt
    assert card.rows[0]["made image / best photograph"] == 1.5


def test_the_words_of_the_filters_count_edges_before_and_after():
    weights = torch.randn(4, 3, 3, 3)
    drawn = pictures.Filters(weights, torch.tensor([0.1, 0.2, 0.3, 0.2]))
    later = pictures.Filters(weights, torch.tensor([0.6, 0.7, 0.3, 0.2]))
    words = pictures.edges_in_words(drawn, later, at_random=torch.tensor([0.2, 0.6]))
    assert "0 of 4 before and 2 after" in words
    assert "mean cosine between the two is 1.00" in words
