"""Budgets are equal, only one thing is added at a time, and the chapter's claims can be denied by records."""

from dataclasses import replace

import pytest

from resnet_course import lab, recipes, runs
from resnet_course.studies import taming_depth


@pytest.fixture(scope="module")
def recorded() -> list[runs.Record]:
    return lab.replay("taming_depth", "laptop")


@pytest.mark.parametrize("tier", recipes.TIERS)
def test_budgets_are_equal_and_one_thing_is_added_at_a_time(tier):
    configs = taming_depth.configs(recipes.for_tier(tier), (0,))
    assert len({replace(c.recipe, weight_decay=0.0, train_images=None) for c in configs}) == 1
    assert all(not c.variant or c.recipe.weight_decay == 1e-4 for c in configs)
    assert len({c.depth for c in configs}) == 1


def test_many_images_are_seen_four_times_and_few_100_times():
    seen = {
        c.label.partition("-")[0]: c.recipe.iterations * c.recipe.batch_size / (c.recipe.train_images or 8_000)
        for c in taming_depth.configs(recipes.laptop(), (0,))
    }
    assert seen == {"many": 4, "few": 100}


def test_every_arm_is_recorded_and_has_a_name(recorded):
    arms = {taming_depth.arm(r) for r in recorded}
    assert {name for _, name in arms} == set(taming_depth.NAMES.values())
    assert len(arms) == sum(map(len, taming_depth.ARMS.values()))


def test_a_gain_is_taken_seed_by_seed(recorded):
    made = [
        replace(r, final=r.final | {"test_error": 50.0 + r.seed - (4.0 if r.variant == "stochastic-depth" else 0.0)})
        for r in recorded
    ]
    gain = taming_depth.gains(made)["few", "stochastic depth"]
    assert (gain.mean, gain.std, gain.n) == (4.0, 0.0, 3)


def ending(records, chosen: tuple[str, str], **final: float) -> list[runs.Record]:
    """The same records, but for the end of one arm."""
    return [replace(r, final=r.final | final) if taming_depth.arm(r) == chosen else r for r in records]


@pytest.mark.parametrize(
    ("chosen", "final", "denied"),
    [
        (("few", "stochastic depth"), {"train_error": 1.0}, "stochastic depth raises the training error"),
        (("few", "dropout in F"), {"test_error": 40.0}, "dropout in F cures nothing"),
        (("few", "weight decay 0.01"), {"test_error": 66.0}, "weight decay 0.01 lowers the test error"),
        (("few", "stochastic depth"), {"test_loss": 4.0}, "stochastic depth lowers the test loss"),
        (("many", "stochastic depth"), {"test_error": 50.0}, "stochastic depth is a brake"),
        (("few", "nothing added"), {"train_error": 70.0, "test_error": 71.0}, "overfitted"),
        (("many", "SkipInit, no batch norm"), {"test_error": 90.0}, "SkipInit learns"),
    ],
)
def test_a_claim_would_be_denied_by_another_end_of_one_arm(recorded, chosen, final, denied):
    claims = taming_depth.holds(ending(recorded, chosen, **final))
    assert [claim for claim, held in claims.items() if not held and denied in claim], claims
