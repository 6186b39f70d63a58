"""Runs as tasks of Ray: a killed worker loses and doubles nothing, one failure stops no other."""

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from resnet_course import cli, launch
from resnet_course.launch import LaunchOptions
from resnet_course.launch import ray as on_ray
from resnet_course.launch.jobs import Ended
from resnet_course.recipes import Recipe, RunConfig
from resnet_course.training.runtime import Runtime

TINY = Recipe("live", iterations=60, data="embedded", width=4, train_images=300, batch_size=64)
GRID = [RunConfig("residual", 8, seed, TINY) for seed in range(3)]
BAD = RunConfig("plain", 8, 0, replace(TINY, momentum=-1.0))
CPU = Runtime("cpu")


def workers(task: str) -> list[int]:
    """Processes that run a task of Ray: it renames them."""
    paths = Path("/proc").glob("[0-9]*/cmdline")
    return [int(path.parent.name) for path in paths if is_called(path, f"ray::{task}")]


def is_called(cmdline: Path, name: str) -> bool:
    try:
        return cmdline.read_bytes().startswith(name.encode())
    except OSError:  # it has ended
        return False


def kill_worker_of(task: str) -> None:
    while not (pids := workers(task)):
        time.sleep(0.02)
    os.kill(pids[0], signal.SIGKILL)


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """Records of a grid on two workers, one of which was killed, what was printed, and where."""
    pytest.importorskip("ray", reason="Ray is not installed")
    root, printed = tmp_path_factory.mktemp("ray"), []

    def remember(*words, **_):
        printed.append(" ".join(map(str, words)))

    killer = Thread(target=kill_worker_of, args=(GRID[0].name,), daemon=True)
    killer.start()
    options = LaunchOptions(root, CPU, parallel=2, on="ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", remember)
        records = launch.train("degradation", [*GRID, BAD], options)
    assert not killer.is_alive(), "no worker was killed"
    return records, printed, root


@pytest.mark.slow
def test_a_killed_worker_loses_no_record_and_doubles_none(grid):
    records, printed, root = grid
    assert [record.seed for record in records] == [0, 1, 2]
    files = sorted(p.name for p in root.rglob("*") if p.is_file())
    assert files == [f"{config.name}.json" for config in GRID]
    for config in GRID:
        assert sum(line.startswith(f"{config.name}: train error") for line in printed) == 1


@pytest.mark.slow
def test_a_run_on_ray_is_the_run_it_is_here(grid, tmp_path):
    (here,) = launch.train("degradation", GRID[:1], LaunchOptions(tmp_path, CPU))
    there = grid[0][0]
    assert (there.config, there.curves, there.final) == (here.config, here.curves, here.final)


@pytest.mark.slow
def test_a_run_that_fails_on_ray_is_reported_and_stops_no_other(grid):
    (line,) = [line for line in grid[1] if line.startswith(BAD.name)]
    assert line == f"{BAD.name} failed: ValueError: Invalid momentum value: -1.0"


@pytest.mark.slow
def test_ray_tells_nobody_what_runs(grid):
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_a_machine_without_ray_is_told_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    asked = ["run", "degradation", "--tier", "live", "--depths", "8", "--on", "ray"]
    assert cli.main([*asked, "--out", str(tmp_path)]) == 1
    words = "Ray is not installed; `pip install 'resnet-course[cluster]'` brings it"
    assert words in capsys.readouterr().err


def test_precision_is_not_timed_for_another_machine(tmp_path):
    options = LaunchOptions(tmp_path, Runtime("cpu", "auto"), on="ray")
    with pytest.raises(ValueError, match="name one for a cluster"):
        launch.train("degradation", GRID, options)


def test_a_record_made_elsewhere_is_written_here(tmp_path, monkeypatch):
    (made,) = launch.train("degradation", GRID[:1], LaunchOptions(tmp_path / "there", CPU))

    jobs = {}

    class Task:
        """A task of a Ray that answers at once."""

        def options(self, **_):
            return self

        def remote(self, job):
            jobs[job.name] = Ended(job, [made])
            return job.name

    import ray

    monkeypatch.setattr(on_ray.OnRay, "_connect", lambda _: None)
    monkeypatch.setattr(ray, "remote", lambda **_: lambda _: Task())
    monkeypatch.setattr(ray, "wait", lambda names: (names[:1], names[1:]))
    monkeypatch.setattr(ray, "get", jobs.get)
    options = LaunchOptions(tmp_path / "here", CPU, on="ray")
    assert launch.train("degradation", GRID[:1], options) == [made]
    assert len(list((tmp_path / "here").rglob("*.json"))) == 1
