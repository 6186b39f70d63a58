"""The command line says what there is; a fault is one sentence and an exit status, never a traceback."""

import csv
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_course import cli, costs, lab, runs, training


@pytest.fixture
def asked(monkeypatch) -> dict:
    """What `run` hands to lab.train, which here records everything at once."""
    seen = {}

    def train(name, chosen, **options):
        seen.update(options, study=name, chosen=chosen)
        return chosen

    monkeypatch.setattr(lab, "train", train)
    return seen


@pytest.fixture
def no_data(tmp_path, monkeypatch) -> Path:
    monkeypatch.delenv("RESNET_COURSE_DATA", raising=False)
    monkeypatch.setenv("RESNET_COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def complaint(capsys, *arguments: str) -> str:
    """The one sentence on stderr of a command that exits with 1."""
    assert cli.main(list(arguments)) == 1
    err = capsys.readouterr().err
    assert err.startswith("resnet-course: ")
    assert err.count("\n") == 1
    return err


def test_help_lists_the_commands_and_needs_no_torch():
    code = (
        "import sys; from resnet_course import cli\n"
        "try: cli.main(['--help'])\n"
        "finally: print('heavy:', *{'torch', 'lightning', 'torchvision', 'matplotlib', 'numpy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0
    assert all(command in run.stdout for command in ("data", "run", "estimate", "models", "bench", "report"))
    assert run.stdout.rstrip().endswith("heavy:")


def test_the_command_is_installed():
    run = subprocess.run(
        [Path(sys.executable).with_name("resnet-course"), "run", "--help"], capture_output=True, text=True
    )
    assert run.returncode == 0
    assert "degradation" in run.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["run"],
        ["run", "degradation", "--tier", "huge"],
        ["run", "degradation", "--depths", "deep"],
        ["data", "lose"],
    ],
    ids=" ".join,
)
def test_arguments_that_make_no_sense_exit_with_2_and_say_how_it_is_used(capsys, arguments):
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("usage: resnet-course")


def test_an_unknown_study_is_refused_with_those_there_are(capsys):
    assert "study must be one of block_anatomy" in complaint(capsys, "run", "alchemy")


def test_a_depth_that_is_not_in_the_study_is_answered_with_those_that_are(capsys):
    sentence = complaint(capsys, "run", "degradation", "--depths", "21")
    assert "nothing left to run; degradation at laptop has " in sentence
    assert "plain 56" in sentence


def test_offered_runs_are_in_order_of_depth(capsys):
    sentence = complaint(capsys, "run", "degradation", "--depths", "21")
    assert sentence.index("plain 8") < sentence.index("plain 110")


def test_a_net_that_is_not_in_the_study_is_answered_with_those_that_are(capsys):
    assert "has plain 8, " in complaint(capsys, "estimate", "degradation", "--nets", "dense")


