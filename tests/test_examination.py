"""What a study wants to know of a network is asked without a trace, at the right times, and recorded."""

from dataclasses import replace

import pytest
import torch

from resnet_course import costs, examination, lab, networks, recipes, runs, training
from resnet_course.data import augment, images
from resnet_course.recipes import Config, Recipe

# Five epochs of 4 steps.
TINY = Recipe("live", iterations=20, data="embedded", width=4, schedule="one-cycle", train_images=256, batch_size=64)
CONFIG = Config("residual", 8, 0, TINY)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def first_weights(net, config, parts, iteration):
    """A study's examine: something that changes with training, as numbers and as a list."""
    return {"norm": next(net.parameters()).norm().item(), "seen": [float(len(y)) for _, y in parts.values()]}


def fit(**options) -> runs.Record:
    (record,) = training.fit([CONFIG], "study", device="cpu", progress=False, **options)
    return record


def test_a_network_is_examined_at_the_start_after_1_2_4_epochs_and_at_the_end():
    record = fit(examine=first_weights)
    assert record.iterations("norm") == [0, 4, 8, 16, 20]
    assert len({record.profile("norm", i)[0] for i in record.iterations("norm")}) == 5
    assert record.profile("seen") == [256.0, 2000.0]


def test_examining_changes_nothing_about_the_training():
    plain, watched = fit(), fit(examine=first_weights)
    assert (plain.curves, plain.final) == (watched.curves, watched.final)


def test_profiles_survive_an_interruption(monkeypatch):
    whole = fit(examine=first_weights)
    monkeypatch.setattr(training, "SAVE_EVERY", 0)
    start, begun = training.Training.on_train_epoch_start, []

    def interrupted(self):
        begun.append(self)
        if len(begun) == 4:
            raise KeyboardInterrupt
        start(self)

    monkeypatch.setattr(training.Training, "on_train_epoch_start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(examine=first_weights)
    again = fit(examine=first_weights)
    assert again.profiles == whole.profiles


def test_dropout_of_a_run_depends_on_its_seed_alone():
    config = replace(CONFIG, variant="dropout-in-branch")
    finals = []
    for drawn_before in (0, 5):
        torch.rand(drawn_before)
        (record,) = training.fit([config], "study", device="cpu", progress=False)
        finals.append(record.curves)
    assert finals[0] == finals[1]


def test_an_examination_records_the_untrained_and_the_trained_network(tmp_path):
    net = networks.build(replace(CONFIG, seed=1))
    networks.save_weights(net, tmp_path / "net.safetensors")
    record = examination.record_examination(CONFIG, "study", first_weights, tmp_path / "net.safetensors", tmp_path)
    own = next(networks.build(CONFIG).parameters()).norm().item()
    assert record.profile("norm", 0) == [pytest.approx(own, rel=1e-4)]
    assert record.profile("norm", 20) == [pytest.approx(next(net.parameters()).norm().item(), rel=1e-3)]
    assert runs.read(runs.path_of(tmp_path, "study", "live", CONFIG.name)).profiles == record.profiles
    assert record.provenance["weights"].startswith("sha256:")
    assert 50 < record.final["test_error"] <= 100


def test_published_weights_see_images_as_torchvision_normalises_them():
    from torchvision.transforms import v2

    pixels = images.load("embedded", "test").pixels[:5]
    to = v2.Compose(
        [v2.ToDtype(torch.float32, scale=True), v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    )
    torch.testing.assert_close(examination.normalise_as_torchvision(pixels), to(pixels.permute(0, 3, 1, 2)))


def test_our_own_weights_see_images_as_in_training():
    parts = examination.images_to_examine(TINY)
    assert torch.equal(parts["train"][0], augment.normalise(images.load("embedded", "train").pixels[:256]))
    assert parts["test"][1].shape == (2000,)


def test_a_study_begins_with_the_readers_own_weights_where_there_are_some(tmp_path):
    config = lab.configs("short_paths", "laptop")[0]
    packaged = lab.weights_of("short_paths", config, tmp_path)
    assert packaged.is_relative_to(runs.RECORDED)
    own = runs.path_of(tmp_path, "degradation", "laptop", config.name).with_suffix(".safetensors")
    own.parent.mkdir(parents=True)
    own.touch()
    assert lab.weights_of("short_paths", config, tmp_path) == own


def test_networks_that_were_never_trained_are_trained_first(tmp_path, monkeypatch, capsys):
    trained = []

    def fit(group, study, root, keep_weights, **_options):
        for config in group:
            trained.append((study, config.name, keep_weights))
            path = runs.path_of(root, study, config.recipe.tier, config.name).with_suffix(".safetensors")
            networks.save_weights(networks.build(config), path)
        return []

    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(costs, "estimate", lambda todo, *_, **__: dict.fromkeys(todo, 1.0))
    config = next(c for c in lab.configs("what_layers_see", "laptop", (7,)) if c.depth == 20)
    records = lab.train("what_layers_see", [config], root=tmp_path, device="cpu")
    assert trained == [("degradation", config.name, True)]
    assert [r.seed for r in records] == [7]
    assert "those that lack weights come first" in capsys.readouterr().out


def test_a_study_that_examines_nothing_says_which_do(tmp_path):
    with pytest.raises(ValueError, match=r"degradation examines no networks; those that do are .*layer_responses"):
        lab.examine("degradation", CONFIG, tmp_path / "net.th", tmp_path)


def test_the_published_recipe_is_told_not_trained():
    assert recipes.published().tier not in recipes.TIERS
