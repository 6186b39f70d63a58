"""A record is whole or it is refused; what is read is what was written."""

import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from resnet_course import records
from resnet_course.records import Record, RecordError, store

from .making import make, with_profiles


@pytest.fixture
def path(tmp_path) -> Path:
    return records.write(make(), tmp_path / "study" / "live" / "plain-20-s0.json")


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_config(path: Path, **changes) -> None:
    content = json.loads(path.read_text())
    content["config"] |= changes
    path.write_text(json.dumps(content))


def save(root: Path, *made: Record) -> None:
    for record in made:
        store.keep(record, root)


def test_what_is_read_is_what_was_written(path):
    assert records.read(path) == make()


def test_a_diverged_loss_comes_back_as_nan(tmp_path):
    record = replace(make(train_loss=math.nan), curves={"train_loss": [2.5, math.inf]})
    back = records.read(records.write(record, tmp_path / "r.json"))
    assert math.isnan(back.final["train_loss"])
    assert math.isnan(back.curves["train_loss"][1])
    assert back.diverged


def test_a_written_record_is_json_that_any_reader_accepts(tmp_path):
    path = records.write(make(train_loss=math.nan), tmp_path / "r.json")
    content = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert content["final"]["train_loss"] is None


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_record_cut_short_is_refused(path, share):
    text = path.read_text().rstrip()
    path.write_text(text[: int(share * len(text))])
    with pytest.raises(RecordError, match=r"it is not JSON; delete it and run it again with"):
        records.read(path)


def test_bytes_that_are_no_text_are_refused(path):
    path.write_bytes(b"\xff\xfe\x00" * 20)
    with pytest.raises(RecordError, match="it is not JSON"):
        records.read(path)


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(RecordError, match=r"there is no record .*gone\.json"):
        records.read(tmp_path / "gone.json")


@pytest.mark.parametrize("text", ["[1, 2]", "3", "null"])
def test_json_that_is_no_record_is_refused(path, text):
    path.write_text(text)
    with pytest.raises(RecordError, match="the record is no object"):
        records.read(path)


def test_an_unknown_field_is_named(path):
    edit(path, mood="good")
    with pytest.raises(RecordError, match="has fields that nobody knows: mood; delete it"):
        records.read(path)


def test_an_unknown_field_of_the_recipe_is_named(path):
    content = json.loads(path.read_text())
    content["config"]["recipe"]["warm_upp"] = 3
    path.write_text(json.dumps(content))
    with pytest.raises(RecordError, match="recipe has fields that nobody knows: warm_upp"):
        records.read(path)


def test_a_missing_field_is_named(path):
    content = json.loads(path.read_text())
    del content["final"]
    path.write_text(json.dumps(content))
    with pytest.raises(RecordError, match="the record lacks final; delete it"):
        records.read(path)


def test_a_record_of_another_format_says_which_are_read(path):
    edit(path, format=3)
    with pytest.raises(RecordError, match="has format 3; this version reads 1 and 2"):
        records.read(path)


def test_curves_of_different_lengths_are_refused(path):
    edit(path, curves={"a": [1.0], "b": [1.0, 2.0]})
    with pytest.raises(RecordError, match="it has curves of different lengths"):
        records.read(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"final": {"test_error": "71"}},
        {"final": {"test_error": True}},
        {"curves": {"train_error": ["80"]}},
    ],
    ids=["text", "truth", "curve"],
)
def test_a_metric_that_is_no_number_is_refused(path, changes):
    edit(path, **changes)
    with pytest.raises(RecordError, match="holds something that is no number"):
        records.read(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"config": {"arch": "plain"}},
        {"config": None},
        {"curves": [1]},
        {"final": None},
        {"curves": {"a": 1}},
        {"provenance": {}},
        {"profiles": {"response": [1.0]}},
        {"stopped_at": "soon"},
    ],
    ids=str,
)
def test_a_record_of_another_shape_is_refused(path, changes):
    edit(path, **changes)
    with pytest.raises(RecordError, match="cannot be read as a record"):
        records.read(path)


@pytest.mark.parametrize("seed", [None, [1], {"a": 1}, 10**400, 1.5, "0"], ids=str)
def test_a_seed_that_is_no_whole_number_is_refused(path, seed):
    edit_config(path, seed=seed)
    with pytest.raises(RecordError, match="its seed is no whole number"):
        records.read(path)


def test_json_nested_too_deeply_is_refused(path):
    path.write_text("[" * 100_000)
    with pytest.raises(RecordError, match=r"nested too deeply|is not JSON"):
        records.read(path)


def test_words_of_a_file_are_never_printed_raw(path):
    edit(path, **{"\x1b[31mred": 1})
    with pytest.raises(RecordError) as refused:
        records.read(path)
    assert "\x1b" not in str(refused.value)


def test_a_file_larger_than_any_record_is_refused_before_it_is_read(path, monkeypatch):
    monkeypatch.setattr(store, "LARGEST_FILE", 100)
    with pytest.raises(RecordError, match="more than the 100 that one may have"):
        records.read(path)


def test_a_pipe_in_the_place_of_a_record_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "r.json")
    with pytest.raises(RecordError, match="it is not a regular file"):
        records.read(tmp_path / "r.json")


def test_a_folder_in_the_place_of_a_record_is_refused(tmp_path):
    with pytest.raises(RecordError, match="it is not a regular file"):
        records.read(tmp_path)


