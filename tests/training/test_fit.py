"""From a configuration to a record: repeatable, resumable, quiet, and complete."""

import signal
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from statistics import fmean

import pytest
import torch
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy

from resnet_course import records
from resnet_course.data import augment, images
from resnet_course.networks import cifar, load_published, save_weights
from resnet_course.recipes import Recipe, RunConfig, lr_at
from resnet_course.records import Record, files, provenance, store
from resnet_course.records.recording import Outcome
from resnet_course.training import callbacks, engine, probing, runtime
from resnet_course.training import fit as fitting
from resnet_course.training.build import build
from resnet_course.training.module import Training
from resnet_course.training.runtime import Runtime

# Three epochs of 7, 7 and 6 steps: the last is a part of one.
TINY = Recipe(
    "live",
    iterations=20,
    data="embedded",
    width=4,
    schedule="one-cycle",
    train_images=1000,
    batch_size=128,
    lr=0.1,
)
CONFIG = RunConfig("residual", 8, 0, TINY)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Whatever a run leaves where it is started lands here."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def weights(monkeypatch) -> list[dict[str, torch.Tensor]]:
    """The float32 weights of each run that is asked to keep them."""
    kept, save = [], fitting.save_weights

    def keep(net, path, config):
        kept.append({name: tensor.clone() for name, tensor in net.state_dict().items()})
        save(net, path, config)

    monkeypatch.setattr(fitting, "save_weights", keep)
    return kept


def fit(
    *configs: RunConfig,
    root: Path = Path("runs"),
    precision: str = "fp32",
    progress: bool = False,
    **options,
) -> list[Record]:
    made = fitting.FitOptions(root, progress=progress, **options)
    return fitting.fit(configs, "study", Runtime("cpu", precision), made)


