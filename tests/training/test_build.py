"""From a configuration to a network: drawn, loaded or grown."""

from dataclasses import replace

import pytest
import torch

from resnet_course import probes, recipes, records, studies
from resnet_course.data import augment, images
from resnet_course.launch.jobs import starting_network
from resnet_course.networks.weights import load_weights, save_weights
from resnet_course.recipes import Recipe, RunConfig
from resnet_course.training import engine
from resnet_course.training.build import build, recorded_network

TINY = Recipe("live", iterations=8, data="embedded", width=4, batch_size=64)


@pytest.fixture(params=["plain", "residual"])
def shallow(request, tmp_path) -> tuple[RunConfig, torch.nn.Module]:
    """A network whose batch norms have seen images, and its weights in a file."""
    config = RunConfig(request.param, 14, 0, TINY)
    net = build(config)
    data = images.load("embedded", "train")
    for _ in range(20):
        net.train()(augment.normalise(data.pixels[:256]))
    save_weights(net, tmp_path / "net.safetensors")
    return config, load_weights(net, tmp_path / "net.safetensors").eval()


def test_a_grown_network_answers_as_the_shallow_one_does(shallow, tmp_path):
    config, net = shallow
    data = images.load("embedded", "train")
    grown = build(replace(config, depth=26, start_depth=14), tmp_path / "net.safetensors", data)
    x, y = augment.normalise(data.pixels[:1000]), data.labels[:1000]
    assert sum(p.dim() == 4 for p in grown.parameters()) == 25
    torch.testing.assert_close(grown.eval()(x), net(x), rtol=1e-3, atol=1e-3)
    assert probes.batch_loss(grown, x, y) == pytest.approx(probes.batch_loss(net, x, y), rel=0.05)


def test_a_grown_network_has_gradients_that_can_change_its_new_blocks(shallow, tmp_path):
    config, _ = shallow
    data = images.load("embedded", "train")
    grown = build(replace(config, depth=20, start_depth=14), tmp_path / "net.safetensors", data)
    torch.nn.functional.cross_entropy(
        grown(augment.normalise(data.pixels[:64])), data.labels[:64]
    ).backward()
    new = grown.stages[1][2].residual[-1].weight
    assert new.grad.abs().sum() > 0


def test_a_network_that_grows_from_nothing_is_refused():
    with pytest.raises(
        ValueError,
        match=r"plain-20-from-8-\S* grows from a trained network of 8 layers, which was not given",
    ):
        build(RunConfig("plain", 20, 0, TINY, start_depth=8))


def test_statistics_larger_than_half_precision_survive(tmp_path):
    net = build(RunConfig("plain", 8, 0, TINY))
    net.stem[1].running_var.fill_(1e9)
    save_weights(net, tmp_path / "net.safetensors")
    back = load_weights(build(RunConfig("plain", 8, 1, TINY)), tmp_path / "net.safetensors")
    assert torch.equal(back.stem[1].running_var, net.stem[1].running_var)


def test_a_pytorch_file_of_tensors_loads_as_well(tmp_path):
    net = build(RunConfig("residual", 8, 0, TINY))
    torch.save(
        {"state_dict": {f"module.{name}": t for name, t in net.state_dict().items()}},
        tmp_path / "net.th",
    )
    back = load_weights(build(RunConfig("residual", 8, 1, TINY)), tmp_path / "net.th")
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), back.parameters(), strict=True))


class Hostile:
    def __reduce__(self):
        return (print, ("this code came with the weights",))


@pytest.mark.parametrize("name", ["net.th", "net.safetensors"])
def test_weights_that_are_none_are_refused_in_one_sentence_and_never_run(tmp_path, capsys, name):
    torch.save({"state_dict": Hostile()}, tmp_path / name)
    with pytest.raises(ValueError, match=r"holds (no whole weights|more than tensors)"):
        load_weights(build(RunConfig("residual", 8, 0, TINY)), tmp_path / name)
    assert "this code" not in capsys.readouterr().out


def test_weights_of_another_depth_are_refused(shallow, tmp_path):
    config, _ = shallow
    with pytest.raises(ValueError, match=r"not of this network: stages\.\S* is missing"):
        load_weights(build(replace(config, depth=20)), tmp_path / "net.safetensors")


def test_the_packaged_networks_have_the_errors_their_records_say():
    data = images.load("embedded", "test")
    for record in records.load("degradation", "laptop", seed=0):
        if record.depth in (20, 56):
            _, error = engine.evaluate(
                recorded_network(record.arch, record.depth), *data, augment.normalise
            )
            assert error == pytest.approx(
                record.final["test_error"], abs=0.3
            )  # weights are rounded to half precision


def test_weights_that_are_not_packaged_are_refused_with_those_that_are():
    with pytest.raises(
        ValueError,
        match=r"no weights of laptop plain-8-s0 in this package; it has .*laptop plain-20-s0",
    ):
        recorded_network("plain", 8)


def test_the_packaged_weights_stay_below_12_megabytes():
    assert sum(path.stat().st_size for path in records.RECORDED.rglob("*.safetensors")) < 12e6


def test_every_depth_grown_from_is_a_depth_of_the_tiers(tmp_path):
    degradation = {(c.arch, c.depth) for c in studies.get("degradation").runs_at("laptop")}
    study = studies.get("construction")
    grown = [c for c in study.runs_at("laptop") if c.start_depth]
    assert {(c.arch, c.start_depth) for c in grown} <= degradation
    assert all(recipes.for_tier("laptop") == starting_network(study, c).recipe for c in grown)
