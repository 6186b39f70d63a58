"""What every study promises, and what each says of the recorded runs."""

from dataclasses import replace

import pytest

from resnet_course import lab, recipes, runs
from resnet_course.studies import degradation, residual_block, trained_depth


@pytest.mark.parametrize("name", lab.names())
def test_a_study_asks_a_question_and_has_live_and_laptop_configurations(name):
    study = lab.study(name)
    assert study.QUESTION.endswith("?")
    assert study.configs(recipes.live(), (0,))
    assert len(study.configs(recipes.laptop(), (0, 1))) == 2 * len(study.configs(recipes.laptop(), (0,)))


@pytest.mark.parametrize("name", lab.names())
def test_every_configuration_of_a_study_has_a_name_of_its_own(name):
    names = [config.name for config in lab.configs(name, "laptop", (0, 1, 2))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", lab.names())
def test_the_laptop_tier_is_recorded_with_three_seeds(name):
    recorded = {recipes.config_from(r.config).name for r in lab.replay(name, "laptop")}
    assert recorded == {c.name for c in lab.configs(name, "laptop", (0, 1, 2))}


@pytest.mark.parametrize("name", lab.names())
def test_the_recorded_recipe_is_todays_recipe(name):
    today = set(lab.configs(name, "laptop", (0, 1, 2)))
    assert {recipes.config_from(record.config) for record in lab.replay(name, "laptop")} == today


@pytest.mark.parametrize("name", lab.names())
def test_what_the_chapter_claims_holds_on_the_records(name):
    claims = lab.study(name).holds(lab.replay(name, "laptop"))
    assert claims
    assert all(claims.values()), claims


EXAMINING = [name for name in lab.names() if lab.only_examines(name)]


@pytest.mark.parametrize("name", EXAMINING)
def test_the_networks_examined_are_those_that_were_trained(name):
    trained = {(r.net, r.depth, r.seed): r.final["test_error"] for r in lab.replay("degradation", "laptop")}
    for r in lab.replay(name, "laptop"):  # weights were rounded to half precision in between
        assert r.final["test_error"] == pytest.approx(trained[r.net, r.depth, r.seed], abs=0.25), (
            r.net,
            r.depth,
            r.seed,
        )


def with_error(records, net, depth, **final):
    """The same records, but for one network's results."""
    return [replace(r, final=r.final | final) if (r.net, r.depth) == (net, depth) else r for r in records]


def test_degradation_would_be_denied_if_the_deep_plain_network_trained_well():
    records = with_error(lab.replay("degradation", "laptop"), "plain", 56, train_error=40.0, test_error=45.0)
    assert not any(degradation.holds(records).values())


def test_copying_would_be_denied_if_plain_stacks_copied_as_well():
    records = with_error(lab.replay("residual_block", "laptop"), "plain", 64, copy_error=1e-9)
    assert not any(residual_block.holds(records).values())


def test_a_tie_at_fourteen_layers_would_deny_the_lead():
    records = lab.replay("trained_depth", "laptop")
    twins = {(r.depth, r.seed): r.curves for r in records if r.net == "residual"}
    tied = [replace(r, curves=twins[r.depth, r.seed]) for r in records]
    assert not all(trained_depth.holds(tied).values())


def test_an_error_never_reached_is_reached_at_infinity():
    record = lab.replay("trained_depth", "laptop")[0]
    assert trained_depth.iterations_to(record, 0.0) == float("inf")


def test_the_plain_block_of_the_toy_can_be_the_identity():
    """Neither kind is refused the answer: relu(x) - relu(-x) = x, with batch norm set to undo its own scaling."""
    import torch

    branch = residual_block._branch().eval()
    eye = torch.eye(residual_block.WIDTH)
    with torch.no_grad():
        branch[0].weight.copy_(torch.cat((eye, -eye)))
        branch[3].weight.copy_(torch.cat((eye, -eye), dim=1))
    x = torch.randn(8, residual_block.WIDTH)
    assert torch.allclose(branch(x), x, atol=1e-4)  # fresh running statistics: mean 0, variance 1, eps 1e-5


def test_the_toy_of_one_seed_repeats():
    config = residual_block.configs(recipes.live(), (3,))[0]
    short = replace(config, recipe=replace(config.recipe, iterations=20))
    assert residual_block.measure(short) == residual_block.measure(short)


def test_the_toy_has_no_tier_it_gains_nothing_from():
    with pytest.raises(ValueError, match="live, laptop"):
        lab.configs("residual_block", "paper")


def test_residual_results_agree_with_the_table_of_the_report():
    records = lab.replay("degradation", "laptop")
    rows = {(row["net"], row["depth"]): row for row in runs.table(records)}
    by_hand = [r.final["train_error"] for r in records if (r.net, r.depth) == ("residual", 20)]
    assert rows["residual", 20]["train_error"] == pytest.approx(sum(by_hand) / 3)
