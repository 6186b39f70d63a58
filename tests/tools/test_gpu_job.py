"""The GPU job: in order, within its time, past a failure, and not twice."""

import subprocess
from pathlib import Path

import pytest

from resnet_course import cli, lab, recipes
from tools import ROOT, gpu_job


@pytest.fixture
def job():
    return gpu_job


@pytest.fixture
def ran(job, monkeypatch, tmp_path) -> list[list[str]]:
    """The arguments of each command that would have run.

    The bench leaves its file, layer_responses fails.
    """
    seen = []

    def run(command, env, timeout):
        step = command[3:]
        seen.append(step)
        if step[0] == "bench":
            folder = Path(step[step.index("--out") + 1])
            folder.mkdir(parents=True)
            (folder / "a-gpu.json").write_text("{}")
        return subprocess.CompletedProcess(command, int(step[1] == "layer_responses"))

    monkeypatch.setattr(job.subprocess, "run", run)
    monkeypatch.chdir(tmp_path)
    return seen


def test_make_begins_it_with_the_python_that_is_there_and_asks_for_no_network():
    command = ["make", "--dry-run", "gpu"]
    planned = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert planned.split()[1:] == ["-m", "tools.gpu_job"]


def test_the_bench_comes_first_then_table_6_then_the_rest(job, ran):
    job.main([])
    assert [step[:2] for step in ran[:4]] == [
        ["bench", "--depths"],
        ["run", "degradation"],
        ["run", "degradation"],
        ["run", "layer_responses"],
    ]
    assert "--keep-weights" in ran[1]


def test_blocks_that_are_left_out_at_random_are_not_captured(job, ran):
    job.main([])
    of = {step[1]: step for step in ran}
    assert "--graph" in of["degradation"]
    assert "--graph" not in of["taming_depth"]


def test_one_failing_step_stops_no_other_and_is_told_by_the_exit_status(job, ran, capsys):
    assert job.main([]) == 1
    assert ran[-1][1] != "layer_responses"
    assert "1 steps are not done" in capsys.readouterr().out


def test_the_same_command_again_makes_no_second_bench(job, ran):
    job.main([])
    del ran[:]
    job.main([])
    assert [step[0] for step in ran] == ["run"] * len(ran)


def test_a_run_gets_the_minutes_that_are_left(job, ran):
    job.main(["--max-minutes", "30"])
    minutes = [float(step[step.index("--max-minutes") + 1]) for step in ran if step[0] == "run"]
    assert all(29 < left <= 30 for left in minutes)


def test_when_time_is_up_nothing_more_begins(job, ran, capsys):
    assert job.main(["--max-minutes", "0"]) == 1
    assert ran == []
    assert "Time is up; the same command goes on from here." in capsys.readouterr().out


def test_a_step_that_does_not_end_is_ended(job, monkeypatch, capsys):
    def never(command, env, timeout):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(job.subprocess, "run", never)
    assert not job.done(["bench"], 1.0)
    assert "did not end in time" in capsys.readouterr().out


def test_a_dry_run_says_the_commands_and_runs_none(job, ran, capsys):
    assert job.main(["--dry-run"]) == 0
    assert ran == []
    assert (
        "$ resnet-course run degradation --seeds 0 --parallel 2 --keep-weights --graph --tier paper"
        in capsys.readouterr().out
    )


def test_every_step_is_a_command_that_the_course_has(job):
    for arguments in ([], ["--tier", "live", "--device", "cpu"]):
        for step in job.steps(job.parser().parse_args(arguments)):
            options = cli.parser().parse_args(step)
            assert options.act in (cli.act_bench, cli.act_run)


def test_every_step_has_runs_at_the_full_recipe(job):
    studies = {step[1] for step in job.steps(job.parser().parse_args([])) if step[0] == "run"}
    assert {"degradation", "layer_responses", "preactivation", "block_anatomy"} <= studies
    assert all(lab.study(study).configs(recipes.paper(), (0,)) for study in studies)
