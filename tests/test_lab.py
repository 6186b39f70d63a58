"""A study and a tier in, records out: what is there is not trained again, and what fails stops nothing else."""

import json
import multiprocessing
import os
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, replace
from pathlib import Path
from threading import Thread

import pytest

from resnet_course import costs, lab, networks, recipes, runs, training
from resnet_course.recipes import Config, Recipe

TINY = Recipe("live", iterations=8, data="embedded", width=4, train_images=300, batch_size=64)
GOOD = Config("residual", 8, 0, TINY)
BAD = Config("residual", 21, 0, TINY)  # no such depth
TOY = replace(recipes.live(), iterations=20)


def record_of(config: Config, study: str = "degradation") -> runs.Record:
    config = json.loads(json.dumps(asdict(config)))
    return runs.Record(study, config, {"iteration": [8]}, {"train_error": 50.0}, {"wall_seconds": 1.0})


@pytest.fixture
def trained(monkeypatch) -> list[Config]:
    """What would have been trained, by a training that takes no time; depth 21 fails as the real one does."""
    seen = []

    def fit(group, study, root, max_seconds, **_options):
        seen.extend(group)
        made = [record_of(config, study) for config in group if networks.build(config)]
        for config, record in zip(group, made, strict=True):
            runs.write(record, runs.path_of(root, study, config.recipe.tier, config.name))
        return made

    monkeypatch.setattr(training, "fit", fit)
    return seen


@pytest.fixture(autouse=True)
def no_timing(monkeypatch):
    monkeypatch.setattr(costs, "estimate", lambda configs, *_, **__: {c: 60.0 * c.depth for c in configs})


@pytest.fixture
def gpu(monkeypatch, trained) -> list[int]:
    """How many networks went side by side, each time, on a GPU that is only said to be there."""
    monkeypatch.setattr("resnet_course.device.pick_device", lambda _device: "cuda")
    sizes, fit = [], training.fit

    def counted(group, *arguments, **options):
        sizes.append(len(group))
        return fit(group, *arguments, **options)

    monkeypatch.setattr(training, "fit", counted)
    return sizes


def test_runs_of_one_recipe_go_side_by_side_on_a_gpu(gpu, tmp_path):
    gentle = replace(TINY, lr=0.01)
    chosen = [replace(GOOD, seed=s, recipe=r, label=f"{r.lr}") for s in (0, 1) for r in (TINY, gentle)]
    assert len(lab.train("degradation", chosen, root=tmp_path, parallel=2)) == 4
    assert gpu == [2, 2]


def test_of_runs_that_fail_side_by_side_each_has_a_try_alone(gpu, tmp_path, capsys):
    records = lab.train("degradation", [GOOD, BAD], root=tmp_path, parallel=2)
    assert [r.depth for r in records] == [8]
    assert gpu == [2, 1, 1]
    said = capsys.readouterr().out
    assert "2 runs side by side failed (ValueError: depth must be 6n + 2" in said
    assert "residual-21-s0 failed: ValueError" in said


def test_there_are_the_studies_of_the_first_chapters():
    assert {"degradation", "residual_block"} <= set(lab.names())


@pytest.mark.parametrize("name", lab.names())
def test_every_study_asks_and_configures_at_live_and_laptop_tier(name):
    assert lab.study(name).QUESTION.endswith("?")
    for tier in ("live", "laptop"):
        configs = lab.configs(name, tier, (0, 1))
        assert {c.seed for c in configs} == {0, 1}
        assert {c.recipe.tier for c in configs} == {tier}
        assert len({c.name for c in configs}) == len(configs)


def test_an_unknown_study_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"study must be one of .*degradation.*, got 'alchemy'"):
        lab.study("alchemy")


def test_a_module_elsewhere_is_no_study():
    with pytest.raises(ValueError, match=r"study must be one of"):
        lab.study("..runs")


def test_replay_gives_the_records_of_the_package():
    assert lab.replay("degradation", "laptop", depth=56) == runs.load("degradation", "laptop", depth=56)


