"""What chapter 12 says of failures, gates and arms follows from records, and could be denied."""

import math

import pytest
import torch
from torch import nn

from resnet_course.data import augment, images
from resnet_course.networks import cifar
from resnet_course.recipes import TIERS, RunConfig, for_tier, laptop
from resnet_course.records import Record, select
from resnet_course.studies.preactivation import STUDY, analysis, figures
from resnet_course.studies.preactivation.analysis import Fate, fate
from resnet_course.studies.preactivation.configs import (
    CONTROLS,
    DEPTHS,
    ORDERS,
    ORIGINAL,
    PAPER,
    SHORTCUTS,
    VARIANTS,
)
from resnet_course.studies.preactivation.probe import keeps, probe

from .made_up import run, verdicts, with_final

SEEDS = range(3, 11)
# A world in which the batch norm before the head explains everything and open gates are harmless.
NORM_WORLD = {
    ORIGINAL: 60.0,
    "head-bn": 54.0,
    "full-preactivation": 54.0,
    "full-preactivation-no-head-bn": 60.0,
    "relu-only-preactivation": 60.0,
    "relu-only-preactivation-head-bn": 54.0,
    "shortcut-only-gating-open": 67.0,
    "shortcut-only-gating-open-zeroed": 60.0,
}
# A world in which the clear path explains everything and gates are to blame, open or not.
PATH_WORLD = {
    ORIGINAL: 60.0,
    "head-bn": 60.0,
    "full-preactivation": 54.0,
    "full-preactivation-no-head-bn": 54.0,
    "relu-only-preactivation": 54.0,
    "relu-only-preactivation-head-bn": 54.0,
    "shortcut-only-gating-open": 67.0,
    "shortcut-only-gating-open-zeroed": 67.0,
}


@pytest.fixture(scope="module")
def recorded() -> list[Record]:
    """Of the seeds that the claims were made from."""
    return [record for record in STUDY.load("laptop") if record.seed < 3]


def ended(variant: str, seed: int, error: float, loss: float = 1.5, depth: int = 110) -> Record:
    """A run that ended with one error on both splits."""
    config = RunConfig("residual", depth, seed, laptop(), variant=variant)
    final = {"train_error": error, "test_error": error, "train_loss": loss, "test_loss": loss}
    curves = {"iteration": [390.0], "train_loss": [loss], "train_error": [error]}
    return run("preactivation", config, final, curves)


def world(errors: dict[str, float]) -> list[Record]:
    """Eight fresh seeds of each arm; seeds scatter by a tenth of a point."""
    return [
        ended(variant, seed, error + 0.1 * ((3 * seed + len(variant)) % 3))
        for variant, error in errors.items()
        for seed in SEEDS
    ]


@pytest.mark.parametrize("tier", TIERS)
def test_every_run_is_a_residual_network_of_a_known_variant(tier: str) -> None:
    recipe = for_tier(tier)
    chosen = STUDY.configs(recipe, (0,))
    assert [c.variant for c in chosen] == list(VARIANTS) * len(DEPTHS[tier])
    assert {(c.arch, c.shortcut, c.tier) for c in chosen} == {("residual", "A", tier)}


def test_the_papers_table_has_the_original_the_shortcuts_and_the_orders() -> None:
    assert set(PAPER) == {ORIGINAL, *SHORTCUTS, *ORDERS}
    assert not set(PAPER) & set(CONTROLS)


def test_every_variant_has_a_name_of_its_own() -> None:
    assert set(analysis.NAMES) == set(VARIANTS)
    assert len(set(analysis.NAMES.values())) == len(VARIANTS)


@pytest.mark.parametrize(
    ("error", "loss", "expected"),
    [
        (54.0, 1.5, Fate.LEARNT),
        (89.0, 2.3, Fate.STAGNANT),
        (90.0, 3e5, Fate.EXPLODED),
        (90.0, math.nan, Fate.NAN),
        (90.0, math.inf, Fate.NAN),
    ],
)
def test_how_a_run_ended_is_told_from_its_loss_before_its_error(
    error: float, loss: float, expected: Fate
) -> None:
    assert fate(ended("", 0, error, loss)) is expected


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("conv-shortcut", Fate.NAN),
        ("dropout-shortcut", Fate.EXPLODED),
        ("scaled-shortcut", Fate.STAGNANT),
        ("shortcut-only-gating", Fate.STAGNANT),
        ("bn-after-addition", Fate.STAGNANT),
        ("full-preactivation", Fate.LEARNT),
    ],
)
def test_recorded_blocks_of_110_layers_failed_as_the_chapter_says(
    recorded: list[Record], variant: str, expected: Fate
) -> None:
    runs = select(recorded, depth=110, variant=variant)
    assert {fate(record) for record in runs} == {expected}


