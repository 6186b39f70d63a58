"""Only the block differs at each depth; what the chapter counts is right, and its claims can be denied by records."""

from dataclasses import replace

import pytest

from resnet_course import lab, models, recipes, runs
from resnet_course.studies import thousand_layers


@pytest.fixture(scope="module")
def recorded() -> list[runs.Record]:
    return lab.replay("thousand_layers", "laptop")


@pytest.mark.parametrize("tier", recipes.TIERS)
def test_all_networks_of_a_tier_share_one_recipe_that_begins_with_a_warm_up_of_an_epoch(tier):
    (recipe,) = {config.recipe for config in thousand_layers.configs(recipes.for_tier(tier), (0,))}
    recipe = recipes.for_depth(recipe, 1202)
    epoch = (recipe.train_images or 50_000) // recipe.batch_size
    assert recipe.warm_up == (400 if tier == "paper" else epoch)
    assert recipes.lr_at(recipe.warm_up - 1, recipe) == 0.01
    assert recipes.lr_at(recipe.warm_up, recipe) == 0.1


def test_the_network_of_1202_layers_has_200_blocks_a_stage():
    assert models.blocks_per_stage(1202) == 200
    assert models.blocks_per_stage(1001, layers=9) == 111


def test_the_full_recipe_trains_the_networks_of_the_papers_tables():
    named = [config.name for config in thousand_layers.configs(recipes.paper(), (0,))]
    assert named == ["residual-110-s0", "residual-1202-s0", "preactivation-164-s0", "preactivation-1001-s0"]


def test_bottlenecks_with_pre_activation_stand_in_the_table_and_the_figure(recorded):
    bottlenecks = [
        replace(r, config=r.config | {"net": "preactivation", "depth": 1001, "variant": ""})
        for r in recorded
        if (r.depth, r.variant) == (1202, "full-preactivation")
    ]
    *_, row = thousand_layers.table([*recorded, *bottlenecks])
    assert (row["layers"], row["block"]) == ("1001", "pre-activation")
    assert "pre-activation 1001" in thousand_layers.figure([*recorded, *bottlenecks]).alt


def test_every_network_has_a_loss_of_each_pass_and_seed(recorded):
    for number in range(3):
        of = thousand_layers.losses(recorded, number)
        assert {len(values) for values in of.values()} == {3}
        assert len(of) == 6


def calm(records, variant: str, loss: float) -> list[runs.Record]:
    """The same records, but for the curves of one kind of block."""
    return [replace(r, curves=r.curves | {"train_loss": 3 * [loss]}) if r.variant == variant else r for r in records]


@pytest.mark.parametrize(
    ("variant", "loss", "denied"),
    [
        ("", 2.3, {"far above guessing", "still far from it"}),
        ("full-preactivation", 9.0, {"near guessing from the start"}),
    ],
)
def test_a_claim_would_be_denied_by_another_beginning(recorded, variant, loss, denied):
    claims = thousand_layers.holds(calm(recorded, variant, loss))
    lost = {claim for claim, held in claims.items() if not held}
    assert lost == {claim for claim in claims for part in denied if part in claim}
