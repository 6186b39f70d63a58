"""What chapter 8 counts is right by hand, and what it says of blocks can be denied by records."""

import pytest
import torch
from torch import nn

from resnet_course import probes
from resnet_course.networks import BottleneckBlock, cifar, imagenet
from resnet_course.recipes import TIERS, RunConfig, for_tier, laptop
from resnet_course.records import MissingRecordsError, Record, select
from resnet_course.studies.block_anatomy import STUDY, analysis, figures
from resnet_course.studies.block_anatomy.configs import (
    CHANGES,
    CONTROLS,
    DEPTHS,
    HEAD_NORM,
    OPTION_B,
    OPTION_C,
    ORIGINAL,
    PARTS,
    RELU_BEFORE,
    THREE_LAYERS,
    Part,
)

from .made_up import run, verdicts, with_final

SEEDS = range(3, 11)


@pytest.fixture(scope="module")
def recorded() -> list[Record]:
    """Of the seeds that the claims were made from."""
    return [record for record in STUDY.load("laptop") if record.seed < 3]


def ended(part: Part, seed: int, error: float, depth: int = 56) -> Record:
    """A run of a block that ended with an error."""
    config = RunConfig(
        "residual", depth, seed, laptop(), shortcut=part.shortcut, variant=part.variant
    )
    return run("block_anatomy", config, {"train_error": error, "test_error": error})


def world(errors: dict[Part, float], depth: int = 56) -> list[Record]:
    """Eight fresh seeds of each block; seeds scatter by a tenth of a point."""
    return [
        ended(part, seed, error + 0.1 * ((5 * seed + int(error)) % 3), depth)
        for part, error in errors.items()
        for seed in SEEDS
    ]


@pytest.mark.parametrize("tier", TIERS)
def test_every_block_is_run_at_every_depth(tier: str) -> None:
    chosen = STUDY.configs(for_tier(tier), (0,))
    blocks = [(c.depth, Part(c.shortcut, c.variant)) for c in chosen]
    assert blocks == [(depth, part) for depth in DEPTHS[tier] for part in PARTS]
    assert {(c.arch, c.tier) for c in chosen} == {("residual", tier)}


def test_a_change_is_of_the_shortcut_or_of_the_variant_and_only_controls_are_of_both() -> None:
    assert all(part.shortcut == "A" or not part.variant for part in (ORIGINAL, *CHANGES))
    assert all(control.variant.endswith("head-bn") for control in CONTROLS.values())


def test_every_block_has_a_name_of_its_own() -> None:
    assert set(analysis.NAMES) == set(PARTS)
    assert len(set(analysis.NAMES.values())) == len(PARTS)


@pytest.mark.parametrize("depth", DEPTHS["paper"])
def test_every_block_makes_as_many_layers_and_3x3_weights_as_the_original(depth: int) -> None:
    counts = set()
    for part in PARTS:
        with torch.device("meta"):
            net = cifar(depth, shortcut=part.shortcut, variant=part.variant)
        assert probes.cost(net, 32).layers == depth
        kernels = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
        counts.add(sum(m.weight.numel() for m in kernels if m.kernel_size == (3, 3)))
    assert len(counts) == 1


def test_resnet_50_has_one_projection_per_stage_and_12_identities() -> None:
    with torch.device("meta"):
        stages = imagenet(50).stages
    identities = [[isinstance(block.shortcut, nn.Identity) for block in stage] for stage in stages]
    assert not any(stage[0] for stage in identities)
    assert sum(sum(stage) for stage in identities) == 12


def test_a_projection_on_a_bottleneck_costs_nearly_as_much_as_its_branch() -> None:
    block = BottleneckBlock(256, 256, shortcut="C")
    weights = {}
    for name in ("residual", "shortcut"):
        layers = [m for m in getattr(block, name).modules() if isinstance(m, nn.Conv2d)]
        weights[name] = sum(layer.weight.numel() for layer in layers)
    assert weights == {"residual": 2 * 256 * 64 + 9 * 64 * 64, "shortcut": 256 * 256}


def test_relu_before_the_sum_lets_the_signal_only_grow() -> None:
    torch.manual_seed(0)
    net = cifar(20, width=4, variant="relu-before-addition").eval()
    x = torch.randn(8, 3, 16, 16)

    def mean_of(maps: torch.Tensor) -> torch.Tensor:
        return maps.mean().reshape(1)

    with probes.with_batch_statistics(net, x), probes.block_outputs(net, mean_of) as means:
        net(x)
    for stage in range(3):
        inside = [m.item() for name, m in means.items() if name.startswith(f"stages.{stage}.")]
        assert inside == sorted(inside)


def test_a_change_is_taken_seed_by_seed() -> None:
    records = [ended(ORIGINAL, seed, 10.0 * seed) for seed in SEEDS]
    records += [ended(OPTION_C, seed, 10.0 * seed + 2.0) for seed in SEEDS]
    change = analysis.change(records, OPTION_C, 56)
    assert (change.value, change.std, change.n) == (2.0, 0.0, 8)


def test_a_change_of_a_block_that_was_not_run_is_missing() -> None:
    with pytest.raises(MissingRecordsError):
        analysis.change(world({ORIGINAL: 50.0}), OPTION_C, 56)