def test_no_recorded_block_of_20_layers_failed(recorded: list[Record]) -> None:
    assert {fate(record) for record in select(recorded, depth=20)} == {Fate.LEARNT}


def test_an_ending_with_failures_is_a_median_and_says_how_many() -> None:
    runs = [ended("", 0, 60.0), ended("", 1, 62.0), ended("", 2, 90.0, math.nan)]
    assert analysis.ending(runs) == "62.0 (NaN in 1 of 3)"
    assert analysis.ending(runs[:2]) == "61.00 ± 1.41"


def test_each_way_of_failing_is_told_in_its_own_terms(recorded: list[Record]) -> None:
    told = analysis.how_they_fail(recorded)
    nan, exploded, stagnant = (told.index(f"*{way}*") for way in ("NaN", "exploded", "stagnant"))
    assert nan < told.index("1×1 convolution (in 3 of 3 runs, from epoch 1 on)") < exploded
    assert exploded < told.index("dropout (training loss 3e5 to 8e11 nats at the end)") < stagnant
    assert "% training error" in told[stagnant:]


def test_a_variant_that_the_study_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="no variant zero-init"):
        analysis.present([ended("zero-init", 0, 50.0)])


def test_the_table_has_a_row_per_block_beside_the_papers_error(recorded: list[Record]) -> None:
    rows = analysis.table(recorded, tuple(PAPER))
    assert [row["block"] for row in rows] == [analysis.NAMES[variant] for variant in PAPER]
    quoted = {row["block"]: row["He 2016, 110 layers: test"] for row in rows}
    assert (quoted["original"], quoted["dropout"]) == ("6.61", "fails")


def test_comparisons_that_were_not_run_are_left_out() -> None:
    arms = [ended(v, s, 60.0 + s) for v in ("", "full-preactivation") for s in (3, 4)]
    (row,) = analysis.gains(arms)
    assert (row["block"], row["against"], row["seeds"]) == ("full pre-activation", "original", 2)


def test_the_figure_names_the_way_a_block_failed(recorded: list[Record]) -> None:
    card = figures.by_variant(recorded)
    assert all(word in card.light for word in ("NaN", "exploded", "stagnant"))
    assert "1×1 convolution (NaN in 3 of 3)" in card.alt


def test_the_slider_has_a_frame_per_changed_block(recorded: list[Record]) -> None:
    frames = figures.against_original(recorded)
    shown = {record.variant for record in recorded if record.variant}
    assert list(frames) == [analysis.NAMES[v] for v in VARIANTS if v in shown]
    assert "NaN, in 3 of 3 runs" in frames["1×1 convolution"].caption


def test_the_head_norm_figure_shows_the_arms_that_were_run_and_no_others() -> None:
    records = world({ORIGINAL: 60.0, "head-bn": 54.0, "scaled-shortcut": 90.0})
    card = figures.head_norm(records)
    assert [row["block"] for row in card.rows] == ["original", "original, head BN"]
    assert "half the shortcut" not in card.alt


def test_what_gates_leave_is_the_product_of_what_each_keeps() -> None:
    card = figures.what_gates_leave({"one": [0.5, 0.5, 0.5], "two": [1.0, 0.9]})
    assert [row["product of all"] for row in card.rows] == [0.125, 0.9]
    assert [row["least open gate"] for row in card.rows] == [0.5, 0.9]


def pixels(count: int = 32) -> torch.Tensor:
    return augment.normalise(images.load("embedded", "train").pixels[:count])


def network(variant: str, depth: int = 20) -> nn.Module:
    torch.manual_seed(0)
    return cifar(depth, width=4, variant=variant).eval()


def test_a_zeroed_gate_keeps_what_its_bias_says() -> None:
    kept = keeps(network("shortcut-only-gating-open-zeroed"), pixels())
    assert kept == pytest.approx([1 / (1 + math.exp(-6))] * 9)


def test_drawn_gates_of_the_same_bias_are_less_open_and_the_less_the_deeper() -> None:
    kept = {d: keeps(network("shortcut-only-gating-open", d), pixels()) for d in (20, 56)}
    assert math.prod(kept[56]) < math.prod(kept[20]) < 0.98


def test_a_network_without_gates_keeps_nothing_to_tell() -> None:
    assert keeps(network(""), pixels()) == []


def test_the_probe_tells_of_logits_and_of_gates_where_there_are_any() -> None:
    parts = {"train": (pixels(), torch.zeros(32, dtype=torch.long))}
    config = RunConfig("residual", 20, 0, laptop())
    assert set(probe(network(""), config, parts, 0)) == {"logits"}
    assert set(probe(network("shortcut-only-gating"), config, parts, 0)) == {"logits", "keep"}