def files_below(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def interrupt_in_epoch(monkeypatch, number: int) -> None:
    """Press Ctrl-C as epoch `number` (from 0) begins."""
    start, begun = engine.Engine.start_epoch, []

    def press(self, *arguments):
        begun.append(self)
        if len(begun) == number + 1:
            raise KeyboardInterrupt
        start(self, *arguments)

    monkeypatch.setattr(engine.Engine, "start_epoch", press)


def same_numbers(a: records.Record, b: records.Record) -> bool:
    return (a.config, a.curves, a.final) == (b.config, b.curves, b.final)


def test_a_run_repeats_to_the_last_bit(weights):
    (first,), (second,) = (
        fit(CONFIG, root=records.home() / name, keep_weights=True) for name in "ab"
    )
    assert same_numbers(first, second)
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_run_is_a_plain_pytorch_loop_over_the_plans_and_rates_of_its_seed(weights):
    config = replace(CONFIG, seed=3)
    (record,) = fit(config, keep_weights=True)
    net, data, losses = (
        build(config),
        images.training(TINY.data, TINY.holdout, TINY.train_images),
        [],
    )
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
    for step in range(20):
        epoch, within = divmod(step, 7)
        rows = [row[within] for row in augment.draw_plan(1000, 128, pad=2, seed=3, epoch=epoch)]
        optimizer.param_groups[0]["lr"] = lr_at(step, TINY)
        loss = cross_entropy(net(augment.take(data.pixels, *rows, pad=2)), data.labels[rows[0]])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert record.curves["train_loss"] == pytest.approx(
        [fmean(losses[i : i + 7]) for i in (0, 7, 14)], rel=1e-3
    )
    for name, tensor in net.named_parameters():
        torch.testing.assert_close(weights[0][name], tensor, rtol=1e-2, atol=1e-3)


def test_a_run_stopped_at_every_epoch_ends_as_one_that_was_not(weights):
    (whole,) = fit(CONFIG, root=records.home() / "whole", keep_weights=True)
    tries = 1
    while not (
        made := fit(CONFIG, root=records.home() / "parts", keep_weights=True, max_seconds=0)
    ):
        tries += 1
    assert tries == 3
    assert same_numbers(made[0], whole)
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_ctrl_c_leaves_a_state_from_which_the_run_goes_on(weights, monkeypatch):
    (whole,) = fit(CONFIG, root=records.home() / "whole", keep_weights=True)
    monkeypatch.setattr(callbacks, "SAVE_EVERY", -1)
    with monkeypatch.context() as patched:
        interrupt_in_epoch(patched, 2)
        with pytest.raises(KeyboardInterrupt):
            fit(CONFIG, root=records.home() / "parts", keep_weights=True)
    state, partial = sorted((records.home() / "parts/study/live").iterdir())
    assert state.suffix == ".ckpt"
    assert records.read(partial).stopped_at == 14
    (resumed,) = fit(CONFIG, root=records.home() / "parts", keep_weights=True)
    assert same_numbers(resumed, whole)
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_ctrl_c_before_the_end_of_an_epoch_leaves_nothing(monkeypatch):
    interrupt_in_epoch(monkeypatch, 0)
    with pytest.raises(KeyboardInterrupt):
        fit(CONFIG)
    assert not [p for p in records.home().rglob("*") if p.is_file()]


def test_ctrl_c_works_again_after_ctrl_c(monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    interrupt_in_epoch(monkeypatch, 0)
    with pytest.raises(KeyboardInterrupt):
        fit(CONFIG)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_state_of_another_recipe_is_not_resumed():
    other = replace(CONFIG, recipe=replace(TINY, lr=0.05))
    assert fit(CONFIG, max_seconds=0) == []
    (after,), (alone,) = fit(other), fit(other, root=records.home() / "alone")
    assert same_numbers(after, alone)


def test_a_finished_run_leaves_its_record_and_nothing_else(tmp_path):
    fit(CONFIG)
    assert [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()] == [
        f"runs/study/live/{CONFIG.name}.json"
    ]


def test_a_record_is_on_disk_as_it_was_returned():
    (record,) = fit(CONFIG)
    assert records.read(store.path_of(records.home(), "study", CONFIG)).final == record.final


def test_seeds_side_by_side_give_what_each_gives_alone():
    seeds = [replace(CONFIG, seed=seed) for seed in (0, 1)]
    together = fit(*seeds, root=records.home() / "together")
    alone = [fit(config, root=records.home() / "alone")[0] for config in seeds]
    assert all(same_numbers(a, b) for a, b in zip(together, alone, strict=True))


def test_plain_and_residual_of_several_depths_train_side_by_side():
    configs = [CONFIG, replace(CONFIG, arch="plain", depth=14)]
    assert [(r.arch, r.depth) for r in fit(*configs)] == [("residual", 8), ("plain", 14)]


def test_another_seed_gives_another_run():
    first, second = fit(CONFIG, replace(CONFIG, seed=1))
    assert first.curves != second.curves


def test_curves_have_one_value_an_epoch_and_end_with_the_recipe():
    (record,) = fit(CONFIG)
    assert record.curves["iteration"] == [7, 14, 20]
    assert {len(values) for values in record.curves.values()} == {3}


def test_final_errors_are_of_images_as_they_are(weights):
    (record,) = fit(CONFIG, keep_weights=True)
    net = build(CONFIG)
    net.load_state_dict(weights[0])
    test = images.load("embedded", "test")
    assert record.final["test_error"] == pytest.approx(
        engine.evaluate(net, *test, augment.normalise)[1], rel=1e-5
    )


def test_training_learns():
    (record,) = fit(replace(CONFIG, recipe=replace(TINY, iterations=60)))
    assert record.final["train_error"] < 85  # guessing: 90


def test_held_out_images_are_judged_apart_and_not_trained_on():
    recipe = replace(TINY, holdout=7_000)
    (record,) = fit(replace(CONFIG, recipe=recipe))
    _, held = images.holdout(images.load("embedded", "train"), 7_000)
    trained = {
        image.numpy().tobytes()
        for image in images.training(recipe.data, recipe.holdout, recipe.train_images).pixels
    }
    assert "val_error" in record.final
    assert "test_error" not in record.final  # chosen by, so the test images stay untouched
    assert "test_error" not in record.final  # who chooses does not look at the test images
    assert not any(image.numpy().tobytes() in trained for image in held.pixels)


def test_a_recipe_trains_on_the_first_so_many_images():
    everything = images.load("embedded", "train")
    assert torch.equal(
        images.training(TINY.data, TINY.holdout, TINY.train_images).pixels, everything.pixels[:1000]
    )


def test_different_recipes_are_not_trained_side_by_side():
    with pytest.raises(ValueError, match="side by side must share one recipe"):
        fit(CONFIG, replace(CONFIG, recipe=replace(TINY, lr=0.2)))


def test_fewer_images_than_a_batch_are_refused():
    with pytest.raises(ValueError, match="a batch of 128 needs as many images, got 100"):
        fit(replace(CONFIG, recipe=replace(TINY, train_images=100)))


def test_a_record_says_where_when_and_with_what_it_was_made():
    record, _ = fit(CONFIG, replace(CONFIG, seed=1), command="resnet-course run study")
    made = record.provenance
    assert made.source == provenance.source_address()
    assert made.data == images.checksum("embedded")
    assert made.libraries["torch"] == torch.__version__
    assert set(made.libraries) == {"python", "torch", "torchvision", "lightning"}
    assert made.hardware == provenance.cpu_name()
    assert (made.precision, made.cuda_graph) == ("fp32", False)
    assert (made.threads, made.side_by_side) == (1, 2)
    assert datetime.fromisoformat(made.started).tzinfo
    assert made.wall_seconds > 0
    assert made.cpu_seconds > 0
    assert made.images_per_second > 0
    assert made.command == "resnet-course run study"


def test_a_run_without_a_bar_says_nothing(capfd, recwarn):
    fit(CONFIG)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_a_run_with_a_bar_shows_only_the_bar(capfd):
    fit(CONFIG, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert all(
        not line.strip() or line.startswith(f"{CONFIG.name}: ")
        for line in err.replace("\r", "\n").splitlines()
    )
    assert "0/20" in err


def test_a_run_leaves_the_callers_threads_and_random_numbers_alone():
    torch.set_num_threads(2)
    torch.manual_seed(7)
    before = torch.get_rng_state()
    fit(CONFIG)
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), before)


def test_cpu_training_has_one_thread_and_gives_the_others_back_even_when_it_fails():
    torch.set_num_threads(2)
    seen = []

    def fail():
        with runtime.one_thread("cpu"):
            seen.append(torch.get_num_threads())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [*seen, torch.get_num_threads()] == [1, 2]


def test_the_networks_of_one_seed_start_alike_whatever_was_drawn_before():
    first = build(CONFIG).state_dict()
    torch.rand(3)
    second = build(CONFIG).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_kept_weights_are_half_precision_and_load_back(weights):
    fit(CONFIG, keep_weights=True)
    path = store.weights_path(records.home(), "study", CONFIG)
    stored = load_file(path)
    assert {stored[name].dtype for name, _ in cifar(8, width=4).named_parameters()} == {
        torch.float16
    }
    net = load_published(cifar(8, width=4), stored)
    for name, tensor in net.state_dict().items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, weights[0][name], rtol=2**-11, atol=2**-24)


