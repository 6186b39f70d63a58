"""Budgets are equal, one thing is added at a time, and records can deny what the chapter claims."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from resnet_course.recipes import TIERS
from resnet_course.records import Record, RecordError, Verdict, load
from resnet_course.studies import taming_depth
from resnet_course.studies.taming_depth import analysis, figures
from resnet_course.studies.taming_depth.configs import (
    ARMS,
    BLOCKS_OUT,
    DECAY,
    DROPOUT,
    FEW,
    HEAD_NORM,
    MANY,
    NAMES,
    NOTHING,
    SKIP_INIT,
    SKIP_INIT_HEAD_NORM,
    Arm,
    label_of,
)

CONTROLS = (HEAD_NORM, SKIP_INIT_HEAD_NORM)


@pytest.fixture(scope="module")
def recorded() -> list[Record]:
    return [
        record
        for record in load("taming_depth", "laptop")
        if record.seed < 3 and Arm(record.variant) not in CONTROLS
    ]


@pytest.mark.parametrize("tier", TIERS)
def test_budgets_are_equal_and_one_thing_is_added_at_a_time(tier: str) -> None:
    configs = taming_depth.STUDY.runs_at(tier)
    budgets = {replace(c.recipe, weight_decay=0.0, train_images=None) for c in configs}
    assert len(budgets) == 1
    assert len({config.depth for config in configs}) == 1
    assert all(not c.variant or c.recipe.weight_decay == 1e-4 for c in configs)


def test_many_images_are_seen_four_times_and_few_100_times() -> None:
    seen = {}
    for config in taming_depth.STUDY.runs_at("laptop"):
        recipe = config.recipe
        size = config.label.partition("-")[0]
        seen[size] = recipe.iterations * recipe.batch_size / (recipe.train_images or 8_000)
    assert seen == {MANY: 4, FEW: 100}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_run_of_the_first_seeds_is_still_one_of_the_studys(seed: int) -> None:
    todays = set(taming_depth.STUDY.runs_at("laptop", (seed,)))
    records = load("taming_depth", "laptop", seed=seed)
    assert len(records) >= 8
    assert {record.config for record in records} <= todays


def test_batch_norm_and_skip_init_both_come_with_equally_normalised_logits() -> None:
    for size in (MANY, FEW):
        assert {NOTHING, SKIP_INIT, HEAD_NORM, SKIP_INIT_HEAD_NORM} <= set(ARMS[size])


def test_the_table_and_the_figure_have_a_row_per_arm(recorded: list[Record]) -> None:
    rows = analysis.table(recorded)
    assert len(rows) == 8
    alt = figures.by_arm(recorded).alt
    assert all(f"{row['network']} with {row['images']} images" in alt for row in rows)


def test_an_arm_that_the_study_does_not_have_is_refused(recorded: list[Record]) -> None:
    odd = replace(recorded[0], config=replace(recorded[0].config, variant="three-layers"))
    with pytest.raises(RecordError, match="does not know the arm"):
        analysis.by_case([odd])


def test_the_opening_figure_says_nothing_of_networks_without_batch_norm(
    recorded: list[Record],
) -> None:
    assert "SkipInit" not in figures.by_arm(analysis.regularised(recorded)).alt


def test_a_change_is_taken_seed_by_seed(recorded: list[Record]) -> None:
    made = []
    for record in recorded:
        error = 50.0 + record.seed - 4.0 * (record.variant == "stochastic-depth")
        made.append(replace(record, final=dict(record.final) | {"test_error": error}))
    change = analysis.changes(made, "test_error", FEW)[BLOCKS_OUT]
    assert (change.value, change.low, change.high, change.n) == (-4.0, -4.0, -4.0, 3)


def test_every_arm_but_nothing_added_has_a_frame(recorded: list[Record]) -> None:
    assert list(figures.frames_beside_nothing_added(recorded)) == [
        NAMES[arm] for arm in (BLOCKS_OUT, DROPOUT, DECAY, SKIP_INIT)
    ]


def ending(records: Sequence[Record], size: str, arm: Arm, **final: float) -> list[Record]:
    """The same records, but for the end of one arm."""
    chosen = analysis.treated(records, size, arm)
    return [replace(r, final=dict(r.final) | final) if r in chosen else r for r in records]


def with_arm(records: Sequence[Record], size: str, arm: Arm, test_error: float) -> list[Record]:
    """The records, and those of an arm as if it had been run and had ended at a test error."""
    made = []
    for record in analysis.treated(records, size, NOTHING):
        config = replace(record.config, variant=arm.variant, label=label_of(size, arm))
        final = dict(record.final) | {"test_error": test_error}
        made.append(replace(record, config=config, final=final))
    return [*records, *made]


def denied(records: Sequence[Record]) -> list[str]:
    """Claims that do not hold on these records."""
    judged = taming_depth.STUDY.judge(records)
    return [j.claim.text for j in judged if j.verdict is Verdict.FAILS]


@pytest.mark.parametrize(
    ("size", "arm", "final", "text"),
    [
        (FEW, BLOCKS_OUT, {"train_error": 1.0}, "stochastic depth raises the training error"),
        (FEW, DROPOUT, {"test_error": 40.0}, "dropout in F does not lower the test error"),
        (FEW, DECAY, {"test_error": 66.0}, "weight decay 0.01 lowers the test error"),
        (FEW, BLOCKS_OUT, {"test_loss": 4.0}, "stochastic depth lowers the test loss"),
        (MANY, BLOCKS_OUT, {"test_error": 50.0}, "stochastic depth is a brake"),
        (FEW, NOTHING, {"train_error": 70.0, "test_error": 71.0}, "overfitted"),
        (MANY, SKIP_INIT, {"test_error": 90.0}, "neither with a head norm"),
    ],
)
def test_another_end_of_one_arm_denies_a_claim(
    recorded: list[Record], size: str, arm: Arm, final: dict[str, float], text: str
) -> None:
    claims = denied(ending(recorded, size, arm, **final))
    assert [claim for claim in claims if text in claim]


def test_skip_init_behind_at_equal_logits_denies_that_it_ends_alike(
    recorded: list[Record],
) -> None:
    with_norm = with_arm(recorded, MANY, HEAD_NORM, test_error=52.0)
    both = with_arm(with_norm, MANY, SKIP_INIT_HEAD_NORM, test_error=57.0)
    claims = denied(both)
    assert [claim for claim in claims if "both with a head norm" in claim]


def test_a_head_norm_that_costs_denies_that_it_helps(recorded: list[Record]) -> None:
    costly = with_arm(recorded, MANY, HEAD_NORM, test_error=58.0)
    assert [claim for claim in denied(costly) if "a head norm lowers" in claim]
