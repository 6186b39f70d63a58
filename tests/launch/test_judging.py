"""Somebody else's records move a verdict by rule, or are refused with a reason."""

from dataclasses import replace

import pytest

from resnet_course import cli, records, studies
from resnet_course.launch import judging
from resnet_course.records import Record, RecordError, store

STUDY = studies.get("degradation")


def like(record: Record, seed: int, **final: float) -> Record:
    """The same run with another seed."""
    config = replace(record.config, seed=seed)
    return replace(record, config=config, final={**record.final, **final})


@pytest.fixture
def sent(tmp_path):
    """Keep records as somebody would send them; gives their folder."""

    def keep(*made: Record):
        for record in made:
            store.keep(record, tmp_path)
        return tmp_path

    return keep


@pytest.fixture
def ours() -> list[Record]:
    return records.load("degradation", "laptop", seed=0)


def test_records_that_agree_change_no_verdict(sent, ours):
    made = [like(record, seed) for seed in range(50, 56) for record in ours]
    (report,) = judging.judge_folder(sent(*made))
    assert report.added == len(made)
    assert not judging.changed([report])


def test_records_that_contradict_change_a_verdict(sent, ours):
    made = []
    for seed in range(50, 80):
        for record in ours:
            made.append(like(record, seed, train_error=50.0, test_error=50.0))
    (report,) = judging.judge_folder(sent(*made))
    assert judging.changed([report])


def test_a_seed_that_is_known_is_refused(sent, ours):
    with pytest.raises(RecordError, match="run seeds from 3 on"):
        judging.judge_folder(sent(ours[0]))


def test_an_error_that_cannot_be_is_refused(sent, ours):
    with pytest.raises(RecordError, match="which cannot be"):
        judging.judge_folder(sent(like(ours[0], 50, test_error=101.0)))


def test_a_run_that_the_study_has_not_is_refused(sent, ours):
    recipe = replace(ours[0].config.recipe, lr=0.3)
    other = replace(like(ours[0], 50), config=replace(ours[0].config, seed=50, recipe=recipe))
    with pytest.raises(RecordError, match="is no run that the study has"):
        judging.judge_folder(sent(other))


def test_a_folder_of_nothing_is_refused(tmp_path):
    with pytest.raises(RecordError, match="holds no records"):
        judging.judge_folder(tmp_path)


def test_the_command_says_each_claim_and_whether_a_verdict_changes(sent, ours, capsys):
    assert cli.main(["judge", str(sent(like(ours[0], 50)))]) == 0
    printed = capsys.readouterr().out
    assert "degradation at laptop: 1 new" in printed
    assert printed.endswith("No verdict changes.\n")
