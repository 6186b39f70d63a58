"""What a study wants to know of a network is asked without a trace, at the right times, and recorded."""

from dataclasses import replace

import pytest
import torch

from resnet_course import launch, recipes, records, studies
from resnet_course.data import augment, images
from resnet_course.launch import jobs
from resnet_course.networks import save_weights
from resnet_course.recipes import Recipe, RunConfig
from resnet_course.records import Record, store
from resnet_course.training import callbacks, cost, probing
from resnet_course.training import fit as fitting
from resnet_course.training.build import build
from resnet_course.training.module import Training
from resnet_course.training.runtime import Runtime

# Five epochs of 4 steps.
TINY = Recipe(
    "live",
    iterations=20,
    data="embedded",
    width=4,
    schedule="one-cycle",
    train_images=256,
    batch_size=64,
)
CONFIG = RunConfig("residual", 8, 0, TINY)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def first_weights(net, config, parts, iteration):
    """A study's probe: something that changes with training, as numbers and as a list."""
    return {
        "norm": next(net.parameters()).norm().item(),
        "seen": [float(len(y)) for _, y in parts.values()],
    }


def fit(config=CONFIG, probe=None) -> Record:
    options = fitting.FitOptions(records.home(), progress=False)
    (record,) = fitting.fit([config], "study", Runtime("cpu"), options, probe)
    return record


def test_a_network_is_probed_at_the_start_after_1_2_4_epochs_and_at_the_end():
    record = fit(probe=first_weights)
    assert record.iterations("norm") == [0, 4, 8, 16, 20]
    assert len({record.profile("norm", i)[0] for i in record.iterations("norm")}) == 5
    assert record.profile("seen") == [256.0, 2000.0]


def test_probing_changes_nothing_about_the_training():
    plain, watched = fit(), fit(probe=first_weights)
    assert (plain.curves, plain.final) == (watched.curves, watched.final)


def test_profiles_survive_an_interruption(monkeypatch):
    whole = fit(probe=first_weights)
    monkeypatch.setattr(callbacks, "SAVE_EVERY", -1)
    start, begun = Training.on_train_epoch_start, []

    def interrupted(self):
        begun.append(self)
        if len(begun) == 4:
            raise KeyboardInterrupt
        start(self)

    monkeypatch.setattr(Training, "on_train_epoch_start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(probe=first_weights)
    again = fit(probe=first_weights)
    assert again.profiles == whole.profiles


def test_dropout_of_a_run_depends_on_its_seed_alone():
    config = replace(CONFIG, variant="dropout-in-branch")
    finals = []
    for drawn_before in (0, 5):
        torch.rand(drawn_before)
        finals.append(fit(config).curves)
    assert finals[0] == finals[1]


def test_a_probe_of_weights_records_the_untrained_and_the_trained_network(tmp_path):
    net = build(replace(CONFIG, seed=1))
    save_weights(net, tmp_path / "net.safetensors")
    record = probing.record_probe(
        CONFIG, "study", first_weights, tmp_path / "net.safetensors", tmp_path
    )
    own = next(build(CONFIG).parameters()).norm().item()
    assert record.profile("norm", 0) == [pytest.approx(own, rel=1e-4)]
    assert record.profile("norm", 20) == [
        pytest.approx(next(net.parameters()).norm().item(), rel=1e-3)
    ]
    assert records.read(store.path_of(tmp_path, "study", CONFIG)).profiles == record.profiles
    assert record.provenance.weights.startswith("sha256:")
    assert 50 < record.final["test_error"] <= 100


def test_published_weights_see_images_as_torchvision_normalises_them():
    from torchvision.transforms import v2

    pixels = images.load("embedded", "test").pixels[:5]
    to = v2.Compose(
        [
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    torch.testing.assert_close(
        probing.normalise_as_torchvision(pixels), to(pixels.permute(0, 3, 1, 2))
    )


def test_our_own_weights_see_images_as_in_training():
    parts = probing.probe_images(TINY)
    assert torch.equal(
        parts["train"][0], augment.normalise(images.load("embedded", "train").pixels[:256])
    )
    assert parts["test"][1].shape == (2000,)


def test_a_study_begins_with_the_readers_own_weights_where_there_are_some(tmp_path):
    study = studies.get("short_paths")
    config = study.runs_at("laptop")[0]
    packaged = jobs.weights_of(study, config, tmp_path)
    assert packaged.is_relative_to(records.RECORDED)
    own = store.weights_path(tmp_path, "degradation", config)
    own.parent.mkdir(parents=True)
    own.touch()
    assert jobs.weights_of(study, config, tmp_path) == own


def test_networks_that_were_never_trained_are_trained_first(tmp_path, monkeypatch, capsys):
    trained = []

    def fit(group, study, _runtime, options, *_):
        for config in group:
            trained.append((study, config.name, options.keep_weights))
            save_weights(build(config), store.weights_path(options.root, study, config))
        return []

    monkeypatch.setattr(fitting, "fit", fit)
    monkeypatch.setattr(cost, "seconds_of_runs", lambda todo, *_: dict.fromkeys(todo, 1.0))
    runs = studies.get("what_layers_see").runs_at("laptop", (70,))
    config = next(c for c in runs if c.depth == 20)
    options = launch.LaunchOptions(tmp_path, Runtime("cpu"))
    made = launch.train("what_layers_see", [config], options)
    assert trained == [("degradation", config.name, True)]
    assert [r.seed for r in made] == [70]
    assert "starts from trained networks of degradation; some come first" in capsys.readouterr().out


def test_a_study_that_probes_nothing_says_which_do(tmp_path):
    with pytest.raises(ValueError, match=r"degradation probes no networks; those that do are "):
        launch.probe_weights("degradation", CONFIG, tmp_path / "net.th", tmp_path)


def test_probing_never_overwrites_the_record_of_a_trained_run(tmp_path):
    trained = fit()
    other = replace(trained, study="short_paths")
    store.keep(other, tmp_path)
    with pytest.raises(ValueError, match="is the record of a run that was trained"):
        launch.probe_weights("short_paths", CONFIG, tmp_path / "net.th", tmp_path)
    assert store.find(tmp_path, "short_paths", CONFIG) == other


def test_the_published_recipe_is_told_not_trained():
    assert recipes.published().tier not in recipes.TIERS
