"""The command line: a fault is one sentence and an exit status, never a traceback."""

import csv
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from resnet_course import cli, launch, records, studies
from resnet_course.launch import LaunchOptions
from resnet_course.records import store
from resnet_course.training import cost


@pytest.fixture
def asked(monkeypatch) -> dict:
    """What `run` hands to launch.train, which here records everything at once."""
    seen = {}

    def train(slug, chosen, options):
        seen.update(slug=slug, chosen=chosen, options=options)
        return chosen

    monkeypatch.setattr(launch, "train", train)
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


def test_help_lists_the_commands_and_needs_no_heavy_library():
    heavy = {"torch", "lightning", "torchvision", "matplotlib", "numpy", "pandas", "scipy"}
    code = (
        "import sys; from resnet_course import cli\n"
        "try: cli.main(['--help'])\n"
        f"finally: print('heavy:', *{heavy} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0
    for command in ("data", "run", "probe", "estimate", "models", "bench", "report", "records"):
        assert command in run.stdout
    assert run.stdout.rstrip().endswith("heavy:")


def test_the_command_is_installed():
    program = Path(sys.executable).with_name("resnet-course")
    run = subprocess.run([program, "run", "--help"], capture_output=True, text=True)
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
        ["run", "degradation", "--devices", "0"],
        ["run", "degradation", "--parallel", "-1"],
        ["bench", "--seconds", "inf"],
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
    assert "study must be one of " in complaint(capsys, "run", "alchemy")


def test_a_depth_that_is_not_in_the_study_is_answered_with_those_that_are(capsys):
    sentence = complaint(capsys, "run", "degradation", "--depths", "8", "999")
    assert "no such depth: 999; degradation at laptop has " in sentence
    assert sentence.index("plain 8") < sentence.index("plain 110")


@pytest.mark.parametrize("flag", ["--archs", "--nets"])
def test_an_architecture_that_is_not_in_the_study_is_answered_too(capsys, flag):
    assert "has plain 8, " in complaint(capsys, "estimate", "degradation", flag, "dense")


def test_a_gpu_asked_for_in_vain_is_one_sentence(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    sentence = complaint(capsys, "run", "degradation", "--device", "cuda", "--out", str(tmp_path))
    assert "PyTorch sees no GPU here" in sentence


def test_a_graph_on_a_cpu_is_one_sentence(capsys, tmp_path):
    asked = ["run", "degradation", "--device", "cpu", "--graph", "--out", str(tmp_path)]
    assert "captured as a graph on a GPU only" in complaint(capsys, *asked)


def test_a_broken_record_in_the_way_is_one_sentence(capsys, tmp_path):
    config = studies.get("degradation").runs_at("live")[0]
    path = store.path_of(tmp_path, "degradation", config)
    path.parent.mkdir(parents=True)
    path.write_text("{")
    asked = ["run", "degradation", "--tier", "live", "--depths", "8", "--archs", "plain"]
    assert "cannot be read as a record" in complaint(capsys, *asked, "--out", str(tmp_path))


def test_a_run_that_failed_is_told_by_the_exit_status(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(launch, "train", lambda slug, chosen, options: chosen[1:])
    sentence = complaint(capsys, "run", "degradation", "--out", str(tmp_path))
    assert "1 of 10 runs have no record" in sentence


def test_ctrl_c_is_one_sentence_and_the_usual_status(capsys, monkeypatch):
    def press(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "train", press)
    assert cli.main(["run", "degradation"]) == 130
    words = "resnet-course: interrupted; run the same command again to go on\n"
    assert capsys.readouterr().err == words


def test_run_begins_with_the_studys_question(capsys, asked):
    assert cli.main(["run", "degradation"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == studies.get("degradation").question


def test_run_trains_the_architectures_depths_and_seeds_asked_for(asked):
    words = ["--seeds", "0", "2", "--archs", "plain", "--depths", "8", "20"]
    cli.main(["run", "degradation", *words])
    chosen = [(c.arch, c.depth, c.seed) for c in asked["chosen"]]
    assert chosen == [("plain", 8, 0), ("plain", 20, 0), ("plain", 8, 2), ("plain", 20, 2)]


def test_run_trains_the_variants_asked_for(asked):
    cli.main(["run", "thousand_layers", "--depths", "20", "--variants", "none", "head-bn"])
    assert [c.variant for c in asked["chosen"]] == ["", "head-bn"]


def test_run_hands_its_options_on(asked, tmp_path):
    words = ["--out", str(tmp_path), "--parallel", "3", "--max-minutes", "2", "--keep-weights"]
    cli.main(["run", "degradation", *words, "--device", "cpu", "--precision", "bf16"])
    options: LaunchOptions = asked["options"]
    assert options.root == tmp_path
    assert (options.parallel, options.max_seconds, options.keep_weights) == (3, 120, True)
    assert (options.runtime.device, options.runtime.precision) == ("cpu", "bf16")


def test_run_has_no_time_limit_of_its_own(asked):
    cli.main(["run", "degradation"])
    assert asked["options"].max_seconds == math.inf


def test_a_record_will_name_the_command_that_made_it(asked):
    cli.main(["run", "degradation", "--out", "a folder"])
    assert asked["options"].command == "resnet-course run degradation --out 'a folder'"


@pytest.mark.parametrize("precision", ["bf16", "fp16", "auto"])
def test_sixteen_bits_run_from_the_command_line_through_lightning(tmp_path, capsys, precision):
    words = ["--tier", "live", "--depths", "8", "--archs", "plain", "--device", "cpu"]
    words += ["--precision", precision, "--out", str(tmp_path), "--keep-weights"]
    assert cli.main(["run", "degradation", *words]) == 0
    (record,) = records.load("degradation", "live", tmp_path)
    assert record.provenance.precision in (precision, "fp32", "bf16")
    assert record.final["train_error"] < 80  # guessing has 90


def test_estimate_of_one_depth_needs_no_study(capsys):
    words = ["--depth", "8", "--device", "cpu", "--checkpoint-blocks", "1"]
    assert cli.main(["estimate", *words]) == 0
    printed = capsys.readouterr().out
    assert "residual-8-s0 takes about" in printed
    assert "1 run, " in printed


def test_estimate_says_the_cost_and_trains_nothing(capsys, monkeypatch, asked):
    monkeypatch.setattr(cost, "seconds_of_runs", lambda configs, *_: dict.fromkeys(configs, 6.0))
    assert cli.main(["estimate", "degradation", "--device", "cpu"]) == 0
    words = "10 runs, 499,200 training examples, about 60 s on this CPU."
    assert words in capsys.readouterr().out
    assert not asked


def test_models_prints_exact_counts_beside_the_papers(capsys):
    assert cli.main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if line.startswith("CIFAR ResNet-1202"))
    assert "19,421,274" in row
    assert row.endswith("19.4M parameters")


@pytest.fixture
def one_seed(tmp_path) -> Path:
    """A folder with one run of one seed: its spread over seeds is nan."""
    (record,) = records.load("degradation", "laptop", arch="plain", depth=20, seed=0)
    store.keep(record, tmp_path)
    return tmp_path


def test_a_report_of_one_seed_is_json_that_any_reader_accepts(capsys, one_seed):
    words = ["--source", str(one_seed), "--format", "json"]
    assert cli.main(["report", "degradation", *words]) == 0
    (row,) = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (row["arch"], row["depth"], row["seeds"]) == ("plain", 20, 1)
    assert row["test_error_std"] is None


def test_a_report_in_csv_has_a_header_and_a_row_for_each_network(capsys, one_seed):
    cli.main(["report", "degradation", "--source", str(one_seed), "--format", "csv"])
    (row,) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert (row["arch"], row["depth"], row["seeds"]) == ("plain", "20", "1")


def test_a_report_ends_with_where_its_runs_come_from(capsys):
    cli.main(["report", "degradation"])
    line = records.provenance_line(records.load("degradation", "laptop"))
    assert capsys.readouterr().out.splitlines()[-1] == line


def test_a_report_of_what_was_not_recorded_says_how_to_make_it(capsys, tmp_path):
    sentence = complaint(capsys, "report", "degradation", "--source", str(tmp_path))
    words = "no recorded run of degradation laptop; make it with `resnet-course run degradation`"
    assert words in sentence


def test_records_are_taken_by_a_command(capsys, one_seed, tmp_path):
    assert cli.main(["records", "add", str(one_seed), "--into", str(tmp_path / "own")]) == 0
    assert capsys.readouterr().out == "1 record added, 0 there already\n"


def test_records_can_be_checked_without_taking_them(capsys, one_seed):
    assert cli.main(["records", "check", str(one_seed)]) == 0
    assert capsys.readouterr().out == "1 record, all whole\n"


def test_a_record_is_run_again_and_compared(capsys, tmp_path):
    words = ["--tier", "live", "--depths", "8", "--archs", "plain", "--device", "cpu"]
    cli.main(["run", "degradation", *words, "--out", str(tmp_path)])
    (path,) = tmp_path.rglob("*.json")
    assert cli.main(["reproduce", str(path)]) == 0
    assert "equal to the last digit" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["where", "verify"])
def test_data_that_is_not_here_yet_says_how_to_fetch_it(capsys, no_data, verb):
    words = "resnet-course: CIFAR-10 is not here yet; run `resnet-course data fetch`\n"
    assert complaint(capsys, "data", verb) == words


def test_a_named_folder_without_data_is_one_sentence(capsys, no_data, monkeypatch):
    monkeypatch.setenv("RESNET_COURSE_DATA", str(no_data))
    assert "holds no CIFAR-10" in complaint(capsys, "data", "where")
