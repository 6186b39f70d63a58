"""The learning rate of every step, and the tiers, as the papers and the design have them."""

from dataclasses import replace
from itertools import pairwise

import pytest

from resnet_course import recipes
from resnet_course.recipes import Recipe, RunConfig, for_tier, lr_at

PAPER = recipes.paper()
CYCLE = Recipe("paper", iterations=400, lr=0.2, schedule="one-cycle")  # peak at step 100


def trained(recipe: Recipe, depth: int) -> Recipe:
    """The recipe as a residual network of that depth is trained by it."""
    return RunConfig("residual", depth, 0, recipe).recipe


@pytest.mark.parametrize(
    ("step", "lr"),
    [(0, 0.1), (31_999, 0.1), (32_000, 0.01), (47_999, 0.01), (48_000, 0.001), (63_999, 0.001)],
)
def test_the_papers_rate_falls_tenfold_at_32k_and_48k(step, lr):
    assert lr_at(step, PAPER) == pytest.approx(lr, rel=1e-12)


@pytest.mark.parametrize(
    ("step", "lr"), [(0, 0.01), (399, 0.01), (400, 0.1), (31_999, 0.1), (32_000, 0.01)]
)
def test_110_layers_warm_up_at_a_tenth_for_400_iterations(step, lr):
    assert lr_at(step, trained(PAPER, 110)) == pytest.approx(lr, rel=1e-12)


def test_one_cycle_starts_one_step_above_zero():
    assert lr_at(0, CYCLE) == pytest.approx(0.2 / 101)


def test_one_cycle_reaches_its_peak_after_a_quarter_and_nowhere_else():
    rates = [lr_at(step, CYCLE) for step in range(400)]
    assert max(rates) == rates[100] == 0.2
    assert rates.count(0.2) == 1


def test_one_cycle_rises_and_then_falls_in_a_straight_line():
    rates = [lr_at(step, CYCLE) for step in range(400)]
    slopes = [after - before for before, after in pairwise(rates)]
    assert slopes[:100] == pytest.approx([0.2 / 101] * 100)
    assert slopes[100:] == pytest.approx([-0.2 / 300] * 299)


def test_one_cycle_would_be_zero_after_the_last_step():
    assert lr_at(399, CYCLE) == pytest.approx(0.2 / 300)
    assert lr_at(400, CYCLE) == 0


@pytest.mark.parametrize("iterations", [1, 2, 3, 4, 5])
def test_the_shortest_one_cycles_have_positive_rates(iterations):
    recipe = replace(CYCLE, iterations=iterations)
    assert all(0 < lr_at(step, recipe) <= recipe.lr for step in range(iterations))


@pytest.mark.parametrize("depth", [8, 56, 104])
def test_shallow_nets_keep_the_recipe(depth):
    assert trained(PAPER, depth) == replace(PAPER, warmup_steps=0)


def test_warm_up_changes_nothing_else():
    assert replace(trained(PAPER, 1202), warmup_steps=None) == PAPER


def test_warm_up_of_a_short_run_is_a_twentieth_of_it():
    assert trained(replace(PAPER, iterations=2_000), 110).warmup_steps == 100


def test_one_cycle_is_a_warm_up_of_its_own():
    assert trained(CYCLE, 1202).warmup_steps == 0


def test_a_constant_rate_has_the_warm_up_it_is_given_and_no_other():
    constant = replace(CYCLE, schedule="constant")
    assert trained(constant, 1202).warmup_steps == 0
    assert {lr_at(step, constant) for step in range(400)} == {0.2}
    warmed = replace(constant, warmup_steps=50)
    assert [lr_at(step, warmed) for step in (0, 49, 50, 399)] == [0.01, 0.01, 0.2, 0.2]


@pytest.mark.parametrize("tier", recipes.TIERS)
def test_a_tiers_recipe_bears_its_name(tier):
    assert for_tier(tier).tier == tier


def test_the_paper_tier_is_the_papers_recipe():
    papers = Recipe(
        "paper",
        iterations=64_000,
        data="cifar10",
        width=16,
        batch_size=128,
        lr=0.1,
        schedule="multistep",
        milestones=(32_000, 48_000),
        momentum=0.9,
        weight_decay=1e-4,
        train_images=None,
        holdout=0,
    )
    assert recipes.paper() == papers


@pytest.mark.parametrize("tier", ["live", "laptop"])
def test_the_small_tiers_need_no_download(tier):
    assert for_tier(tier).data == "embedded"


def test_the_tiers_are_ordered_by_the_images_they_train_on():
    work = [for_tier(tier).iterations * for_tier(tier).batch_size for tier in recipes.TIERS]
    assert work == sorted(work)


def test_an_unknown_tier_is_refused_with_those_there_are():
    with pytest.raises(
        ValueError, match="tier must be one of live, laptop, colab, paper, published, got 'huge'"
    ):
        for_tier("huge")


def test_an_unknown_schedule_is_refused_with_those_there_are():
    with pytest.raises(
        ValueError, match="schedule must be one of multistep, one-cycle, constant, got 'cosine'"
    ):
        lr_at(0, replace(PAPER, schedule="cosine"))


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (RunConfig("residual", 20, 0, PAPER), "residual-20-s0"),
        (RunConfig("plain", 1202, 3, PAPER), "plain-1202-s3"),
        (RunConfig("residual", 20, 0, PAPER, shortcut="B"), "residual-20-B-s0"),
    ],
)
def test_a_run_is_named_by_net_depth_shortcut_and_seed(config, name):
    assert config.name == name


def test_the_name_of_a_run_tells_what_is_not_as_usual():
    config = RunConfig("residual", 56, 2, recipes.laptop(), "B", "zero-init", 20, "gentle")
    assert config.name == "residual-56-B-zero-init-from-20-gentle-s2"


def test_an_explicit_absence_of_warm_up_is_kept():
    assert trained(replace(PAPER, warmup_steps=0), 110).warmup_steps == 0


@pytest.mark.parametrize(
    "changes",
    [{"lr": 0.01}, {"width": 32}, {"iterations": 1}, {"warmup_steps": 7}, {"holdout": 5}],
    ids=str,
)
def test_runs_of_different_recipes_have_different_names(changes):
    usual = RunConfig("residual", 20, 0, recipes.laptop())
    assert replace(usual, recipe=replace(usual.recipe, **changes)).name != usual.name


def test_the_name_of_a_changed_recipe_is_the_same_wherever_it_is_made():
    config = RunConfig("residual", 20, 0, replace(recipes.laptop(), lr=0.01))
    assert config.name == "residual-20-r8af49e-s0"


def test_an_unknown_field_of_a_run_is_named():
    with pytest.raises(TypeError, match="nett"):
        RunConfig(nett="plain", depth=20, seed=0, recipe=PAPER)