def test_a_gpu_asked_for_in_vain_is_one_sentence(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(training.torch.cuda, "is_available", lambda: False)
    sentence = complaint(capsys, "run", "degradation", "--device", "cuda", "--out", str(tmp_path))
    assert "PyTorch sees no GPU here" in sentence


def test_a_broken_record_in_the_way_is_one_sentence(capsys, monkeypatch, tmp_path):
    path = runs.path_of(tmp_path, "degradation", "live", "plain-8-s0")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    sentence = complaint(
        capsys, "run", "degradation", "--tier", "live", "--depths", "8", "--nets", "plain", "--out", str(tmp_path)
    )
    assert "is not a whole record" in sentence


def test_a_run_that_failed_is_told_by_the_exit_status(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(lab, "train", lambda name, chosen, **_: chosen[1:])
    assert "1 of 10 runs have no record" in complaint(capsys, "run", "degradation", "--out", str(tmp_path))


def test_ctrl_c_is_one_sentence_and_the_usual_status(capsys, monkeypatch):
    def press(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(lab, "train", press)
    assert cli.main(["run", "degradation"]) == 130
    assert capsys.readouterr().err == "resnet-course: interrupted; run the same command again to go on\n"


def test_run_begins_with_the_studys_question(capsys, asked):
    assert cli.main(["run", "degradation"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == lab.study("degradation").QUESTION


def test_run_trains_the_nets_depths_and_seeds_asked_for(asked):
    cli.main(["run", "degradation", "--seeds", "0", "2", "--nets", "plain", "--depths", "8", "20"])
    assert [(c.net, c.depth, c.seed) for c in asked["chosen"]] == [
        ("plain", 8, 0),
        ("plain", 20, 0),
        ("plain", 8, 2),
        ("plain", 20, 2),
    ]


def test_run_hands_its_options_on(asked, tmp_path):
    arguments = [
        "run",
        "degradation",
        "--out",
        str(tmp_path),
        "--parallel",
        "3",
        "--max-minutes",
        "2",
        "--keep-weights",
    ]
    cli.main([*arguments, "--device", "cpu"])
    assert asked["root"] == tmp_path
    assert (asked["parallel"], asked["max_seconds"], asked["keep_weights"]) == (3, 120, True)
    assert (asked["device"], asked["graph"]) == ("cpu", False)


def test_run_has_no_time_limit_of_its_own(asked):
    cli.main(["run", "degradation"])
    assert asked["max_seconds"] == math.inf


def test_a_record_will_name_the_command_that_made_it(asked):
    cli.main(["run", "degradation", "--out", "a folder"])
    assert asked["command"] == "resnet-course run degradation --out 'a folder'"


def test_estimate_of_one_depth_needs_no_study(capsys):
    assert cli.main(["estimate", "--depth", "8", "--device", "cpu", "--checkpoint-blocks", "1"]) == 0
    said = capsys.readouterr().out
    assert "residual-8-s0 takes about" in said
    assert "1 runs" in said


def test_estimate_says_the_cost_and_trains_nothing(capsys, monkeypatch, asked):
    monkeypatch.setattr(costs, "estimate", lambda configs, *_, **__: dict.fromkeys(configs, 6.0))
    assert cli.main(["estimate", "degradation", "--device", "cpu"]) == 0
    assert "10 runs, 499,200 training examples, about 60 s on this CPU." in capsys.readouterr().out
    assert not asked


def test_models_prints_exact_counts_beside_the_papers(capsys):
    assert cli.main(["models"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("CIFAR ResNet-1202"))
    assert "19,421,274" in row
    assert row.endswith("19.4M parameters")


@pytest.fixture
def one_seed(tmp_path) -> Path:
    """A folder with one run of one seed: its spread over seeds is nan."""
    (record,) = runs.load("degradation", "laptop", net="plain", depth=20, seed=0)
    runs.write(record, runs.path_of(tmp_path, "degradation", "laptop", "plain-20-s0"))
    return tmp_path


def test_a_report_of_one_seed_is_json_that_any_reader_accepts(capsys, one_seed):
    assert cli.main(["report", "degradation", "--source", str(one_seed), "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (row["net"], row["depth"], row["seeds"], row["test_error_std"]) == ("plain", 20, 1, None)


def test_a_report_in_csv_has_a_header_and_a_row_for_each_net(capsys, one_seed):
    cli.main(["report", "degradation", "--source", str(one_seed), "--format", "csv"])
    (row,) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert (row["net"], row["depth"], row["seeds"]) == ("plain", "20", "1")


def test_a_report_ends_with_where_its_runs_come_from(capsys):
    cli.main(["report", "degradation"])
    records = runs.load("degradation", "laptop")
    assert capsys.readouterr().out.splitlines()[-1] == runs.provenance_line(records)


def test_a_report_of_what_was_not_recorded_says_how_to_make_it(capsys, tmp_path):
    sentence = complaint(capsys, "report", "degradation", "--source", str(tmp_path))
    assert "no recorded run of degradation laptop; make it with `resnet-course run degradation`" in sentence


@pytest.mark.parametrize("verb", ["where", "verify"])
def test_data_that_is_not_here_yet_says_how_to_fetch_it(capsys, no_data, verb):
    assert complaint(capsys, "data", verb) == (
        "resnet-course: CIFAR-10 is not here yet; run `resnet-course data fetch`\n"
    )


def test_a_named_folder_without_data_is_one_sentence(capsys, no_data, monkeypatch):
    monkeypatch.setenv("RESNET_COURSE_DATA", str(no_data))
    assert "holds no CIFAR-10" in complaint(capsys, "data", "where")
