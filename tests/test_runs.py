"""A record is whole or it is refused; what is averaged is named; what is recorded is as it says."""

import json
import math
import os
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import pytest

from resnet_course import recipes, runs
from resnet_course.runs import Record, RecordError

PACKAGED = sorted(runs.RECORDED.glob("*/*/[!.]*.json"))
PROVENANCE = {
    "code",
    "data",
    "libraries",
    "hardware",
    "precision",
    "threads",
    "side_by_side",
    "started",
    "wall_seconds",
    "images_per_second",
    "command",
}


def make(net="plain", depth=20, seed=0, shortcut="A", **final) -> Record:
    """A record as JSON gives it back: lists, not tuples."""
    config = recipes.Config(net, depth, seed, recipes.live(), shortcut)
    curves = {"iteration": [15, 30], "train_error": [80.5, 70.25]}
    provenance = {"hardware": "a CPU", "libraries": {"torch": "2.14"}, "started": "2026-11-21T04:23:20+00:00"}
    return Record("study", json.loads(json.dumps(asdict(config))), curves, {"test_error": 71.0, **final}, provenance)


@pytest.fixture
def path(tmp_path) -> Path:
    return runs.write(make(), tmp_path / "study" / "live" / "plain-20-s0.json")


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def save(root: Path, *records: Record) -> None:
    for r in records:
        mark = "" if r.shortcut == "A" else f"-{r.shortcut}"
        runs.write(r, runs.path_of(root, r.study, r.tier, f"{r.net}-{r.depth}{mark}-s{r.seed}"))


def test_what_is_read_is_what_was_written(path):
    assert runs.read(path) == make()


def test_a_diverged_loss_comes_back_as_nan(tmp_path):
    record = replace(make(train_loss=math.nan), curves={"train_loss": [2.5, math.inf]})
    back = runs.read(runs.write(record, tmp_path / "r.json"))
    assert math.isnan(back.final["train_loss"])
    assert math.isnan(back.curves["train_loss"][1])


def test_a_written_record_is_json_that_any_reader_accepts(tmp_path):
    path = runs.write(make(train_loss=math.nan), tmp_path / "r.json")
    assert json.loads(path.read_text(), parse_constant=pytest.fail)["final"]["train_loss"] is None


def test_a_record_knows_its_net_depth_seed_shortcut_and_tier():
    record = make("residual", 56, 2, "B")
    assert (record.net, record.depth, record.seed, record.shortcut, record.tier) == ("residual", 56, 2, "B", "live")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_record_cut_short_is_refused(path, share):
    text = path.read_text().rstrip()
    path.write_text(text[: int(share * len(text))])
    with pytest.raises(
        RecordError, match=r"is not a whole record .*delete it and run it again with `resnet-course run`"
    ):
        runs.read(path)


def test_bytes_that_are_no_text_are_refused(path):
    path.write_bytes(b"\xff\xfe\x00" * 20)
    with pytest.raises(RecordError, match="is not a whole record"):
        runs.read(path)


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(RecordError, match=r"there is no record .*gone\.json"):
        runs.read(tmp_path / "gone.json")


@pytest.mark.parametrize("text", ["[1, 2]", "3", "null", "{}"])
def test_json_that_is_no_record_is_refused(path, text):
    path.write_text(text)
    with pytest.raises(RecordError, match="is not a whole record"):
        runs.read(path)


def test_an_unknown_field_is_named(path):
    edit(path, mood="good")
    with pytest.raises(RecordError, match=r"unexpected keyword argument .mood.\); delete it"):
        runs.read(path)


def test_a_missing_field_is_named(path):
    data = json.loads(path.read_text())
    del data["final"]
    path.write_text(json.dumps(data))
    with pytest.raises(RecordError, match=r"missing 1 required positional argument: .final.\); delete it"):
        runs.read(path)


def test_a_record_of_another_format_says_to_update(path):
    edit(path, format=2)
    with pytest.raises(RecordError, match="has format 2, this version reads 1; update resnet-course"):
        runs.read(path)


def test_curves_of_different_lengths_are_refused(path):
    edit(path, curves={"a": [1.0], "b": [1.0, 2.0]})
    with pytest.raises(RecordError, match="it has curves of different lengths"):
        runs.read(path)


@pytest.mark.parametrize(
    "changes",
    [{"final": {"test_error": "71"}}, {"final": {"test_error": True}}, {"curves": {"train_error": ["80"]}}],
    ids=["text", "truth", "curve"],
)
def test_a_metric_that_is_no_number_is_refused(path, changes):
    edit(path, **changes)
    with pytest.raises(RecordError, match="is not a number"):
        runs.read(path)


