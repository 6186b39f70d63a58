"""Two processes share each batch of a run: the same run as by one, and resumable when one of them is killed."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from resnet_course import launch, studies
from resnet_course.recipes import Recipe, RunConfig
from resnet_course.records import Record, store
from resnet_course.training import engine
from resnet_course.training import fit as fitting
from resnet_course.training.runtime import Runtime

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/environ").exists(), reason="finds its processes in Linux's /proc"
    ),
]
# Without batch norm, which each process would do by its own half, a shared run is the same run but for rounding.
RECIPE = Recipe("live", iterations=33, data="embedded", width=4, train_images=1000, lr=0.01)
LONG = RunConfig("residual", 8, 0, RECIPE, variant="no-normalisation")
SHORT = RunConfig("plain", 8, 0, replace(RECIPE, iterations=9), variant="no-normalisation")
TOLERANCE = 1e-3  # relative, of losses; absolute, of weights, which are kept in half precision
SCRIPT = f"""
import sys
from pathlib import Path
from resnet_course import launch
from resnet_course.recipes import Recipe, RunConfig
from resnet_course.training import callbacks
from resnet_course.training.runtime import Runtime

callbacks.SAVE_EVERY = -1  # a state at the end of each epoch
launch.silence_other_ranks(2)
options = launch.LaunchOptions(
    root=Path(sys.argv[1]), runtime=Runtime("cpu", devices=2), keep_weights=True
)
launch.train("degradation", [{LONG}, {SHORT}], options)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    (folder / "script.py").write_text(SCRIPT)
    return folder


def start(folder: Path, out: str) -> subprocess.Popen:
    command = [sys.executable, folder / "script.py", folder / out]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def read(root: Path, config: RunConfig) -> tuple[Record, dict[str, torch.Tensor]]:
    weights = load_file(store.weights_path(root, "degradation", config))
    return store.read(store.path_of(root, "degradation", config)), weights


@pytest.fixture(scope="module")
def by_two(folder) -> str:
    """What two processes print that train two runs, one after the other."""
    run = start(folder, "two")
    printed, _ = run.communicate(timeout=600)
    assert run.returncode == 0, printed
    return printed


@pytest.mark.parametrize("config", [LONG, SHORT], ids=lambda config: config.name)
def test_two_processes_end_where_one_does(config, folder, by_two):
    options = fitting.FitOptions(folder / "one", keep_weights=True, progress=False)
    fitting.fit([config], "degradation", Runtime("cpu"), options)
    (one, weights_of_one), (two, weights_of_two) = (
        read(folder / out, config) for out in ("one", "two")
    )
    assert two.curves["iteration"] == one.curves["iteration"]
    assert two.curves["train_loss"] == pytest.approx(one.curves["train_loss"], rel=TOLERANCE)
    for name, tensor in weights_of_one.items():
        torch.testing.assert_close(weights_of_two[name], tensor, rtol=0, atol=TOLERANCE)
    assert (one.provenance.processes, two.provenance.processes) == (1, 2)


def test_one_process_speaks_and_writes_for_both(folder, by_two):
    assert by_two.count("runs, ") == by_two.count(f"{LONG.name}: train error") == 1
    assert (
        len([p for p in (folder / "two").rglob("*") if p.is_file()]) == 4
    )  # two records, two files of weights


def other_process(first: int) -> int:
    """The process that the first one started to share its records."""
    for child in Path(f"/proc/{first}/task/{first}/children").read_text().split():
        if b"LOCAL_RANK=1" in Path(f"/proc/{child}/environ").read_bytes().split(b"\0"):
            return int(child)
    raise AssertionError("there is no second process")


def test_a_killed_process_ends_the_run_resumable(folder, by_two):
    run = start(folder, "killed")
    while not list((folder / "killed").rglob("*.ckpt")):  # until the first state is saved
        assert run.poll() is None, run.communicate()
        time.sleep(0.02)
    os.kill(other_process(run.pid), signal.SIGKILL)
    printed, _ = run.communicate(timeout=300)
    assert run.returncode != 0
    (state,) = [p for p in (folder / "killed").rglob("*") if p.is_file() and p.suffix == ".ckpt"]
    assert fitting.readable_state(state) == state, printed
    again = start(folder, "killed")
    printed, _ = again.communicate(timeout=600)
    assert again.returncode == 0, printed
    for config in (LONG, SHORT):
        (whole, weights), (resumed, others) = (
            read(folder / out, config) for out in ("two", "killed")
        )
        assert (resumed.curves, resumed.final) == (whole.curves, whole.final)
        assert all(torch.equal(others[name], weights[name]) for name in weights)


def test_a_batch_that_cannot_be_shared_equally_is_refused(tmp_path):
    options = fitting.FitOptions(tmp_path)
    with pytest.raises(ValueError, match="3 processes cannot share a batch of 128 equally"):
        fitting.fit([LONG], "degradation", Runtime("cpu", devices=3), options)


def test_a_graph_of_several_devices_is_refused():
    with pytest.raises(ValueError, match="captured as a graph on one GPU only"):
        Runtime("cpu", graph=True, devices=2)


def test_a_study_that_measures_by_itself_is_not_shared(tmp_path):
    options = launch.LaunchOptions(tmp_path, Runtime("cpu", devices=2))
    runs = studies.get("residual_block").runs_at("live")
    with pytest.raises(ValueError, match="leave out --devices and --nodes"):
        launch.train("residual_block", runs, options)


def test_averaging_is_over_processes_and_keeps_shapes(monkeypatch):
    monkeypatch.setattr(engine.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(
        engine.distributed, "all_reduce", lambda flat: flat.add_(torch.full_like(flat, 2.0))
    )
    tensors = [torch.zeros(2, 3, 2, 2).to(memory_format=torch.channels_last), torch.full((5,), 2.0)]
    engine.average(tensors)
    assert [t.shape for t in tensors] == [(2, 3, 2, 2), (5,)]
    assert [t.unique().tolist() for t in tensors] == [[1.0], [2.0]]
