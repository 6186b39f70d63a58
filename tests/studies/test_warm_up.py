"""Only the start differs between the runs, and what the chapter says of them can be denied by records."""

from dataclasses import replace

import pytest

from resnet_course import lab, recipes, runs
from resnet_course.studies import warm_up


@pytest.fixture(scope="module")
def recorded() -> list[runs.Record]:
    return lab.replay("warm_up", "laptop")


def rates(label: str, tier: str = "laptop") -> list[float]:
    recipe = warm_up.schedules(recipes.for_tier(tier))[label]
    return [recipes.lr_at(step, recipe) for step in range(recipe.iterations)]


@pytest.mark.parametrize("tier", recipes.TIERS)
def test_every_schedule_has_the_same_steps_images_and_batch(tier):
    of = warm_up.schedules(recipes.for_tier(tier)).values()
    assert len({(r.iterations, r.train_images, r.batch_size, r.weight_decay) for r in of}) == 1


def test_the_warm_up_is_one_pass_at_a_tenth_and_then_what_the_cold_start_has():
    warm, cold = rates("warm"), rates("cold")
    assert warm[:31] == [0.01] * 31
    assert warm[31:] == cold[31:] == [0.1] * (11 * 31)


def test_the_warm_up_of_the_paper_tier_is_about_the_papers_400_steps():
    assert rates("warm", "paper").count(0.01) == 390


def test_no_depth_adds_a_warm_up_of_its_own():
    for config in warm_up.configs(recipes.laptop(), (0,)):
        assert recipes.for_depth(config.recipe, config.depth) == config.recipe


def test_every_start_is_recorded_and_has_a_name(recorded):
    assert {warm_up.start(r) for r in recorded} == set(warm_up.STARTS)
    assert list(warm_up.errors(recorded)) == list(warm_up.STARTS.values())


def ending(records, key: tuple, error: float) -> list[runs.Record]:
    """The same records, but for the end of one start."""
    final = {"train_error": error, "test_error": error}
    return [replace(r, final=r.final | final) if warm_up.start(r) == key else r for r in records]


def test_the_table_has_a_row_a_start(recorded):
    assert [row["start"] for row in warm_up.table(recorded)] == list(warm_up.STARTS.values())


@pytest.mark.parametrize(
    ("key", "error", "denied"),
    [
        (("residual", 20, "", "cold"), 89.0, "residual-20 learns"),
        (("plain", 110, "", "cold"), 80.0, "plain-110 does not"),
        (("residual", 110, "", "cold"), 65.0, "far behind residual-20"),
        (("residual", 110, "", "gentle"), 88.0, "at a tenth of the rate"),
        (("residual", 110, "", "one-cycle"), 88.0, "under one-cycle"),
        (("residual", 110, "zero-init", "cold"), 88.0, "blocks that start at zero"),
    ],
)
def test_a_claim_would_be_denied_by_another_end_of_one_start(recorded, key, error, denied):
    claims = warm_up.holds(ending(recorded, key, error))
    assert [claim for claim, held in claims.items() if not held and denied in claim], claims


def test_a_network_that_leaves_chance_at_once_would_deny_that_it_stays_there(recorded):
    cold = ("residual", 110, "", "cold")
    quick = [
        replace(r, curves=r.curves | {"train_error": 12 * [70.0]}) if warm_up.start(r) == cold else r
        for r in recorded
    ]
    claims = warm_up.holds(quick)
    assert [claim for claim, held in claims.items() if not held] == [
        "residual-110 stays near chance for three passes"
    ]


def test_a_gain_is_taken_seed_by_seed(recorded):
    made = [replace(r, final=r.final | {"train_error": 50.0 + r.seed - 4.0 * (r.label == "warm")}) for r in recorded]
    assert warm_up.gains(made)["residual-110: 0.1 after a warm-up"] == [4.0, 4.0, 4.0]