@pytest.mark.parametrize(
    "changes",
    [{"config": {"net": "plain"}}, {"config": None}, {"curves": [1]}, {"final": None}, {"curves": {"a": 1}}],
    ids=["part of a config", "no config", "curves", "final", "curve"],
)
def test_a_record_of_another_shape_is_refused(path, changes):
    edit(path, **changes)
    with pytest.raises(RecordError, match="is not a whole record"):
        runs.read(path)


def test_a_config_without_a_seed_is_not_called_a_matter_of_curves(path):
    edit(path, config=make().config | {"seed": None})
    with pytest.raises(RecordError) as refused:
        runs.read(path)
    assert "curves" not in str(refused.value)


@pytest.mark.parametrize("broken", ["replace", "write"])
def test_a_write_that_fails_leaves_the_old_record_and_nothing_else(path, monkeypatch, broken):
    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    if broken == "replace":
        monkeypatch.setattr(os, "replace", full)
    else:
        monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        runs.write(make(test_error=1.0), path)
    assert runs.read(path) == make()
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_value_that_json_cannot_hold_leaves_the_old_record(path):
    with pytest.raises(TypeError):
        runs.write(make(test_error=object()), path)
    assert runs.read(path) == make()


def test_a_written_record_leaves_no_scratch(path):
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_load_orders_by_net_depth_and_seed_and_not_as_text(tmp_path):
    save(
        tmp_path,
        *(make(net, depth, seed) for net in ("residual", "plain") for depth in (110, 8, 20) for seed in (1, 0)),
    )
    found = [(r.net, r.depth, r.seed) for r in runs.load("study", root=tmp_path)]
    assert found == [(net, depth, seed) for net in ("plain", "residual") for depth in (8, 20, 110) for seed in (0, 1)]


def test_load_selects_by_config(tmp_path):
    save(tmp_path, make("plain", 20), make("plain", 56), make("residual", 20), make("residual", 20, shortcut="B"))
    found = runs.load("study", "live", tmp_path, net="residual", shortcut="B")
    assert [(r.net, r.shortcut) for r in found] == [("residual", "B")]


def test_load_passes_by_hidden_scratch_files(tmp_path, path):
    path.with_name(f".{path.name}.123").write_text("half a rec")
    assert len(runs.load("study", root=tmp_path)) == 1


def test_load_refuses_a_study_with_a_broken_record(tmp_path, path):
    path.with_name("plain-8-s0.json").write_text("{")
    with pytest.raises(RecordError, match=r"plain-8-s0\.json is not a whole record"):
        runs.load("study", root=tmp_path)


def test_where_nothing_is_recorded_the_command_that_records_is_named(tmp_path):
    with pytest.raises(
        RecordError, match="no recorded run of study live depth=20; make it with `resnet-course run study`"
    ):
        runs.load("study", "live", tmp_path, depth=20)


def test_over_seeds_gives_mean_and_sample_standard_deviation():
    records = [make(seed=seed, test_error=error) for seed, error in enumerate((10.0, 12.0, 17.0))]
    assert runs.over_seeds(records, "test_error") == {("plain", 20): runs.Stats(13.0, pytest.approx(13**0.5), 3)}


def test_over_seeds_keeps_nets_and_depths_apart():
    records = [make(net, depth, test_error=depth) for net in ("residual", "plain") for depth in (20, 8)]
    assert list(runs.over_seeds(records, "test_error")) == [
        ("plain", 8),
        ("plain", 20),
        ("residual", 8),
        ("residual", 20),
    ]


def test_one_seed_has_no_spread():
    (one,) = runs.over_seeds([make()], "test_error").values()
    assert math.isnan(one.std)
    assert str(one) == "71.00"


def test_several_seeds_are_written_with_their_spread():
    assert str(runs.stats([10.0, 12.0])) == "11.00 ± 1.41"


def test_a_metric_that_was_not_recorded_is_named():
    with pytest.raises(RecordError, match="study plain-20 recorded no val_error"):
        runs.over_seeds([make()], "val_error")


def test_nothing_cannot_be_averaged():
    with pytest.raises(ValueError, match="no values to average"):
        runs.stats([])


