"""The GPU job: in order, within its time, past a failure, resumable; rehearsed on a CPU."""

import subprocess
from pathlib import Path

import pytest

from resnet_course import cli, records, studies
from tools import gpu_job

PAPER = gpu_job.Rehearsal()


@pytest.fixture
def ran(monkeypatch, tmp_path) -> list[list[str]]:
    """The commands that would have run; layer_responses fails."""
    seen = []

    def run(command, env, timeout, cwd):
        seen.append(command)
        return subprocess.CompletedProcess(command, int("layer_responses" in command))

    monkeypatch.setattr(gpu_job.subprocess, "run", run)
    monkeypatch.chdir(tmp_path)
    return seen


def test_tests_come_first_then_the_whole_path_then_the_bench(ran):
    gpu_job.main([])
    assert "pytest" in ran[0]
    assert "degradation" in ran[1]
    assert "bench" in ran[2]


def test_a_step_that_fails_stops_no_other_and_is_told_by_the_exit_status(ran, capsys):
    assert gpu_job.main([]) == 1
    assert len(ran) == len(gpu_job.STEPS)
    assert "Not done: layer responses" in capsys.readouterr().out


def test_a_step_that_does_not_fit_is_skipped_and_said_and_a_shorter_one_is_tried(ran, capsys):
    assert gpu_job.main(["--max-minutes", "3"]) == 1
    assert not any("taming_depth" in command for command in ran)
    printed = capsys.readouterr().out
    assert printed.count("Skipped: ") == len(gpu_job.STEPS) - len(ran)
    assert len(ran) > 2


def test_nothing_runs_in_a_dry_run(ran):
    assert gpu_job.main(["--dry-run"]) == 0
    assert ran == []


def test_half_an_hour_is_enough_for_what_the_book_quotes_today():
    through = [step.name for step in gpu_job.STEPS].index(
        "layer responses, five epochs, three seeds"
    )
    minutes = sum(step.minutes for step in gpu_job.STEPS[: through + 1])
    assert minutes <= 28


@pytest.mark.parametrize("step", gpu_job.STEPS, ids=lambda step: step.name)
def test_every_step_is_a_command_that_the_course_has(step):
    if step.is_test:
        assert (gpu_job.ROOT / step.words[0]).exists()
        return
    words = gpu_job.words_of(step, PAPER, Path("out"), 10.0)[3:]
    options = cli.parser().parse_args(words)
    if words[0] == "run":
        assert cli.chosen_configs(studies.get(options.study), options)


def test_graphs_are_asked_for_on_a_gpu_only():
    step = gpu_job.STEPS[1]
    assert "--graph" in gpu_job.words_of(step, PAPER, Path("out"), 10.0)
    on_cpu = gpu_job.words_of(step, gpu_job.Rehearsal("live", "cpu"), Path("out"), 10.0)
    assert "--graph" not in on_cpu


@pytest.mark.slow
def test_the_rehearsal_leaves_records_and_benches(monkeypatch, tmp_path):
    kept = ("degradation, live: the whole path", "bench of 20 layers")
    steps = [step for step in gpu_job.STEPS if step.name in kept]
    monkeypatch.setattr(gpu_job, "STEPS", steps)
    assert gpu_job.main(["--tier", "live", "--device", "cpu", "--out", str(tmp_path)]) == 0
    assert records.load("degradation", "live", tmp_path)
    assert list((tmp_path / "bench").glob("*.json"))