def test_a_block_that_the_study_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="no block with"):
        analysis.present([ended(Part(variant="skip-init"), 0, 50.0)])


def test_the_table_has_a_row_per_block_and_no_change_of_the_original(
    recorded: list[Record],
) -> None:
    rows = analysis.table(recorded)
    assert [row["block"] for row in rows] == [analysis.NAMES[p] for p in analysis.present(recorded)]
    unchanged = [row["block"] for row in rows if not row["56 layers: change"]]
    assert unchanged == ["original (option A)"]


def test_a_block_run_at_one_depth_has_a_dash_at_the_other() -> None:
    records = world({ORIGINAL: 50.0}) + world({ORIGINAL: 50.0, OPTION_B: 51.0}, depth=20)
    row = analysis.table(records)[1]
    assert row["56 layers: change"] == "–"
    assert row["20 layers: change"] != "–"


def test_the_summary_ranks_blocks_from_best_to_worst() -> None:
    records = world({ORIGINAL: 50.0, OPTION_B: 40.0, OPTION_C: 60.0})
    told = analysis.summary(records)
    assert told.index("option B") < told.index("original") < told.index("option C")


def test_the_figure_leaves_the_controls_to_a_figure_of_their_own() -> None:
    records = world({ORIGINAL: 50.0, HEAD_NORM: 49.0, THREE_LAYERS: 52.0})
    assert [row["block"] for row in figures.by_part(records).rows] == [
        "original (option A)",
        "three layers in F",
    ]
    assert [row["block"] for row in figures.head_norm(records).rows] == [
        "original (option A)",
        "original, head BN",
    ]


def test_the_slider_has_a_frame_per_changed_block(recorded: list[Record]) -> None:
    frames = figures.against_original(recorded)
    assert list(frames) == [analysis.NAMES[part] for part in CHANGES]
    assert "points (3 seeds)" in frames["option C"].caption


HELD_AT_20 = {ORIGINAL: 52.0, OPTION_B: 52.0, THREE_LAYERS: 52.0, RELU_BEFORE: 52.0}


@pytest.mark.parametrize(
    ("changed", "denied"),
    [
        ({OPTION_B: 60.0}, "option B ends like the original"),
        ({THREE_LAYERS: 60.0}, "a branch of three layers ends like the original"),
        ({RELU_BEFORE: 60.0}, "ReLU before the sum ends like the original"),
    ],
)
def test_a_change_that_costs_at_20_layers_would_deny_that_it_ends_alike(
    changed: dict[Part, float], denied: str
) -> None:
    came_out = verdicts(STUDY, world(HELD_AT_20, depth=20))
    assert came_out[f"at 20 layers, {denied}"] == "holds"
    came_out = verdicts(STUDY, world(HELD_AT_20 | changed, depth=20))
    assert came_out[f"at 20 layers, {denied}"] == "does not hold"


def test_every_cost_would_be_denied_if_all_blocks_ended_alike(recorded: list[Record]) -> None:
    alike = with_final(recorded, lambda record: True, test_error=50.0)
    came_out = verdicts(STUDY, alike)
    costs = [text for text in came_out if "costs error" in text]
    assert len(costs) == 8
    assert {came_out[text] for text in costs} == {"does not hold"}


def test_another_block_as_costly_would_deny_that_option_c_costs_most() -> None:
    errors = dict.fromkeys(CHANGES, 55.0) | {OPTION_C: 60.0}
    text = "at 56 layers, option C costs more than any other change"
    assert verdicts(STUDY, world(errors))[text] == "holds"
    assert verdicts(STUDY, world(errors | {THREE_LAYERS: 65.0}))[text] == "does not hold"


@pytest.mark.parametrize("part", [OPTION_B, OPTION_C, RELU_BEFORE])
def test_a_cost_that_a_norm_before_the_head_takes_away_was_one_of_logits(part: Part) -> None:
    errors = {CONTROLS[ORIGINAL]: 52.0, CONTROLS[part]: 60.0}
    (verdict,) = verdicts(STUDY, world(errors)).values()
    assert verdict == "holds"
    (verdict,) = verdicts(STUDY, world(errors | {CONTROLS[part]: 52.0})).values()
    assert verdict == "does not hold"


def test_controls_that_nobody_has_run_leave_their_claims_open(recorded: list[Record]) -> None:
    judged = STUDY.judge([r for r in recorded if "head-bn" not in r.variant])
    open_claims = [j.claim.text for j in judged if j.estimate.n == 0]
    assert len(judged) == len(STUDY.claims)
    assert all("BN before the head" in text for text in open_claims)
    assert len(open_claims) == len(CONTROLS)


def test_recorded_blocks_have_three_seeds_at_both_depths(recorded: list[Record]) -> None:
    for depth in DEPTHS["laptop"]:
        for part in (ORIGINAL, *CHANGES):
            seeds = {record.seed for record in analysis.runs_of(recorded, part, depth)}
            assert seeds >= {0, 1, 2}
    assert select(recorded, depth=110) == []


def test_a_prediction_is_compared_with_what_was_measured(recorded: list[Record]) -> None:
    prediction = figures.prediction(recorded)
    assert "option C 69.50" in prediction.comparison
    assert len(set(prediction.options)) == len(prediction.options) > 2
