"""What is there is not trained again, and what fails stops nothing else."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from resnet_course import launch, recipes, studies
from resnet_course.launch import LaunchOptions, gpu, jobs, local, report
from resnet_course.recipes import Recipe, RunConfig
from resnet_course.records import Record, RecordError, store
from resnet_course.training import cost
from resnet_course.training import fit as fitting
from resnet_course.training.build import build
from resnet_course.training.runtime import Runtime

from ..records.making import MADE

TINY = Recipe(
    "live", iterations=8, data="embedded", width=4, train_images=300, batch_size=64, lr=0.1
)
GOOD = RunConfig("residual", 8, 0, TINY)
BAD = RunConfig("residual", 21, 0, TINY)  # no such depth
TOY = replace(recipes.live(), iterations=20)
CPU = Runtime("cpu")


def record_of(config: RunConfig, study: str = "degradation") -> Record:
    return Record(study, config, {"iteration": [8]}, {"train_error": 50.0}, MADE)


def train(*configs: RunConfig, root: Path, slug: str = "degradation", **options) -> list[Record]:
    return launch.train(slug, configs, LaunchOptions(root, CPU, **options))


@pytest.fixture
def trained(monkeypatch) -> list[RunConfig]:
    """What would have been trained; depth 21 fails as it does in the real training."""
    seen = []

    def fit(group, study, _runtime, options, *_):
        seen.extend(group)
        made = [record_of(config, study) for config in group if build(config)]
        for record in made:
            store.keep(record, options.root)
        return made

    monkeypatch.setattr(fitting, "fit", fit)
    return seen


@pytest.fixture(autouse=True)
def no_timing(monkeypatch):
    def seconds_of_runs(configs, *_):
        return {config: 60.0 * config.depth for config in configs}

    monkeypatch.setattr(cost, "seconds_of_runs", seconds_of_runs)


def groups_of(*configs: RunConfig, size: int) -> list[list[str]]:
    made = [job_of(config) for config in configs]
    return [[config.name for config in group.configs] for group in gpu.groups(made, size)]


def job_of(*configs: RunConfig, root: Path = Path("runs")) -> jobs.Job:
    return jobs.Job("degradation", configs, root, CPU, False, time.time() + 60, False, "")


def test_runs_of_one_recipe_go_side_by_side_on_a_gpu():
    gentle = replace(TINY, lr=0.01)
    configs = [
        replace(GOOD, seed=seed, recipe=recipe) for seed in (0, 1) for recipe in (TINY, gentle)
    ]
    assert [len(group) for group in groups_of(*configs, size=2)] == [2, 2]


def test_runs_side_by_side_are_of_about_one_depth():
    configs = [
        replace(GOOD, depth=depth, arch=arch) for depth in (8, 56) for arch in ("plain", "residual")
    ]
    depths = [{name.split("-")[1] for name in group} for group in groups_of(*configs, size=2)]
    assert depths == [{"56"}, {"8"}]


def test_networks_that_draw_as_they_train_stay_alone_on_a_gpu():
    configs = [replace(GOOD, seed=seed, variant="dropout-in-branch") for seed in (0, 1)]
    assert [len(group) for group in groups_of(*configs, size=2)] == [1, 1]


def test_of_runs_that_fail_side_by_side_each_has_a_try_alone(trained, tmp_path, capsys):
    made = [job_of(config, root=tmp_path) for config in (GOOD, BAD)]
    ended = list(gpu.OnStreams(2).run(made))
    assert [len(one.records) for one in ended] in ([0, 1], [1, 0])
    assert "2 runs side by side failed (ValueError); now one by one." in capsys.readouterr().out


def test_there_are_the_studies_of_the_first_chapters():
    assert {"degradation", "residual_block"} <= set(studies.names())


@pytest.mark.parametrize("name", studies.names())
def test_every_study_asks_and_configures_at_live_and_laptop_tier(name):
    study = studies.get(name)
    assert study.question.endswith("?")
    for tier in ("live", "laptop"):
        configs = study.runs_at(tier, (0, 1))
        assert {c.seed for c in configs} == {0, 1}
        assert {c.tier for c in configs} == {tier}
        assert len({c.name for c in configs}) == len(configs)


def test_an_unknown_study_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"study must be one of .*degradation.*, got 'alchemy'"):
        studies.get("alchemy")


def test_a_module_elsewhere_is_no_study():
    with pytest.raises(ValueError, match="study must be one of"):
        studies.get("..records")


def test_a_study_that_neither_trains_nor_probes_is_none():
    study = studies.get("degradation")
    with pytest.raises(ValueError, match="neither trains nor probes"):
        replace(study, trains=False)


def test_a_misspelt_hook_of_a_study_is_an_error():
    with pytest.raises(TypeError, match="probee"):
        replace(studies.get("degradation"), probee=None)


def test_the_cost_is_said_before_training(tmp_path, monkeypatch, capsys):
    printed = []

    def fit(*_):
        printed.append(capsys.readouterr().out)
        return [record_of(GOOD)]

    monkeypatch.setattr(fitting, "fit", fit)
    train(GOOD, root=tmp_path)
    assert printed == ["1 run, 512 training examples, about 8 min on this CPU.\n"]


def test_runs_side_by_side_share_the_time(capsys, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    pair = [GOOD, replace(GOOD, seed=1)]
    for lanes in (1, 2, 1000):
        report.say_cost(studies.get("degradation"), pair, CPU, lanes)
    times = [
        line.split("about ")[1].split(" on")[0] for line in capsys.readouterr().out.splitlines()
    ]
    assert times == ["16 min", "8 min", "8 min"]


def test_what_is_recorded_is_not_trained_again(tmp_path, trained):
    other = replace(GOOD, seed=1)
    train(GOOD, root=tmp_path)
    made = train(GOOD, other, root=tmp_path)
    assert trained == [GOOD, other]
    assert [record.seed for record in made] == [0, 1]


def test_two_recipes_of_one_network_are_two_runs(tmp_path, trained):
    gentle = replace(GOOD, recipe=replace(TINY, lr=0.01))
    made = train(GOOD, gentle, root=tmp_path)
    assert [record.config for record in made] == [GOOD, gentle]


def test_where_all_is_recorded_it_says_so(tmp_path, trained, capsys):
    for _ in range(2):
        train(GOOD, root=tmp_path)
    assert "Everything asked for is recorded already." in capsys.readouterr().out


def test_weights_asked_for_afterwards_are_made(tmp_path, trained):
    train(GOOD, root=tmp_path)
    train(GOOD, root=tmp_path, keep_weights=True)
    assert trained == [GOOD, GOOD]


def test_fresh_trains_even_what_is_recorded(tmp_path, trained):
    for _ in range(2):
        train(GOOD, root=tmp_path, fresh=True)
    assert trained == [GOOD, GOOD]


def test_live_trains_what_it_is_asked_for(tmp_path, trained):
    (record,) = launch.live("degradation", [GOOD], root=tmp_path)
    assert record.network == "residual-8"


def test_live_never_shows_an_old_record_for_a_run_that_failed(tmp_path, trained):
    store.keep(record_of(BAD), tmp_path)
    with pytest.raises(RuntimeError, match="1 of 1 runs failed"):
        launch.live("degradation", [BAD], root=tmp_path)


def test_one_failing_run_does_not_stop_the_others(tmp_path, trained, capsys):
    made = train(GOOD, BAD, replace(GOOD, seed=1), root=tmp_path)
    assert [record.seed for record in made] == [0, 1]
    assert f"{BAD.name} failed: ValueError: depth must be 6n + 2" in capsys.readouterr().out


def test_each_run_is_reported_with_its_errors(tmp_path, trained, capsys):
    train(GOOD, root=tmp_path)
    assert f"{GOOD.name}: train error 50, 1 s" in capsys.readouterr().out


def test_a_run_that_has_not_begun_when_time_is_up_never_begins(tmp_path, trained, capsys):
    assert train(GOOD, root=tmp_path, max_seconds=1e-9) == []
    assert trained == []
    line = f"{GOOD.name} stopped in time; run the same command again to go on."
    assert line in capsys.readouterr().out


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan")])
def test_a_time_limit_that_is_none_is_refused(tmp_path, seconds):
    with pytest.raises(ValueError, match="must be a positive number of minutes"):
        train(GOOD, root=tmp_path, max_seconds=seconds)


def test_ctrl_c_stops_all_runs(tmp_path, monkeypatch):
    begun = []

    def press(group, *_):
        begun.extend(group)
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "fit", press)
    with pytest.raises(KeyboardInterrupt):
        train(GOOD, replace(GOOD, seed=1), root=tmp_path)
    assert begun == [GOOD]


def test_a_folder_that_is_a_file_is_refused_before_anything_is_trained(tmp_path, trained):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(OSError, match="records cannot be kept in"):
        train(GOOD, root=tmp_path / "runs")
    assert trained == []


def test_a_folder_without_room_is_refused_before_anything_is_trained(
    tmp_path, trained, monkeypatch
):
    monkeypatch.setattr("resnet_course.launch.launching.LEAST_SPACE", 2**80)
    with pytest.raises(OSError, match="make room for 50 MiB"):
        train(GOOD, root=tmp_path)
    assert trained == []


def test_a_broken_record_in_the_way_is_named(tmp_path, trained):
    path = store.path_of(tmp_path, "degradation", GOOD)
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(RecordError, match="cannot be read as a record"):
        train(GOOD, root=tmp_path)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (8, "8 s"), (89, "89 s"), (90, "2 min"), (5400, "1.5 h"), (12_600, "3.5 h")],
)
def test_durations_are_in_words(seconds, words):
    assert launch.duration(seconds) == words


def test_a_cost_that_cannot_be_told_is_named_and_the_sum_is_a_lower_bound(monkeypatch, capsys):
    def seconds_of_runs(configs, *_):
        return {config: 60.0 for config in configs if build(config)}

    monkeypatch.setattr(cost, "seconds_of_runs", seconds_of_runs)
    report.say_cost(studies.get("degradation"), [BAD, GOOD], CPU, 1)
    out = capsys.readouterr().out
    assert "The cost of 21 layers cannot be told (ValueError: depth must be 6n + 2" in out
    assert out.endswith("2 runs, 1,024 training examples, at least 60 s on this CPU.\n")


class Lane:
    """A process that is killed whenever it runs BAD."""

    begun: ClassVar[list[RunConfig]] = []
    _processes: ClassVar[dict] = {}

    def submit(self, act, job) -> Future:
        future = Future()
        if job.configs == (BAD,):
            self.begun.append(BAD)
            future.set_exception(BrokenProcessPool("terminated abruptly"))
        else:
            future.set_result(act(job))
        return future

    def shutdown(self, **_options) -> None: ...


def test_a_run_whose_process_is_killed_each_time_is_reported_and_the_others_go_on(
    tmp_path, monkeypatch, trained, capsys
):
    monkeypatch.setattr(local, "_lane", Lane)
    made = train(GOOD, BAD, replace(GOOD, seed=1), root=tmp_path, parallel=2)
    assert [record.seed for record in made] == [0, 1]
    assert Lane.begun == [BAD] * local.TRIES
    assert f"{BAD.name} failed: BrokenProcessPool" in capsys.readouterr().out


def test_runs_that_wait_for_a_process_know_when_time_is_up(tmp_path, monkeypatch):
    begun = []

    def fit(group, _study, _runtime, options, *_):
        begun.extend(group)
        time.sleep(options.max_seconds + 0.01)
        return []

    class Thread1(ThreadPoolExecutor):
        _processes: ClassVar[dict] = {}

    monkeypatch.setattr(fitting, "fit", fit)
    monkeypatch.setattr(local, "_lane", lambda: Thread1(1))
    configs = [replace(GOOD, seed=seed) for seed in range(3)]
    assert train(*configs, root=tmp_path, parallel=2, max_seconds=0.5) == []
    assert len(begun) == 2


def test_runs_train_in_two_processes_and_one_that_fails_does_not_stop_the_others(tmp_path, capsys):
    configs = [GOOD, replace(GOOD, arch="plain", recipe=replace(TINY, momentum=-1.0)), BAD]
    made = train(*configs, root=tmp_path, parallel=2)
    assert [record.network for record in made] == ["residual-8"]
    assert "failed: ValueError: Invalid momentum" in capsys.readouterr().out


def kill_first_worker() -> None:
    """kill -9 the first process of this one to be at work: torch is in its memory."""
    while True:
        for worker in multiprocessing.active_children():
            pages = Path(f"/proc/{worker.pid}/statm").read_text().split()[1]
            if int(pages) * os.sysconf("SC_PAGE_SIZE") > 200e6:
                return os.kill(worker.pid, signal.SIGKILL)
        time.sleep(0.05)


in_linux = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="looks for the process to kill in Linux's /proc"
)


@pytest.mark.slow
@in_linux
def test_a_killed_process_loses_no_run_and_takes_no_other_with_it(tmp_path, capsys):
    killer = Thread(target=kill_first_worker, daemon=True)
    killer.start()
    longer = replace(TINY, iterations=60)
    configs = [replace(GOOD, seed=seed, recipe=longer) for seed in range(3)]
    made = train(*configs, root=tmp_path, parallel=2)
    assert not killer.is_alive()
    assert [record.seed for record in made] == [0, 1, 2]
    assert capsys.readouterr().out.count("was killed; it begins again") == 1
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 3


LONG_RUN = f"""
import sys
from pathlib import Path
from dataclasses import replace
from resnet_course import launch
from resnet_course.recipes import Recipe, RunConfig
from resnet_course.training.runtime import Runtime

