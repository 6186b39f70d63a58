"""Networks grown by identities compute what they computed; what the chapter says of training them can be denied."""

from dataclasses import replace

import pytest
import torch

from resnet_course import lab, models, networks, probes, recipes, runs
from resnet_course.data import augment, images
from resnet_course.studies import construction
from resnet_course.studies.construction import DEEP, SHALLOW

WEIGHTS = runs.RECORDED / "degradation" / "laptop"


@pytest.fixture(scope="module")
def recorded() -> list[runs.Record]:
    return lab.replay("construction", "laptop")


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    return augment.normalise(images.load("embedded", "test").pixels[:200])


def ending(records: list[runs.Record], net: str, start: int, depth: int, label: str, error: float):
    """The same records, but for the end of one history."""
    history = (net, start, depth, label)
    return [
        replace(r, final=r.final | {"train_error": error, "test_error": error})
        if (r.net, r.start_depth, r.depth, r.label) == history
        else r
        for r in records
    ]


@pytest.mark.parametrize("net", ["plain", "residual"])
@pytest.mark.parametrize(("at", "count"), [(1, 1), (2, 3), (3, 6)])
def test_the_trained_network_with_identities_grafted_in_has_equal_logits(net, at, count, pictures):
    shallow = lab.network(net, SHALLOW)
    before = shallow(pictures)
    for number, stage in enumerate(shallow.stages):
        shallow.stages[number] = probes.graft(stage, at, count)
    assert models.cost(shallow, 16).layers == SHALLOW + 6 * count
    assert torch.equal(shallow(pictures), before)


@pytest.mark.parametrize(("net", "tolerance"), [("plain", 0.02), ("residual", 1e-9)])
def test_a_grown_network_starts_with_the_answers_of_the_shallow_one(net, tolerance, pictures):
    """In evaluation mode after growing: a plain identity has been fitted to data and is one up to rounding."""
    config = next(c for c in construction.configs(recipes.laptop(), (0,)) if c.net == net and c.start_depth)
    grown = replace(config, depth=DEEP)
    path = WEIGHTS / f"{net}-{SHALLOW}-s0.safetensors"
    deep = networks.build(grown, path, images.load("embedded", "train"))
    assert models.cost(deep, 16).layers == DEEP
    with torch.no_grad():
        before, after = lab.network(net, SHALLOW)(pictures), deep.eval()(pictures)
    assert (after - before).abs().max() <= tolerance


def test_both_ways_to_56_layers_take_as_many_steps():
    chosen = construction.configs(recipes.laptop(), (0,))
    steps = {(c.start_depth, c.depth): c.recipe.iterations for c in chosen if not c.label}
    assert steps[0, DEEP] == recipes.laptop().iterations + steps[SHALLOW, DEEP]
    assert steps[SHALLOW, SHALLOW] == steps[SHALLOW, DEEP]


def test_gently_is_a_tenth_of_the_learning_rate_and_nothing_else():
    for config in construction.configs(recipes.laptop(), (0,)):
        expected = replace(recipes.laptop(), lr=0.01) if config.label else recipes.laptop()
        assert replace(config.recipe, iterations=expected.iterations) == expected


@pytest.mark.parametrize(
    ("history", "error", "denied"),
    [
        (("plain", 0, DEEP, ""), 55.0, "from scratch trains far worse"),
        (("plain", SHALLOW, DEEP, ""), 52.0, "falls behind its control"),
        (("plain", SHALLOW, DEEP, "gentle"), 62.0, "trained gently, the grown plain-56 does not"),
        (("residual", 0, DEEP, ""), 60.0, "alike on every way"),
        (("residual", SHALLOW, DEEP, "gentle"), 60.0, "alike on every way"),
    ],
)
def test_a_claim_would_be_denied_by_another_end_of_its_history(recorded, history, error, denied):
    claims = construction.holds(ending(recorded, *history, error))
    assert [claim for claim, held in claims.items() if not held and denied in claim], claims


def test_every_claim_would_be_denied_if_only_the_shallow_networks_differed(recorded):
    ends = {SHALLOW: {"plain": 60.0, "residual": 50.0}, DEEP: {"plain": 62.0, "residual": 56.0}}
    same = [replace(r, final=r.final | {"train_error": ends[r.depth][r.net]}) for r in recorded]
    assert not any(construction.holds(same).values())


def test_a_difference_is_taken_seed_by_seed(recorded):
    by_seed = [
        replace(r, final=r.final | {"train_error": 10.0 * r.seed + (3.0 if r.depth == DEEP else 0.0)})
        for r in recorded
    ]
    found = construction.difference(by_seed, "plain", (SHALLOW, DEEP, ""), (SHALLOW, SHALLOW, ""))
    assert (found.mean, found.std, found.n) == (3.0, 0.0, 3)


def test_the_curve_of_a_grown_network_goes_on_where_the_shallow_one_ended(recorded):
    ends = {(r.start_depth, r.depth): construction.steps(r)[-1] for r in recorded}
    assert ends[SHALLOW, DEEP] == ends[SHALLOW, SHALLOW] == ends[0, DEEP] == 2 * recipes.laptop().iterations


def test_the_figure_says_all_histories_in_words(recorded):
    said = construction.figure(recorded).alt
    assert all(name in said for name in construction.HISTORIES.values())