@pytest.mark.parametrize("broken", ["replace", "write"])
def test_a_write_that_fails_leaves_the_old_record_and_nothing_else(path, monkeypatch, broken):
    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    if broken == "replace":
        monkeypatch.setattr(os, "replace", full)
    else:
        monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        records.write(make(test_error=1.0), path)
    assert records.read(path) == make()
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_what_a_killed_writer_left_is_removed_by_the_next(path):
    leftover = path.with_name(f".{path.name}.4194303-1")  # no process has the largest number
    leftover.write_text("half a rec")
    records.write(make(), path)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_twenty_writers_at_once_leave_one_whole_record(path):
    made = [make(test_error=float(number)) for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(records.write, made, [path] * 20)) == [path] * 20
    assert records.read(path).final["test_error"] in range(20)


def test_a_value_that_json_cannot_hold_leaves_the_old_record(path):
    with pytest.raises(TypeError):
        records.write(make(test_error=object()), path)
    assert records.read(path) == make()


def test_load_orders_by_architecture_depth_and_seed_and_not_as_text(tmp_path):
    for arch in ("residual", "plain"):
        for depth in (110, 8, 20):
            save(tmp_path, make(arch, depth, 1), make(arch, depth, 0))
    order = [(r.arch, r.depth, r.seed) for r in records.load("study", root=tmp_path)]
    assert order == sorted(order)
    assert len(order) == 12


def test_load_selects_by_config(tmp_path):
    save(tmp_path, make("plain", 20), make("plain", 56), make("residual", 20))
    save(tmp_path, make("residual", 20, shortcut="B"))
    chosen = records.load("study", "live", tmp_path, arch="residual", shortcut="B")
    assert [(r.arch, r.shortcut) for r in chosen] == [("residual", "B")]


def test_a_misspelt_selection_is_an_error():
    with pytest.raises(TypeError, match="nett"):
        records.load("degradation", "laptop", nett="plain")


def test_load_passes_by_scratch_files_and_stopped_runs(tmp_path):
    save(tmp_path, make(), replace(make(seed=1), stopped_at=15))
    path = store.path_of(tmp_path, "study", make().config)
    path.with_name(f".{path.name}.123").write_text("half a rec")
    assert [r.seed for r in records.load("study", root=tmp_path)] == [0]


def test_a_whole_record_takes_the_place_of_the_stopped_one(tmp_path):
    save(tmp_path, replace(make(), stopped_at=15), make())
    assert [p.name for p in tmp_path.rglob("*.json")] == ["plain-20-s0.json"]


def test_load_refuses_a_study_with_a_broken_record(tmp_path):
    save(tmp_path, make())
    (tmp_path / "study/live/plain-8-s0.json").write_text("{")
    with pytest.raises(RecordError, match=r"plain-8-s0\.json cannot be read as a record"):
        records.load("study", root=tmp_path)


def test_where_nothing_is_recorded_the_command_that_records_is_named(tmp_path):
    with pytest.raises(
        RecordError,
        match="no recorded run of study live depth=20; make it with `resnet-course run study`",
    ):
        records.load("study", "live", tmp_path, depth=20)


def test_a_record_of_another_recipe_is_not_the_one_asked_for(tmp_path):
    save(tmp_path, make())
    config = make().config
    other = replace(config, recipe=replace(config.recipe, lr=0.05))
    assert store.find(tmp_path, "study", config) == make()
    assert store.find(tmp_path, "study", other) is None


def test_the_readers_runs_lie_where_they_say(monkeypatch):
    monkeypatch.setenv("RESNET_COURSE_RUNS", "/elsewhere")
    assert records.home() == Path("/elsewhere")


def test_a_home_folder_is_understood(monkeypatch):
    monkeypatch.setenv("RESNET_COURSE_RUNS", "~/runs")
    assert records.home() == Path.home() / "runs"


def test_a_profile_is_the_last_one_taken_unless_asked_for():
    record = with_profiles(0.5, 0.25)
    assert record.iterations("response") == [0, 30]
    assert record.profile("response") == [0.5, 0.25]
    assert record.profile("response", 0) == [1.0, 1.0]


@pytest.mark.parametrize(("quantity", "iteration"), [("ratio", None), ("response", 7)])
def test_a_profile_nobody_took_is_named(quantity, iteration):
    with pytest.raises(RecordError, match=f"study plain-20 recorded no {quantity}"):
        with_profiles(0.5, 0.25).profile(quantity, iteration)


def test_a_record_keeps_its_profiles(tmp_path):
    record = with_profiles(0.5, math.inf)
    back = records.read(records.write(record, tmp_path / "r.json"))
    assert back.profile("response")[0] == 0.5
    assert math.isnan(back.profile("response")[1])


def test_a_record_has_nothing_but_what_it_is():
    with pytest.raises(AttributeError, match="happiness"):
        _ = make().happiness


def test_a_record_of_format_1_is_read_under_todays_names(path):
    content = json.loads(path.read_text())
    config = content["config"]
    config["net"] = config.pop("arch")
    recipe = config["recipe"]
    recipe["drops"] = recipe.pop("milestones")
    recipe["warm_up"] = recipe.pop("warmup_steps")
    recipe["warm_up_lr"] = recipe.pop("warmup_lr")
    for name in ("variant", "start_depth", "label"):
        del config[name]
    made = content["provenance"]
    made["code"] = made.pop("source")
    del made["commit"]
    del content["profiles"]
    path.write_text(json.dumps(content | {"format": 1}))
    assert records.read(path) == make()
