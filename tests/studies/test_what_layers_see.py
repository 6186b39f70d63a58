"""Linear probes by depth: what the study computes, and what would make it say otherwise."""

from dataclasses import replace

import pytest
import torch

from resnet_course import examination, lab, models, recipes
from resnet_course.studies import what_layers_see

IMAGES = torch.randn(6, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def test_every_place_offers_equally_many_numbers():
    net = models.cifar(8, "plain", width=8).eval()
    with torch.no_grad():
        outputs = what_layers_see.outputs(net, IMAGES, 128)
    assert list(outputs) == ["stem", "stages.0.0", "stages.1.0", "stages.2.0"]
    assert [tuple(maps.shape[1:]) for maps in outputs.values()] == [(8, 16), (8, 16), (16, 8), (32, 4)]


def test_the_average_of_the_areas_is_what_the_head_gets():
    net = models.cifar(8, "residual", width=8).eval()
    with torch.no_grad():
        last = what_layers_see.outputs(net, IMAGES, 128)["stages.2.0"]
        assert torch.allclose(net.head(last.mean(2)), net(IMAGES), atol=1e-5)


def test_the_stem_is_seen_after_its_nonlinearity():
    net = models.cifar(8, "plain", width=8).eval()
    with torch.no_grad():
        seen = what_layers_see.outputs(net, IMAGES, 128)["stem"]
        assert torch.allclose(seen.mean(2), net.stem(IMAGES).mean((2, 3)), atol=1e-6)


def test_images_are_taken_in_batches_and_none_is_lost(monkeypatch):
    net = models.cifar(8, "plain", width=8).eval()
    with torch.no_grad():
        at_once = what_layers_see.outputs(net, IMAGES, 128)["stages.2.0"]
        monkeypatch.setattr(what_layers_see, "BATCH", 4)
        assert torch.allclose(what_layers_see.outputs(net, IMAGES, 128)["stages.2.0"], at_once, atol=1e-6)


def test_the_own_head_on_the_last_block_is_the_network_itself():
    for record in lab.replay("what_layers_see", "laptop"):
        assert record.profile("own_head")[-1] == pytest.approx(record.final["test_error"], abs=0.2)


def test_each_block_and_the_stem_have_a_probe():
    for record in lab.replay("what_layers_see", "laptop"):
        blocks = (record.depth - 2) // 2
        for iteration in (0, 390):
            assert len(record.profile("areas", iteration)) == len(record.profile("channels", iteration)) == blocks + 1
        assert len(record.profile("own_head")) == blocks // 3


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_the_record_is_what_the_packaged_network_gives(kind):
    (record,) = lab.replay("what_layers_see", "laptop", net=kind, depth=20, seed=0)
    parts = examination.images_to_examine(recipes.laptop())
    config = recipes.config_from(record.config)
    found = examination.profiles_of(what_layers_see.examine, lab.network(kind, 20), config, parts, 390)
    assert found == {name: pytest.approx(record.profiles[name], rel=2e-2) for name in found}


def upside_down(record):
    """The same record with every probe read from the last block to the first, and one head for all."""
    profiles = {
        name: values[::-1] if name.startswith(what_layers_see.PROBES) else [50.0] * len(values)
        for name, values in record.profiles.items()
    }
    return replace(record, profiles=profiles)


def test_every_claim_would_be_denied_if_depth_did_the_opposite():
    claims = what_layers_see.holds([upside_down(record) for record in lab.replay("what_layers_see", "laptop")])
    assert claims
    assert not any(claims.values()), claims


def test_the_network_at_chance_is_left_out():
    nets = {(config.net, config.depth) for config in what_layers_see.configs(recipes.laptop())}
    assert ("plain", 110) not in nets
