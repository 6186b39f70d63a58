"""Who is sooner is read where both arrive; what the chapter says of speed and of depth can fail."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy

from resnet_course.recipes import RunConfig, laptop
from resnet_course.records import Record, Verdict, load, select
from resnet_course.records.statistics import MissingValuesError
from resnet_course.studies import trained_depth
from resnet_course.studies.trained_depth import analysis, figures
from resnet_course.studies.trained_depth.configs import LABEL
from resnet_course.training.build import build
from resnet_course.training.probing import probe_images

from ..records.making import MADE

STUDY = trained_depth.STUDY
FRESH = range(3, 11)
# (architecture, depth, label) -> (training error at the end, iterations to the common error)
BELIEVED = {
    ("plain", 8, ""): (41.5, 1000),
    ("residual", 8, ""): (41.0, 980),
    ("plain", 14, ""): (42.0, 1150),
    ("residual", 14, ""): (37.5, 900),
    ("plain", 14, LABEL): (33.0, 3000),
    ("residual", 14, LABEL): (32.5, 2500),
}


def run(config: RunConfig, error: float, arrival: float) -> Record:
    """A run that ends at `error` and first comes below 45 % at an iteration."""
    whole = config.recipe.iterations
    curves = {"iteration": [62.0, arrival, whole], "train_error": [80.0, 44.5, 44.2]}
    final = {"train_error": error, "test_error": error + 4}
    return Record("trained_depth", config, curves, final, MADE)


def world(ends: Mapping[tuple[str, int, str], tuple[float, float]]) -> list[Record]:
    """Records of fresh seeds, each a little apart."""
    made = []
    for config in STUDY.runs_at("laptop", FRESH):
        error, arrival = ends[config.arch, config.depth, config.label]
        jitter = 0.1 * (config.seed * config.depth % 3)
        made.append(run(config, error + jitter, arrival + 20 * jitter))
    return made


@pytest.fixture(scope="module")
def recorded() -> list[Record]:
    return load("trained_depth", "laptop")


def test_an_error_never_reached_is_reached_at_infinity(recorded: list[Record]) -> None:
    assert analysis.iterations_to(recorded[0], 0.0) == math.inf


def test_an_error_is_reached_at_the_first_iteration_that_is_as_low(recorded: list[Record]) -> None:
    curves = {"iteration": [10, 20, 30], "train_error": [70.0, 60.0, 50.0]}
    steps = replace(recorded[0], curves=curves)
    assert analysis.iterations_to(steps, 60.0) == 20


def test_the_common_error_is_one_that_every_run_reached(recorded: list[Record]) -> None:
    twins = select(recorded, depth=14, seed=0, label="")
    error = analysis.common_error(twins)
    assert all(analysis.iterations_to(record, error) < math.inf for record in twins)
    assert any(analysis.iterations_to(record, error - 1) == math.inf for record in twins)


def test_arrivals_pair_the_twins_of_a_seed(recorded: list[Record]) -> None:
    pairs = analysis.arrivals(recorded, 14)
    assert [pair.seed for pair in pairs] == sorted({record.seed for record in recorded})
    assert all(pair.more > 0 for pair in pairs)


def test_twins_that_are_not_there_have_no_arrival(recorded: list[Record]) -> None:
    with pytest.raises(MissingValuesError, match="no twins of 20 layers"):
        analysis.arrivals(recorded, 20)


def test_a_tie_is_no_lag() -> None:
    tied = dict.fromkeys(BELIEVED, (40.0, 1000))
    assert analysis.lag_of_plain(world(tied), 14).value == pytest.approx(0, abs=0.5)


def test_the_pairs_have_three_and_nine_times_the_tiers_steps() -> None:
    steps = {(c.depth, c.label): c.recipe.iterations for c in STUDY.runs_at("laptop")}
    once = laptop().iterations
    assert steps == {(8, ""): 3 * once, (14, ""): 3 * once, (14, LABEL): 9 * once}


def verdicts(ends: Mapping[tuple[str, int, str], tuple[float, float]]) -> dict[str, Verdict]:
    return {j.claim.text: j.verdict for j in STUDY.judge(world(ends))}


def test_every_claim_holds_in_the_world_that_the_chapter_believes_in() -> None:
    assert set(verdicts(BELIEVED).values()) == {Verdict.HOLDS}


@pytest.mark.parametrize(
    ("changed", "end", "claim"),
    [
        (("plain", 8, ""), (46.0, 1000), "twins of 8 layers end alike"),
        (("plain", 8, ""), (41.5, 1400), "neither kind is a quarter faster"),
        (("plain", 14, ""), (42.0, 900), "at 14 layers residual networks are sooner"),
        (("plain", 14, ""), (37.5, 1150), "also end lower"),
        (("plain", 14, LABEL), (38.0, 3000), "twins of 14 layers end alike"),
        (("plain", 14, LABEL), (33.0, 2500), "residual networks of 14 layers are sooner"),
        (("residual", 14, ""), (41.0, 900), "depth begins to pay"),
    ],
)
def test_another_end_denies_its_claim(
    changed: tuple[str, int, str], end: tuple[float, float], claim: str
) -> None:
    judged = verdicts({**BELIEVED, changed: end})
    denied = [text for text, verdict in judged.items() if verdict is Verdict.FAILS]
    assert any(claim in text for text in denied), judged


def test_the_figure_has_a_panel_for_every_pair() -> None:
    card = figures.curves(world(BELIEVED))
    assert [(row["depth"], row["iterations"]) for row in card.rows] == [
        (8, 1170),
        (14, 1170),
        (14, 3510),
    ]


def test_there_is_a_frame_for_every_depth_of_degradation() -> None:
    frames = figures.twins_by_depth(load("degradation", "laptop"))
    assert list(frames) == [f"{depth} layers" for depth in (8, 20, 32, 56, 110)]


def test_full_size_runs_are_told_by_their_ends() -> None:
    card = figures.full_size(load("degradation", "colab"))
    assert all(network in card.alt for network in ("plain-56", "residual-56"))


def test_our_short_runs_stand_beside_the_papers_long_ones() -> None:
    rows = analysis.beside_the_paper(load("degradation", "colab"))
    papers = {row["network"]: row["paper, 64,000 steps: test error (%)"] for row in rows}
    assert papers["residual-56"] == "6.97"
    assert papers["plain-56"] == "drawn, not printed"


def test_sentences_are_made_of_what_is_recorded(recorded: list[Record]) -> None:
    degraded = load("degradation", "laptop")
    sentences = [
        analysis.twins_by_depth(degraded),
        analysis.speed(recorded),
        analysis.depth_pays(recorded),
        analysis.summary(recorded),
    ]
    assert all("nan" not in sentence and sentence.endswith(".") for sentence in sentences)


def test_the_batch_norm_before_the_head_is_compared_on_the_seeds_that_have_it() -> None:
    made = []
    for seed in (0, 3, 4):
        for arch in ("plain", "residual"):
            for depth in (56, 110):
                for variant in ("", "head-bn") if seed else ("",):
                    config = RunConfig(arch, depth, seed, laptop(), variant=variant)
                    error = 99.0 if not seed else 60.0 - 10 * bool(variant)
                    final = {"train_error": error}
                    made.append(Record("head_norm", config, {}, final, MADE))
    words = analysis.with_head_norm(made)
    assert "Residual-110 ends with 60.00" in words
    assert "10.0 points" in words


def test_a_deep_residual_network_starts_sure_of_itself_unless_its_sum_is_normalised() -> None:
    images, labels = (part[:128] for part in probe_images(laptop())["train"])
    losses = {}
    for variant in ("", "head-bn"):
        net = build(RunConfig("residual", 110, 0, laptop(), variant=variant)).train()
        with torch.no_grad():
            losses[variant] = cross_entropy(net(images), labels).item()
    assert losses[""] > 2 * math.log(10) > 1.2 * math.log(10) > losses["head-bn"]


# What the worked answers of the chapter say.


def test_one_network_differs_from_seed_to_seed_by_more_than_twins_do() -> None:
    speeds = {}
    for arch in ("plain", "residual"):
        runs = [r for r in load("degradation", "laptop", arch=arch, depth=56) if r.seed < 3]
        speeds[arch] = [run.provenance.images_per_second or math.nan for run in runs]
    means = [sum(values) / len(values) for values in speeds.values()]
    scatter = max(max(values) - min(values) for values in speeds.values())
    assert abs(means[0] - means[1]) < scatter


@pytest.mark.parametrize("depth", [20, 32])
def test_after_the_tiers_own_steps_deeper_is_neither_better_nor_worse(depth: int) -> None:
    residual = load("degradation", "laptop", arch="residual")
    gain = analysis.gain_of_depth(residual, 8, depth)
    assert gain.low < 0 < gain.high


def test_with_three_times_the_steps_14_layers_are_better_than_8(recorded: list[Record]) -> None:
    assert analysis.gain_of_depth(recorded).low > 0
