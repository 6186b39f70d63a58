"""Runs as tasks of Ray: a killed worker loses and doubles nothing, one failure stops no other, nobody is told."""

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from resnet_course import cli, cluster, lab, recipes
from resnet_course.recipes import Config

TOY = replace(recipes.live(), iterations=40)
GRID = [Config("residual", 8, seed, TOY) for seed in range(3)]
BAD = Config("plain", 2, 0, replace(TOY, momentum=-1.0))


def workers(task: str) -> list[int]:
    """Processes that run a task of Ray: it renames them."""
    return [int(p.parent.name) for p in Path("/proc").glob("[0-9]*/cmdline") if is_called(p, f"ray::{task}")]


def is_called(cmdline: Path, name: str) -> bool:
    try:
        return cmdline.read_bytes().startswith(name.encode())
    except OSError:  # it has ended
        return False


def kill_worker_of(task: str) -> None:
    while not (found := workers(task)):
        time.sleep(0.02)
    os.kill(found[0], signal.SIGKILL)


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """The records of a grid on two workers, one of which was killed, what was said, and where the records lie."""
    pytest.importorskip("ray", reason="Ray is not installed")
    root, capture = tmp_path_factory.mktemp("ray"), pytest.MonkeyPatch()
    said = []
    capture.setattr("builtins.print", lambda *words, **_: said.append(" ".join(map(str, words))))
    killer = Thread(target=kill_worker_of, args=(GRID[0].name,), daemon=True)
    killer.start()
    records = lab.train("residual_block", [*GRID, BAD], root, parallel=2, device="cpu", on="ray")
    capture.undo()
    assert not killer.is_alive(), "no worker was killed"
    return records, said, root


@pytest.mark.slow
def test_a_killed_worker_loses_no_record_and_doubles_none(grid):
    records, said, root = grid
    assert [r.seed for r in records] == [0, 1, 2]
    files = sorted(p.name for p in root.rglob("*") if p.is_file())
    assert files == [f"{config.name}.json" for config in GRID]
    assert [sum(line.startswith(f"{c.name}: copy error") for line in said) for c in GRID] == [1, 1, 1]


@pytest.mark.slow
def test_a_run_on_ray_is_the_run_it_is_here(grid, tmp_path):
    (here,) = lab.train("residual_block", GRID[:1], tmp_path, device="cpu")
    assert (grid[0][0].config, grid[0][0].curves, grid[0][0].final) == (here.config, here.curves, here.final)


@pytest.mark.slow
def test_a_run_that_fails_on_ray_is_reported_and_stops_no_other(grid):
    (line,) = [line for line in grid[1] if line.startswith("plain-2-s0")]
    assert line == "plain-2-s0 failed: ValueError: Invalid momentum value: -1.0"


@pytest.mark.slow
def test_ray_tells_nobody_what_runs(grid):
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_a_machine_without_ray_is_told_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    asked = ["run", "residual_block", "--tier", "live", "--depths", "2", "--out", str(tmp_path), "--on", "ray"]
    assert cli.main(asked) == 1
    assert "Ray is not installed; `pip install 'resnet-course[cluster]'` brings it" in capsys.readouterr().err


def test_a_record_made_elsewhere_is_written_here(tmp_path, monkeypatch):
    (made,) = lab.train("residual_block", GRID[:1], tmp_path / "elsewhere", device="cpu")
    monkeypatch.setattr(cluster, "run", lambda jobs, *_, **__: ((name, lambda: [made]) for name in jobs))
    assert lab.train("residual_block", GRID[:1], tmp_path / "here", on="ray") == [made]
    assert len(list((tmp_path / "here").rglob("*.json"))) == 1
