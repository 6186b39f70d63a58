"""Responses are measured as He 2015 did, and what chapter 9 says of them could be denied."""

import pytest
import torch

from resnet_course import records
from resnet_course.data import augment, images
from resnet_course.networks import cifar
from resnet_course.recipes import RunConfig, laptop
from resnet_course.records import MissingRecordsError, Record, select
from resnet_course.studies.layer_responses import STUDY, analysis, figures
from resnet_course.studies.layer_responses.configs import DECAYS, configs, decay_label
from resnet_course.studies.layer_responses.probe import probe

from .made_up import verdicts, with_final, with_profiles

TIERS = ("laptop", "colab", "published")


@pytest.fixture(scope="module")
def recorded() -> list[Record]:
    return STUDY.load("laptop")


@pytest.fixture(scope="module")
def published() -> list[Record]:
    return records.load("layer_responses", "published")


def test_plain_networks_are_run_up_to_the_middle_depth_as_in_figure_7() -> None:
    chosen = configs(laptop(), (0,))
    assert [c.depth for c in chosen if c.arch == "plain"] == [20, 56]
    assert [c.depth for c in chosen if c.arch == "residual" and not c.label] == [20, 56, 110]


def test_weight_decay_varies_at_the_middle_depth_alone() -> None:
    labelled = [c for c in configs(laptop(), (0,)) if c.label]
    assert [(c.depth, c.recipe.weight_decay) for c in labelled] == [(56, d) for d in DECAYS]
    assert [c.label for c in labelled] == [decay_label(d) for d in DECAYS]


@pytest.mark.parametrize("arch", ["plain", "residual"])
def test_an_untrained_layer_responds_with_1_and_only_residual_blocks_have_a_ratio(
    arch: str,
) -> None:
    torch.manual_seed(0)
    net = cifar(8, arch, width=4).eval()
    pixels = augment.normalise(images.load("embedded", "train").pixels[:64])
    parts = {"train": (pixels, torch.zeros(64, dtype=torch.long))}
    measured = probe(net, RunConfig(arch, 8, 0, laptop()), parts, 0)
    assert measured["response"] == pytest.approx([1.0] * 7, abs=0.01)
    assert ("ratio" in measured) is (arch == "residual")


@pytest.mark.parametrize("tier", TIERS)
def test_every_claim_that_names_a_tier_can_be_asked_of_its_records(tier: str) -> None:
    judged = STUDY.judge(records.load("layer_responses", tier))
    assert [j.claim for j in judged] == [c for c in STUDY.claims if tier in c.tiers]
    assert all(j.estimate.n for j in judged)


@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_has_a_table_and_a_figure(tier: str) -> None:
    of_tier = records.load("layer_responses", tier)
    networks = {f"{r.arch}-{r.depth}" for r in of_tier if not r.label}
    assert {row["network"] for row in analysis.table(of_tier)} == networks
    assert all(name in figures.by_layer(of_tier).alt for name in networks)


def test_networks_over_weight_decay_are_not_averaged_with_the_others(
    recorded: list[Record],
) -> None:
    assert {r.label for r in analysis.by_network(recorded)["residual", 56]} == {""}
    assert list(analysis.by_decay(recorded)) == [0.0, 1e-4, 1e-3, 1e-2]


def test_a_network_that_was_not_run_is_missing(recorded: list[Record]) -> None:
    with pytest.raises(MissingRecordsError):
        analysis.average(select(recorded, depth=32), "response")


def test_a_plain_network_has_no_ratios_in_the_table(recorded: list[Record]) -> None:
    rows = {row["network"]: row["ratio, trained"] for row in analysis.table(recorded)}
    assert rows["plain-20"] == "–"
    assert rows["residual-20"] != "–"


def test_the_slider_goes_from_untrained_to_200_epochs(
    recorded: list[Record], published: list[Record]
) -> None:
    longer = records.load("layer_responses", "colab")
    frames = figures.over_training(recorded, longer, published)
    assert list(frames) == ["untrained", "390 steps", "2,000 steps", "200 epochs"]
    assert frames["untrained"].rows[0]["mean response"].startswith("1.00")


def test_the_figure_of_ratios_is_of_residual_networks_alone(recorded: list[Record]) -> None:
    card = figures.ratios(recorded)
    assert {row["network"] for row in card.rows} == {"residual-20", "residual-56", "residual-110"}


def is_deepest(record: Record) -> bool:
    return (record.arch, record.depth, record.label) == ("residual", 110, "")


@pytest.mark.parametrize(
    ("profile", "value", "denied"),
    [
        ("response@0", 1.5, "untrained, every layer of the deepest network responds with 1"),
        ("ratio@0", 1.0, "untrained, the deepest network takes steps smaller than"),
        ("response@390", 0.5, "after short training, the deepest residual network responds like"),
    ],
)
def test_another_deep_network_would_deny_what_is_said_of_depth(
    recorded: list[Record], profile: str, value: float, denied: str
) -> None:
    others = with_profiles(recorded, is_deepest, {profile: [value] * 54})
    came_out = verdicts(STUDY, others)
    (verdict,) = (verdict for text, verdict in came_out.items() if text.startswith(denied))
    assert verdict == "does not hold"


def test_responses_that_ignore_weight_decay_would_deny_that_it_makes_them_small(
    recorded: list[Record],
) -> None:
    others = with_profiles(
        recorded, lambda record: record.label == "decay-0.01", {"response@390": [1.0] * 55}
    )
    text = "strong weight decay brings responses below 0.8 times those without any"
    assert verdicts(STUDY, recorded)[text] == "holds"
    assert verdicts(STUDY, others)[text] == "does not hold"


def test_an_error_that_follows_weight_decay_would_deny_that_it_stays(
    recorded: list[Record],
) -> None:
    others = with_final(recorded, lambda r: r.label == "decay-0.01", train_error=80.0)
    text = "strong weight decay leaves the training error where it is without any"
    assert verdicts(STUDY, others)[text] == "does not hold"


def test_published_networks_that_respond_more_with_depth_would_deny_the_slope(
    published: list[Record],
) -> None:
    text = "after long training, the deeper a residual network, the smaller its responses"
    assert verdicts(STUDY, published)[text] == "holds"
    rising = []
    for record in published:
        profile = {f"response@{record.config.recipe.iterations}": [float(record.depth)]}
        rising += with_profiles([record], lambda _: True, profile)
    assert verdicts(STUDY, rising)[text] == "does not hold"


def test_a_slope_needs_three_depths(published: list[Record]) -> None:
    two_depths = [record for record in published if record.depth in (20, 56)]
    (judgement,) = STUDY.judge(two_depths)
    assert judgement.estimate.n == 0


def test_a_prediction_is_compared_with_what_was_measured(recorded: list[Record]) -> None:
    prediction = figures.prediction(recorded)
    assert "residual-110 0.97" in prediction.comparison
    assert len(set(prediction.options)) == len(prediction.options) > 2
