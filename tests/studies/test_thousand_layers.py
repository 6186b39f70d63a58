"""Four arms at each depth, one thing apart; the counts are right, and records can deny claims."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from resnet_course.networks import cifar
from resnet_course.networks.models import blocks_per_stage
from resnet_course.recipes import RunConfig, lr_at
from resnet_course.records import Provenance, Record, RecordError, Verdict
from resnet_course.studies import thousand_layers
from resnet_course.studies.thousand_layers import analysis, figures, memory, speeds
from resnet_course.studies.thousand_layers.configs import ARMS

PROVENANCE = Provenance(
    source="",
    commit=None,
    data="",
    libraries={},
    hardware="two cores",
    started="2026-11-29T00:00:00+00:00",
    wall_seconds=900.0,
    cpu_seconds=600.0,
)
CALM = {("original", True), ("pre-activation", True)}


def run(config: RunConfig, losses: Sequence[float], test_error: float) -> Record:
    """A finished run of two passes."""
    curves = {
        "iteration": [250, 500],
        "train_loss": list(losses),
        "train_error": [85.0, 75.0],
    }
    final = {"train_error": 74.0, "test_error": test_error}
    return Record("thousand_layers", config, curves, final, PROVENANCE)


@pytest.fixture(scope="module")
def made() -> list[Record]:
    """What fresh seeds may say: with the norm calm and learning, without it neither."""
    records = []
    for config in thousand_layers.STUDY.runs_at("laptop", (3, 4, 5)):
        calm = analysis.arm_of(config.variant) in CALM
        error = 72.0 if calm else 89.0
        losses = (2.3, 2.1) if calm else (20.0, 40.0)
        records.append(run(config, losses, error + 0.1 * config.seed))
    return records


@pytest.mark.parametrize("tier", ["live", "laptop", "colab"])
def test_all_networks_of_a_tier_share_one_recipe(tier: str) -> None:
    (recipe,) = {config.recipe for config in thousand_layers.STUDY.runs_at(tier)}
    assert recipe.schedule == "one-cycle"
    assert recipe.warmup_steps == 0


def test_a_laptop_run_sees_every_image_twice() -> None:
    recipe = thousand_layers.STUDY.runs_at("laptop")[0].recipe
    assert recipe.iterations * recipe.batch_size == 2 * 8_000
    assert lr_at(recipe.iterations // 4, recipe) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("tier", ["live", "laptop", "colab"])
def test_both_blocks_come_with_the_norm_and_without_at_every_depth(tier: str) -> None:
    configs = thousand_layers.STUDY.runs_at(tier)
    depths = {config.depth for config in configs}
    runs = {(config.depth, config.variant) for config in configs}
    assert runs == {(depth, variant) for depth in depths for variant in ARMS.values()}


@pytest.mark.parametrize(("arm", "variant"), ARMS.items())
def test_an_arm_has_a_norm_before_its_head_where_it_says_so(
    arm: tuple[str, bool], variant: str
) -> None:
    net = cifar(20, width=4, variant=variant)
    between = [type(module).__name__ for part in net.stages[3:] for module in part.children()]
    assert ("BatchNorm2d" in between) == arm[1]


def test_the_network_of_1202_layers_has_200_blocks_a_stage() -> None:
    assert blocks_per_stage(1202) == 200
    assert blocks_per_stage(1001, layers=9) == 111


def test_the_full_recipe_trains_the_networks_of_the_papers_tables() -> None:
    named = [config.name for config in thousand_layers.STUDY.runs_at("paper")]
    assert named == [
        "residual-110-s0",
        "residual-1202-s0",
        "preactivation-164-s0",
        "preactivation-1001-s0",
    ]


def test_the_table_has_a_row_per_network_with_every_seeds_losses(made: list[Record]) -> None:
    rows = analysis.table(made)
    assert len(rows) == 12
    assert {row["loss, pass 1"] for row in rows} == {"2.30, 2.30, 2.30", "20.00, 20.00, 20.00"}


@pytest.mark.parametrize(
    ("loss", "text"),
    [(2.345, "2.35"), (321.45, "321"), (3.3e21, "3e+21"), (math.nan, "not a number")],
)
def test_a_huge_loss_is_neither_hidden_nor_spelled_out(loss: float, text: str) -> None:
    assert analysis.shown(loss) == text


def test_the_norm_and_the_path_are_told_apart(made: list[Record]) -> None:
    rows = analysis.separated(made)
    assert [row["layers"] for row in rows] == ["20", "110", "1202"]
    for row in rows:
        assert str(row["the norm, original block"]).startswith("+17 ")
        assert str(row["a clear path, with the norm"]).startswith("+0 ")


def test_the_cost_of_training_is_counted_in_core_minutes(made: list[Record]) -> None:
    text = analysis.cost_of_training(made)
    assert "1202 layers of width 4, 500 steps of 32 images: 10 minutes of one core" in text
    assert "2.0 core-hours for all 12" in text


def test_an_arm_that_the_study_does_not_have_is_refused(made: list[Record]) -> None:
    odd = replace(made[0], config=replace(made[0].config, variant="zero-init"))
    with pytest.raises(RecordError, match="no arm 'zero-init'"):
        analysis.table([odd])


def test_no_records_are_no_picture() -> None:
    with pytest.raises(RecordError):
        figures.by_depth([])


def test_the_curves_are_those_of_1202_layers(made: list[Record]) -> None:
    card = figures.curves(made)
    assert card.alt.startswith("Test error of 1202 layers")
    assert len(card.rows) == 4


def altered(
    made: Sequence[Record], arm: tuple[str, bool], loss: float, test_error: float
) -> list[Record]:
    """The same records, but for the first loss and the end of one arm, each seed a little apart."""
    records = []
    for record in made:
        if record.variant == ARMS[arm]:
            record = run(record.config, (loss + 0.01 * record.seed, loss), test_error + record.seed)
        records.append(record)
    return records


def denied(records: Sequence[Record]) -> list[str]:
    """Claims that do not hold on these records."""
    judged = thousand_layers.STUDY.judge(records)
    return [j.claim.text for j in judged if j.verdict is Verdict.FAILS]


def test_what_is_expected_would_confirm_every_claim(made: list[Record]) -> None:
    verdicts = {judgement.verdict for judgement in thousand_layers.STUDY.judge(made)}
    assert verdicts == {Verdict.HOLDS}


@pytest.mark.parametrize(
    ("arm", "loss", "test_error", "text"),
    [
        (("original", False), 2.3, 89.0, "original block, no norm"),
        (("original", True), 9.0, 70.0, "original block, a norm"),
        (("pre-activation", False), 2.3, 89.0, "pre-activation without its last norm"),
        (("original", True), 2.3, 89.0, "original block with the norm: 1202 layers learn"),
        (("pre-activation", True), 2.3, 89.0, "pre-activation with the norm: 1202 layers learn"),
    ],
)
def test_another_outcome_of_one_arm_denies_a_claim(
    made: list[Record], arm: tuple[str, bool], loss: float, test_error: float, text: str
) -> None:
    claims = denied(altered(made, arm, loss, test_error))
    assert [claim for claim in claims if claim.startswith(text)]


def test_everything_kept_takes_twelve_gigabytes() -> None:
    assert memory.peak(0).total == pytest.approx(11.7, abs=0.1)
    assert memory.peak(0).inside == 0


def test_a_segment_of_ten_blocks_takes_the_least_memory() -> None:
    totals = {blocks: memory.peak(blocks).total for blocks in range(1, 201)}
    assert min(totals, key=lambda blocks: totals[blocks]) == 10


def test_one_segment_of_a_whole_stage_is_the_inside_of_that_stage() -> None:
    assert memory.peak(200).inside == pytest.approx(memory.peak(0).kept / 1.75)


def test_every_length_of_a_segment_has_a_frame() -> None:
    frames = figures.frames_of_segments()
    assert list(frames)[:3] == ["off", "1", "2"]
    assert frames["off"].alt.startswith("Nothing checkpointed: 11.7")


def test_the_recorded_bench_compares_with_the_users_loop() -> None:
    loops = {speed.loop: speed.ratio for speed in speeds.speeds()}
    assert loops["users' loop"] == 1.0
    assert "laptop tier" in speeds.source()