def test_the_cost_is_said_before_training(tmp_path, monkeypatch, capsys):
    said = []
    monkeypatch.setattr(training, "fit", lambda *_, **__: said.append(capsys.readouterr().out) or [record_of(GOOD)])
    lab.train("degradation", [GOOD], root=tmp_path, device="cpu")
    assert said == ["1 runs, 512 training examples, about 8 min on this CPU.\n"]


def test_runs_side_by_side_share_the_time(capsys):
    one, two = (lab.say_cost("degradation", [GOOD, replace(GOOD, seed=1)], "cpu", parallel) for parallel in (1, 2))
    assert one == 2 * two


def test_what_is_recorded_is_not_trained_again(tmp_path, trained, capsys):
    other = replace(GOOD, seed=1)
    lab.train("degradation", [GOOD], root=tmp_path, device="cpu")
    records = lab.train("degradation", [GOOD, other], root=tmp_path, device="cpu")
    assert trained == [GOOD, other]
    assert [r.seed for r in records] == [0, 1]


def test_where_all_is_recorded_it_says_so(tmp_path, trained, capsys):
    for _ in range(2):
        lab.train("degradation", [GOOD], root=tmp_path, device="cpu")
    assert "Everything asked for is recorded already." in capsys.readouterr().out


def test_fresh_trains_even_what_is_recorded(tmp_path, trained):
    for _ in range(2):
        lab.train("degradation", [GOOD], root=tmp_path, device="cpu", fresh=True)
    assert trained == [GOOD, GOOD]


def test_live_trains_what_it_is_asked_for(tmp_path, trained):
    records = lab.live("degradation", [GOOD], root=tmp_path)
    assert [(r.net, r.depth) for r in records] == [("residual", 8)]


def test_one_failing_run_does_not_stop_the_others(tmp_path, trained, capsys):
    records = lab.train("degradation", [GOOD, BAD, replace(GOOD, seed=1)], root=tmp_path, device="cpu")
    assert [r.seed for r in records] == [0, 1]
    assert "residual-21-s0 failed: ValueError: depth must be 6n + 2" in capsys.readouterr().out


def test_each_run_is_reported_with_its_errors(tmp_path, trained, capsys):
    lab.train("degradation", [GOOD], root=tmp_path, device="cpu")
    assert "residual-8-s0: train error 50, 1 s" in capsys.readouterr().out


def test_a_run_that_has_not_begun_when_time_is_up_never_begins(tmp_path, trained, capsys):
    assert lab.train("degradation", [GOOD], root=tmp_path, device="cpu", max_seconds=0) == []
    assert trained == []
    assert "residual-8-s0 stopped in time; run the same command again to go on." in capsys.readouterr().out


def test_runs_that_wait_for_a_process_know_when_time_is_up(tmp_path, monkeypatch):
    begun = []

    def fit(group, *_, max_seconds, **__):
        begun.extend(group)
        time.sleep(max_seconds + 0.01)
        return []

    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(lab, "_lane", lambda: ThreadPoolExecutor(1))
    configs = [replace(GOOD, seed=seed) for seed in range(3)]
    assert lab.train("degradation", configs, root=tmp_path, device="cpu", parallel=2, max_seconds=0.2) == []
    assert len(begun) == 2


def test_ctrl_c_stops_all_runs(tmp_path, monkeypatch):
    begun = []

    def press(group, *_, **__):
        begun.extend(group)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "fit", press)
    with pytest.raises(KeyboardInterrupt):
        lab.train("degradation", [GOOD, replace(GOOD, seed=1)], root=tmp_path, device="cpu")
    assert begun == [GOOD]


def test_runs_train_in_two_processes_and_one_that_fails_does_not_stop_the_others(tmp_path, capsys):
    configs = [
        Config("residual", 2, 0, TOY),
        Config("plain", 2, 0, replace(TOY, momentum=-1.0)),
        Config("plain", 4, 0, TOY),
    ]
    records = lab.train("residual_block", configs, root=tmp_path, device="cpu", parallel=2)
    assert [(r.net, r.depth) for r in records] == [("residual", 2), ("plain", 4)]
    assert "plain-2-s0 failed: ValueError: Invalid momentum" in capsys.readouterr().out