def test_weights_that_cannot_be_written_leave_nothing_half_written(tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        save_weights(build(CONFIG), tmp_path / "net.safetensors")
    assert not list(tmp_path.iterdir())


def test_what_a_study_measures_by_itself_is_recorded():
    outcome = Outcome({"x": [1.0]}, {"y": 2.0})
    record = probing.record_custom(CONFIG, "study", lambda _: outcome, records.home(), "command")
    assert records.read(store.path_of(records.home(), "study", CONFIG)).final == {"y": 2.0}
    assert record.provenance.command == "command"


def test_auto_takes_a_gpu_if_there_is_one(monkeypatch):
    for present, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda present=present: present)
        assert runtime.pick_device("auto") == expected


def test_a_gpu_asked_for_in_vain_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="PyTorch sees no GPU here; use 'cpu' or 'auto'"):
        runtime.pick_device("cuda")


def test_an_unknown_device_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="device must be one of auto, cpu, cuda, got 'tpu'"):
        runtime.pick_device("tpu")


def test_a_damaged_state_is_named_and_training_starts_afresh(tmp_path, capsys):
    path = tmp_path / "state.ckpt"
    path.write_bytes(b"half a checkp")
    assert fitting.readable_state(path) is None
    assert "is damaged; training starts afresh" in capsys.readouterr().out
    assert fitting.readable_state(tmp_path / "none") is None


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_sixteen_bits_train_under_lightning_to_the_losses_of_the_bare_engine(precision):
    """Lightning clears the gradients between configure_optimizers and the first epoch."""
    record = fit(CONFIG, precision=precision)[0]
    data = images.training(TINY.data, 0, TINY.train_images)
    module = Training([CONFIG], data, Runtime("cpu", precision))
    module.configure_optimizers()
    (bare,), losses = module.engines, []
    for epoch in range(3):
        bare.start_epoch(*module.plan(CONFIG, epoch))
        bare.advance(min(7, TINY.iterations - 7 * epoch))
        losses.append(bare.means()[0])
    assert record.curves["train_loss"] == pytest.approx(losses, rel=1e-3)
    assert record.provenance.precision == precision


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_sixteen_bits_resume_side_by_side_as_if_nothing_had_happened(monkeypatch, precision):
    pair = CONFIG, replace(CONFIG, arch="plain")
    whole = fit(*pair, precision=precision, root=Path("whole"))
    with monkeypatch.context() as patch:
        patch.setattr(callbacks, "SAVE_EVERY", -1)
        interrupt_in_epoch(patch, 2)
        with pytest.raises(KeyboardInterrupt):
            fit(*pair, precision=precision, root=Path("broken"))
    again = fit(*pair, precision=precision, root=Path("broken"))
    assert all(same_numbers(a, b) for a, b in zip(whole, again, strict=True))