if __name__ == "__main__":
    long = replace({GOOD!r}, recipe=replace({TINY!r}, iterations=100_000))
    options = launch.LaunchOptions(
        root=Path(sys.argv[1]), runtime=Runtime("cpu"), parallel=int(sys.argv[2])
    )
    from resnet_course.launch import report
    report.say_cost = lambda *_: print("begins", flush=True)
    launch.train("degradation", [long, replace(long, seed=1)], options)
"""


@pytest.fixture
def start(tmp_path):
    """Start long training in another process, as a script, and wait until it trains."""
    running = []

    def begin(parallel: int) -> subprocess.Popen:
        script = tmp_path / "script.py"
        script.write_text(LONG_RUN)
        command = [sys.executable, script, tmp_path / "out", str(parallel)]
        run = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        running.append(run)
        assert run.stdout.readline() == "begins\n"
        return run

    yield begin
    for run in running:
        run.kill()


def children(pid: int) -> list[int]:
    """Processes that a process has started."""
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


def gone_within(pids: list[int], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(map(lives, pids)):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
@in_linux
@pytest.mark.parametrize("parallel", [1, 2])
def test_sigterm_ends_training_with_status_143_and_leaves_no_orphan(start, parallel):
    run = start(parallel)
    time.sleep(8)  # into training, or into the start of the lanes: both must end
    offspring = children(run.pid)
    run.send_signal(signal.SIGTERM)
    assert run.wait(10) in (143, -signal.SIGTERM)
    assert gone_within(offspring, 5)


@pytest.mark.slow
@in_linux
def test_lanes_end_with_a_parent_that_is_killed(start):
    run = start(2)
    end = time.monotonic() + 60
    while len(children(run.pid)) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(3)
    offspring = children(run.pid)
    run.kill()
    assert gone_within(offspring, 30)
