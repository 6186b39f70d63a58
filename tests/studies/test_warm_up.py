"""Only the start differs between the runs, and records can deny what the chapter says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from resnet_course.recipes import TIERS, RunConfig, for_tier, lr_at
from resnet_course.records import Record, RecordError, Verdict, load
from resnet_course.studies import warm_up
from resnet_course.studies.warm_up import analysis, figures
from resnet_course.studies.warm_up.configs import (
    COLD,
    COLD_NORM,
    GENTLE,
    ONE_CYCLE,
    PLAIN,
    PLAIN_NORM,
    SHALLOW,
    SHALLOW_NORM,
    STARTS,
    WARM,
    WARM_NORM,
    ZERO_INIT,
    Start,
    schedules,
)

OLD_STARTS = (
    SHALLOW,
    PLAIN,
    COLD,
    WARM,
    ONE_CYCLE,
    GENTLE,
    ZERO_INIT,
)


@pytest.fixture(scope="module")
def recorded() -> list[Record]:
    return [record for record in load("warm_up", "laptop") if record.seed < 3]


def rates(label: str, tier: str = "laptop") -> list[float]:
    """Learning rate of every step of a schedule."""
    recipe = schedules(for_tier(tier))[label]
    return [lr_at(step, recipe) for step in range(recipe.iterations)]


@pytest.mark.parametrize("tier", TIERS)
def test_every_schedule_has_the_same_steps_images_and_batch(tier: str) -> None:
    recipes = schedules(for_tier(tier)).values()
    budgets = {(r.iterations, r.train_images, r.batch_size, r.weight_decay) for r in recipes}
    assert len(budgets) == 1


def test_the_warm_up_is_one_pass_at_a_tenth_and_then_what_the_cold_start_has() -> None:
    warm, cold = rates("warm"), rates("cold")
    assert warm[:31] == [0.01] * 31
    assert warm[31:] == cold[31:] == [0.1] * (11 * 31)


def test_the_warm_up_of_the_paper_tier_is_about_the_papers_400_steps() -> None:
    assert rates("warm", "paper").count(0.01) == 390


@pytest.mark.parametrize("tier", TIERS)
def test_no_depth_adds_a_warm_up_of_its_own(tier: str) -> None:
    for config in warm_up.STUDY.runs_at(tier):
        is_warm = config.label == "warm"
        assert (config.recipe.warmup_steps or 0) > 0 if is_warm else config.recipe.warmup_steps == 0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_start_of_the_first_seeds_is_still_one_of_the_studys_runs(seed: int) -> None:
    todays = set(warm_up.STUDY.runs_at("laptop", (seed,)))
    recorded = load("warm_up", "laptop", seed=seed)
    assert len(recorded) >= len(OLD_STARTS)
    assert {record.config for record in recorded} <= todays


def test_every_arm_with_the_norm_has_a_twin_without_it() -> None:
    with_norm = [start for start in STARTS if start.variant == "head-bn"]
    assert len(with_norm) == 6
    assert all(replace(start, variant="") in STARTS for start in with_norm)


def test_the_figure_and_the_table_have_a_row_per_start(recorded: list[Record]) -> None:
    names = [row["start"] for row in analysis.table(recorded)]
    assert names == [STARTS[start] for start in OLD_STARTS]
    assert all(name in figures.by_start_at_the_end(recorded).alt for name in map(str, names))


def test_a_start_that_the_study_does_not_have_is_refused(recorded: list[Record]) -> None:
    config = RunConfig("residual", 110, 0, recorded[0].config.recipe, variant="skip-init")
    with pytest.raises(RecordError, match="does not know the start"):
        analysis.by_start([replace(recorded[0], config=config)])


def ending(records: Sequence[Record], start: Start, error: float) -> list[Record]:
    """The same records, but for the end of one start."""
    final = {"train_error": error, "test_error": error}
    chosen = analysis.started(records, start)
    return [replace(r, final=dict(r.final) | final) if r in chosen else r for r in records]


def with_curves(
    records: Sequence[Record], start: Start, curves: Mapping[str, list[float]]
) -> list[Record]:
    """The same records, but for some curves of one start."""
    chosen = analysis.started(records, start)
    return [replace(r, curves=dict(r.curves) | curves) if r in chosen else r for r in records]


def twin(record: Record, start: Start, error: float) -> Record:
    """The record of a run like this one from another start, as if it had been made."""
    config = replace(record.config, depth=start.depth, variant=start.variant, label=start.label)
    final = dict(record.final) | {"train_error": error}
    return replace(record, config=config, final=final)


def with_norms(recorded: Sequence[Record], errors: Mapping[Start, float]) -> list[Record]:
    """The records, and some of starts with the norm that end at these training errors."""
    made = []
    for start, error in errors.items():
        made += [twin(r, start, error + r.seed) for r in analysis.started(recorded, COLD)]
    return [*recorded, *made]


def denied(records: Sequence[Record]) -> set[str]:
    """Claims that do not hold on these records."""
    judged = warm_up.STUDY.judge(records)
    return {j.claim.text for j in judged if j.verdict is Verdict.FAILS}


@pytest.mark.parametrize(
    ("start", "error", "text"),
    [
        (SHALLOW, 89.0, "residual-20 learns"),
        (PLAIN, 80.0, "plain-110 does not"),
        (COLD, 55.0, "far behind residual-20"),
        (GENTLE, 88.0, "at a tenth of the rate"),
        (ONE_CYCLE, 88.0, "under one-cycle"),
        (ZERO_INIT, 88.0, "where its blocks start as identities"),
    ],
)
def test_another_end_of_one_start_denies_a_claim(
    recorded: list[Record], start: Start, error: float, text: str
) -> None:
    assert [claim for claim in denied(ending(recorded, start, error)) if text in claim]


def test_a_network_that_leaves_chance_at_once_denies_that_it_stays_there(
    recorded: list[Record],
) -> None:
    quick = with_curves(recorded, COLD, {"train_error": [70.0] * 12})
    assert "residual-110 is still near chance in its third pass, above 85 %" in denied(quick)


def test_a_first_loss_of_guessing_denies_that_logits_are_large(recorded: list[Record]) -> None:
    calm = with_curves(recorded, COLD, {"train_loss": [2.3] * 12})
    assert "its loss in the first pass is far above guessing" in denied(calm)


def test_a_norm_that_changes_nothing_denies_that_it_is_the_cure(recorded: list[Record]) -> None:
    useless = with_norms(recorded, {COLD_NORM: 85.0, SHALLOW_NORM: 61.0})
    texts = denied(useless)
    assert [text for text in texts if text.startswith("one norm before the head alone")]
    assert [text for text in texts if "more than half" in text]


def test_equal_ends_with_the_norm_deny_that_a_lag_is_left(recorded: list[Record]) -> None:
    level = with_norms(recorded, {COLD_NORM: 60.0, SHALLOW_NORM: 62.0})
    assert "with the norm in both, residual-110 still ends behind residual-20" in denied(level)


def test_a_warm_up_that_costs_with_the_norm_denies_that_it_still_helps(
    recorded: list[Record],
) -> None:
    worse = with_norms(recorded, {COLD_NORM: 60.0, WARM_NORM: 65.0})
    texts = denied(worse)
    assert "with the norm, residual-110 still ends lower after a warm-up of one pass" in texts


def test_a_norm_that_makes_plain_110_learn_denies_that_it_does_not(
    recorded: list[Record],
) -> None:
    learnt = [
        twin(record, PLAIN_NORM, 70.0 + record.seed) for record in analysis.started(recorded, PLAIN)
    ]
    text = "the norm does not make plain-110 learn: it ends above 88 %"
    assert text in denied([*recorded, *learnt])


def test_a_gain_is_taken_seed_by_seed(recorded: list[Record]) -> None:
    made = [
        replace(r, final=dict(r.final) | {"train_error": 50.0 + r.seed - 4.0 * (r.label == "warm")})
        for r in recorded
    ]
    gain = analysis.gains(made)[WARM]
    assert (gain.value, gain.low, gain.high, gain.n) == (4.0, 4.0, 4.0, 3)


def test_every_start_but_the_cold_one_has_a_frame(recorded: list[Record]) -> None:
    frames = figures.frames_against_cold(recorded)
    assert len(frames) == len(OLD_STARTS) - 1
    assert "0.01 throughout" in frames


def test_the_norm_is_in_the_opening_figure_where_it_is_recorded(recorded: list[Record]) -> None:
    assert "head norm" not in figures.with_and_without_norm(recorded).alt
    with_norm = with_norms(recorded, {COLD_NORM: 64.0})
    assert "residual-110, head norm" in figures.with_and_without_norm(with_norm).alt