def test_a_table_has_a_row_for_each_net_and_depth():
    records = [make(seed=seed, test_error=error) for seed, error in enumerate((10.0, 12.0))]
    assert runs.table(records, ("test_error",)) == [
        {"net": "plain", "depth": 20, "test_error": 11.0, "test_error_std": pytest.approx(2**0.5), "seeds": 2}
    ]


def test_the_provenance_line_says_how_many_where_with_what_and_when():
    line = runs.provenance_line([make(seed=0), make(seed=1)])
    assert line == "2 runs, live tier, 2 seeds, a CPU, PyTorch 2.14, 2026-11-21"


def test_the_readers_runs_lie_where_they_say(monkeypatch):
    monkeypatch.setenv("RESNET_COURSE_RUNS", "/elsewhere")
    assert runs.home() == Path("/elsewhere")


def test_there_are_packaged_records():
    assert PACKAGED


def test_every_packaged_record_lies_where_its_content_says():
    for path in PACKAGED:
        record = runs.read(path)
        config = recipes.config_from(record.config)
        assert path == runs.path_of(runs.RECORDED, record.study, record.tier, config.name)


def test_every_packaged_record_says_where_when_and_with_what_it_was_made():
    for path in PACKAGED:
        provenance = runs.read(path).provenance
        assert set(provenance) >= PROVENANCE, path
        assert {"python", "torch"} <= set(provenance["libraries"]), path
        assert datetime.fromisoformat(provenance["started"]).tzinfo, path
        assert provenance["hardware"], path
        assert provenance["command"].startswith(("resnet-course run ", "resnet-course examine ")), path


def test_every_packaged_run_was_trained_to_the_end_of_its_recipe():
    for path in PACKAGED:
        record = runs.read(path)
        if "weights" in record.provenance:  # examined, not trained
            continue
        assert record.curves["iteration"][-1] == record.config["recipe"]["iterations"], path
        assert record.curves["iteration"] == sorted(set(record.curves["iteration"])), path


def test_no_packaged_folder_holds_half_a_run():
    strays = [p for p in runs.RECORDED.rglob(".*") if p.suffix != ".ckpt"]
    assert not strays


def test_runs_that_differ_in_more_than_the_seed_are_not_averaged():
    records = runs.load("degradation", "laptop", net="plain", depth=20)
    with pytest.raises(runs.RecordError, match=r"several runs of .* with seed 0; select one tier"):
        runs.over_seeds([*records, records[0]], "train_error")


def with_profiles(*values: float, seed: int = 0) -> Record:
    return replace(make(seed=seed), profiles={"response@0": [1.0, 1.0], "response@30": list(values)})


def test_a_profile_is_the_last_one_taken_unless_asked_for():
    record = with_profiles(0.5, 0.25)
    assert record.iterations("response") == [0, 30]
    assert record.profile("response") == [0.5, 0.25]
    assert record.profile("response", 0) == [1.0, 1.0]


@pytest.mark.parametrize(("quantity", "iteration"), [("ratio", None), ("response", 7)])
def test_a_profile_nobody_took_is_named(quantity, iteration):
    with pytest.raises(RecordError, match=f"study plain-20 recorded no {quantity}"):
        with_profiles(0.5, 0.25).profile(quantity, iteration)


def test_profiles_are_averaged_layer_by_layer():
    stats = runs.mean_profile([with_profiles(0.5, 1.0), with_profiles(1.5, 1.0, seed=1)], "response")
    assert [(s.mean, s.n) for s in stats] == [(1.0, 2), (1.0, 2)]


def test_profiles_of_different_networks_are_not_averaged():
    with pytest.raises(RecordError, match="different lengths cannot be averaged"):
        runs.mean_profile([with_profiles(0.5, 1.0), with_profiles(0.5, seed=1)], "response")


def test_a_record_of_before_there_were_profiles_is_read(path):
    data = json.loads(path.read_text())
    del data["profiles"]
    path.write_text(json.dumps(data))
    assert runs.read(path).profiles == {}


def test_a_record_keeps_its_profiles(tmp_path):
    record = with_profiles(0.5, math.inf)
    back = runs.read(runs.write(record, tmp_path / "r.json"))
    assert back.profile("response")[0] == 0.5
    assert math.isnan(back.profile("response")[1])


def test_a_record_has_nothing_but_what_it_is():
    with pytest.raises(AttributeError, match="a record has no happiness"):
        _ = make().happiness


def test_what_a_record_does_not_say_has_its_usual_value():
    record = make()
    del record.config["variant"]
    assert (record.shortcut, record.variant, record.start_depth, record.label) == ("A", "", 0, "")