def kill_first_worker() -> None:
    """kill -9 the first process of this one to be at work: torch is in its memory."""
    while True:
        for worker in multiprocessing.active_children():
            pages = Path(f"/proc/{worker.pid}/statm").read_text().split()[1]
            if int(pages) * os.sysconf("SC_PAGE_SIZE") > 200e6:
                return os.kill(worker.pid, signal.SIGKILL)
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="looks for the process to kill in Linux's /proc")
def test_a_killed_process_loses_no_run_and_takes_no_other_with_it(tmp_path, capsys):
    killer = Thread(target=kill_first_worker, daemon=True)
    killer.start()
    configs = [Config("residual", 8, seed, replace(TOY, iterations=60)) for seed in range(3)]
    records = lab.train("residual_block", configs, root=tmp_path, device="cpu", parallel=2)
    assert not killer.is_alive()
    assert [r.seed for r in records] == [0, 1, 2]
    out = capsys.readouterr().out
    assert out.count("was killed; it begins again") == 1
    assert [out.count(f"residual-8-s{seed}: copy error") for seed in range(3)] == [1, 1, 1]
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 3


def test_a_run_whose_process_is_killed_each_time_is_reported_and_the_others_go_on(
    tmp_path, monkeypatch, trained, capsys
):
    class Lane:
        def submit(self, fit, group, *arguments, **options) -> Future:
            future = Future()
            if group == [BAD]:
                begun.append(BAD)
                future.set_exception(BrokenProcessPool("terminated abruptly"))
            else:
                future.set_result(fit(group, *arguments, **options))
            return future

        def shutdown(self, **_options) -> None: ...

    begun = []
    monkeypatch.setattr(lab, "_lane", Lane)
    configs = [GOOD, BAD, replace(GOOD, seed=1)]
    records = lab.train("degradation", configs, root=tmp_path, device="cpu", parallel=2)
    assert [r.seed for r in records] == [0, 1]
    assert begun == [BAD] * lab.TRIES
    assert "residual-21-s0 failed: BrokenProcessPool: terminated abruptly" in capsys.readouterr().out


def test_a_network_that_cannot_be_built_stops_neither_the_estimate_nor_the_others(tmp_path, monkeypatch, capsys):
    def estimate(configs, *_, **__):
        return {c: 60.0 for c in configs if networks.build(c)}

    monkeypatch.setattr(costs, "estimate", estimate)
    assert lab.say_cost("degradation", [BAD, GOOD], "cpu", 1) == 60
    out = capsys.readouterr().out
    assert "The cost of 21 layers cannot be told (ValueError: depth must be 6n + 2" in out
    assert out.endswith("2 runs, 1,024 training examples, about 60 s on this CPU.\n")


def test_a_broken_record_in_the_way_is_named(tmp_path, trained):
    path = runs.path_of(tmp_path, "degradation", "live", GOOD.name)
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(runs.RecordError, match=r"residual-8-s0\.json is not a whole record"):
        lab.train("degradation", [GOOD], root=tmp_path, device="cpu")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (8, "8 s"), (89, "89 s"), (90, "2 min"), (720, "12 min"), (5400, "1.5 h"), (12_600, "3.5 h")],
)
def test_durations_are_in_words(seconds, words):
    assert lab.duration(seconds) == words


def test_a_record_of_another_recipe_is_made_again(tmp_path, capsys):
    (first,) = lab.configs("residual_block", "live")[:1]
    short = replace(first, recipe=replace(first.recipe, iterations=25))
    shorter = replace(first, recipe=replace(first.recipe, iterations=21))
    lab.train("residual_block", [short], root=tmp_path)
    (record,) = lab.train("residual_block", [shorter], root=tmp_path)
    assert record.config["recipe"]["iterations"] == 21
    lab.train("residual_block", [shorter], root=tmp_path)
    assert "recorded already" in capsys.readouterr().out