def test_the_probe_leaves_no_trace() -> None:
    net = network("shortcut-only-gating")
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    parts = {"train": (pixels(), torch.zeros(32, dtype=torch.long))}
    probe(net, RunConfig("residual", 20, 0, laptop()), parts, 0)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert not any(module.training for module in net.modules())


def test_a_batch_norm_before_the_head_makes_logits_small_whatever_the_path() -> None:
    parts = {"train": (pixels(), torch.zeros(32, dtype=torch.long))}
    config = RunConfig("residual", 56, 0, laptop())
    arms = ("", "head-bn", "full-preactivation-no-head-bn", "full-preactivation")
    sizes = {arm: probe(network(arm, 56), config, parts, 0)["logits"] for arm in arms}
    assert sizes[""] > 2 * sizes["head-bn"]
    assert sizes["full-preactivation-no-head-bn"] > 2 * sizes["full-preactivation"]


def test_where_the_norm_explains_everything_the_claims_of_the_path_fall() -> None:
    came_out = verdicts(STUDY, world(NORM_WORLD))
    assert came_out == {
        "full pre-activation is better than the original": "holds",
        "ReLU-only pre-activation is better than the original": "does not hold",
        "a BN before the head makes the original better": "holds",
        "the original with a BN before the head is as good as full pre-activation": "holds",
        "full pre-activation without its last BN is better than the original": "does not hold",
        "full pre-activation loses when its last BN is taken away": "holds",
        "a BN before the head makes ReLU-only pre-activation better": "holds",
        "with a BN before the head in both, ReLU-only pre-activation is as good as the original": (
            "holds"
        ),
        "a gate of bias −6 is worse than the identity": "holds",
        "a gate of bias −6 is better when its weights start at zero, so that it is open": "holds",
        "a gate of bias −6 whose weights start at zero is as good as the identity": "holds",
    }


def test_where_the_path_explains_everything_the_claims_of_the_norm_fall() -> None:
    came_out = verdicts(STUDY, world(PATH_WORLD))
    fallen = {text for text, verdict in came_out.items() if verdict == "does not hold"}
    assert fallen == {
        "a BN before the head makes the original better",
        "the original with a BN before the head is as good as full pre-activation",
        "full pre-activation loses when its last BN is taken away",
        "a BN before the head makes ReLU-only pre-activation better",
        "with a BN before the head in both, ReLU-only pre-activation is as good as the original",
        "a gate of bias −6 is better when its weights start at zero, so that it is open",
        "a gate of bias −6 whose weights start at zero is as good as the identity",
    }


@pytest.mark.parametrize(
    ("variant", "final", "claim"),
    [
        ("relu-before-addition", {"test_error": 50.0}, "ReLU before the sum is worse"),
        ("exclusive-gating", {"test_error": 50.0}, "an exclusive gate is worse"),
        ("scaled-shortcut", {"train_error": 60.0}, "with half the shortcut"),
        ("shortcut-only-gating", {"train_error": 60.0}, "with a gate of bias 0"),
        ("bn-after-addition", {"train_error": 60.0}, "with a BN after the sum"),
        ("dropout-shortcut", {"train_loss": 1.5}, "with dropout on the shortcut"),
    ],
)
def test_a_claim_of_a_failing_block_would_be_denied_by_one_that_learnt(
    recorded: list[Record], variant: str, final: dict[str, float], claim: str
) -> None:
    others = with_final(
        select(recorded, depth=110), lambda record: record.variant == variant, **final
    )
    came_out = verdicts(STUDY, others)
    (verdict,) = (verdict for text, verdict in came_out.items() if text.startswith(claim))
    assert verdict == "does not hold"


def test_finite_losses_of_eight_seeds_would_deny_that_a_convolution_ends_in_nan() -> None:
    records = [ended("conv-shortcut", seed, 70.0) for seed in SEEDS]
    (verdict,) = verdicts(STUDY, records).values()
    assert verdict == "does not hold"


def test_arms_that_nobody_has_run_leave_their_claims_open(recorded: list[Record]) -> None:
    seed_0 = [record for record in recorded if record.variant not in CONTROLS]
    judged = STUDY.judge(seed_0)
    without_runs = [j for j in judged if j.estimate.n == 0]
    assert len(judged) == len(STUDY.claims)
    assert {str(j.verdict) for j in without_runs} == {"not settled"}
    controls = ("BN before the head", "last BN", "weights start at zero")
    assert all(any(words in j.claim.text for words in controls) for j in without_runs)


def test_a_prediction_is_compared_with_what_was_measured(recorded: list[Record]) -> None:
    prediction = figures.prediction(recorded)
    assert "stagnant in 3 of 3" in prediction.comparison
    assert len(set(prediction.options)) == len(prediction.options) > 2
