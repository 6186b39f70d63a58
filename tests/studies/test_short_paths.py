"""Lesions, swaps and the gradient by path length: what the study computes, and what would make it say otherwise."""

from dataclasses import replace
from itertools import combinations
from random import Random

import pytest
import torch

from resnet_course import examination, lab, models, probes, recipes
from resnet_course.studies import short_paths

IMAGES, LABELS = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1)), torch.tensor([1, 4, 7])


def small(kind: str = "residual"):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return models.cifar(8, kind, width=4).eval()  # three blocks, eight paths


def gradient(net, closed=()):
    """Gradient of the loss at the images, with nothing coming back through the `closed` modules."""
    with probes.hooked([part.register_forward_hook(lambda _m, _i, output: output.detach()) for part in closed]):
        x = IMAGES.clone().requires_grad_()
        return torch.autograd.grad(torch.nn.functional.cross_entropy(net(x), LABELS, reduction="sum"), x)[0]


def test_gradients_of_all_lengths_add_up_to_the_gradient():
    net = small()
    assert torch.allclose(short_paths.gradients_by_length(net, IMAGES, LABELS).sum(0), gradient(net), atol=1e-5)


@pytest.mark.parametrize("length", range(4))
def test_the_gradient_of_a_length_is_the_sum_over_its_paths_one_by_one(length):
    net = small()
    blocks = list(probes.blocks(net).values())
    by_hand = sum(
        gradient(net, [block.shortcut if block in through else block.residual for block in blocks])
        for through in combinations(blocks, length)
    )
    assert torch.allclose(short_paths.gradients_by_length(net, IMAGES, LABELS)[length], by_hand, atol=1e-5)


def test_a_plain_network_has_one_path_through_all_its_branches():
    by_length = short_paths.gradients_by_length(small("plain"), IMAGES, LABELS)
    assert not by_length[:-1].any()
    assert by_length[-1].any()


def test_taking_a_block_out_is_putting_the_identity_in_its_place():
    net = lab.network("residual", 20)
    x, y = examination.images_to_examine(recipes.laptop())["test"]
    with torch.no_grad():
        taken_out = short_paths.error(net, x[:500], y[:500], ["stages.1.1"])
        net.stages[1][1] = torch.nn.Identity()
        assert short_paths.error(net, x[:500], y[:500]) == taken_out


def test_blocks_that_change_the_shape_are_never_swapped_and_all_come_back():
    net = models.cifar(20, "residual", width=4).eval()
    before = list(probes.blocks(net).values())
    draw = Random(0)
    with torch.no_grad():
        for _ in range(30):
            short_paths.error(net, IMAGES, LABELS, swaps=4, draw=draw)  # reordered refuses another shape
    assert list(probes.blocks(net).values()) == before


def test_an_untrained_network_has_nothing_to_lose():
    assert short_paths.examine(small(), short_paths.configs(recipes.live(), (0,))[0], {}, 0) == {}


def test_the_network_at_chance_is_left_out():
    nets = {(config.net, config.depth) for config in short_paths.configs(recipes.laptop())}
    assert ("plain", 110) not in nets
    assert ("residual", 110) in nets


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_the_record_is_what_the_packaged_network_gives(kind, monkeypatch):
    (record,) = lab.replay("short_paths", "laptop", net=kind, depth=20, seed=0)
    monkeypatch.setattr(short_paths, "DRAWS", 1)  # fewer random draws; what comes before them stays
    parts = examination.images_to_examine(recipes.laptop())
    config = recipes.config_from(record.config)
    found = examination.profiles_of(short_paths.examine, lab.network(kind, 20), config, parts, 390)
    for quantity in ("whole", "without_one", "gradient_share"):
        assert found[f"{quantity}@390"] == pytest.approx(record.profile(quantity), rel=2e-2, abs=2e-3)


def with_profiles(record, **changed):
    return replace(record, profiles=record.profiles | {f"{name}@390": values for name, values in changed.items()})


def test_the_chapter_would_be_denied_if_plain_networks_did_not_mind_and_residual_ones_did():
    doctored = []
    for record in lab.replay("short_paths", "laptop"):
        blocks, whole = len(record.profile("without_one")), record.profile("whole")[0]
        error = whole if record.net == "plain" else whole + 30
        long_paths = [0.0] * blocks + [1.0]
        doctored.append(with_profiles(record, without_one=[error] * blocks, gradient_share=long_paths))
    claims = short_paths.holds(doctored)
    assert claims
    worse = [holds for claim, holds in claims.items() if "missed much more" not in claim]
    assert not any(worse)


def test_one_block_like_the_others_would_deny_that_one_is_missed_more():
    doctored = [
        with_profiles(record, without_one=[record.profile("whole")[0] + 1] * len(record.profile("without_one")))
        for record in lab.replay("short_paths", "laptop", net="residual")
    ]
    claims = short_paths.holds(doctored)
    assert not any(holds for claim, holds in claims.items() if "missed much more" in claim)


def test_shares_of_the_gradient_add_up_to_one():
    for record in lab.replay("short_paths", "laptop"):
        assert sum(record.profile("gradient_share")) == pytest.approx(1, abs=1e-3)
