"""What a hosted notebook does when its machine is taken away: records on a mounted drive outlive it."""

import os
import re
import subprocess
import sys
import time

import pytest

RUN = [
    "run",
    "degradation",
    "--tier",
    "laptop",
    "--nets",
    "plain",
    "--depths",
    "8",
    "--parallel",
    "1",
]


@pytest.mark.slow
def test_a_run_whose_machine_is_taken_away_goes_on_on_the_next_from_the_mounted_drive(tmp_path):
    drive = tmp_path / "drive" / "MyDrive" / "resnet-course"

    def on_a_new_machine(name: str, first: str = "pass") -> subprocess.Popen:
        (machine := tmp_path / name).mkdir()
        code = f"from resnet_course import cli, training; {first}; raise SystemExit(cli.main())"
        variables = os.environ | {
            "RESNET_COURSE_RUNS": str(drive),
            "HOME": str(machine),
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, "-c", code, *RUN, "--device", "cpu"]
        return subprocess.Popen(
            command, cwd=machine, env=variables, stderr=subprocess.PIPE, text=True
        )

    taken_away = on_a_new_machine(
        "first", "training.SAVE_EVERY = -1"
    )  # a state an epoch, not one in 30 seconds
    while taken_away.poll() is None and not list(drive.rglob("*.ckpt")):
        time.sleep(0.05)
    taken_away.kill()
    taken_away.communicate()
    assert not list(drive.rglob("*.json"))
    (state,) = drive.rglob("*.ckpt")

    _, said = (finishing := on_a_new_machine("second")).communicate()
    assert finishing.returncode == 0, said
    assert int(re.search(r"\| (\d+)/390", said)[1]) > 0, (
        "the bar begins where the first machine was taken away"
    )
    assert not state.exists()
    assert [path.name for path in drive.rglob("*.json")] == ["plain-8-s0.json"]
    assert not list(tmp_path.glob("*/runs")), "nothing was kept on the machines"
