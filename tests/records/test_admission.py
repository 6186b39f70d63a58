"""Records travel by a command: validated, and none changed silently."""

from dataclasses import replace

import pytest

from resnet_course.records import RecordError, admission, store

from .making import make


def test_a_folder_of_studies_is_taken_whole(tmp_path):
    store.keep(make(), tmp_path / "new")
    made = admission.add_records(tmp_path / "new", tmp_path / "own")
    assert len(made.added) == 1
    assert store.find(tmp_path / "own", "study", make().config) == make()


@pytest.mark.parametrize("folder", ["new/study", "new/study/live"])
def test_a_folder_of_one_study_or_tier_is_taken_too(tmp_path, folder):
    store.keep(make(), tmp_path / "new")
    assert len(admission.add_records(tmp_path / folder, tmp_path / "own").added) == 1


def test_a_record_that_is_there_already_is_counted_and_left_alone(tmp_path):
    store.keep(make(), tmp_path / "new")
    admission.add_records(tmp_path / "new", tmp_path / "own")
    made = admission.add_records(tmp_path / "new", tmp_path / "own")
    assert (list(made.added), made.known) == ([], 1)


def test_a_record_that_would_change_is_refused(tmp_path):
    store.keep(make(), tmp_path / "own")
    store.keep(make(test_error=1.0), tmp_path / "new")
    with pytest.raises(RecordError, match="would change; say --replace if that is meant"):
        admission.add_records(tmp_path / "new", tmp_path / "own")
    assert store.find(tmp_path / "own", "study", make().config) == make()


def test_a_change_that_is_meant_is_made(tmp_path):
    store.keep(make(), tmp_path / "own")
    store.keep(make(test_error=1.0), tmp_path / "new")
    admission.add_records(tmp_path / "new", tmp_path / "own", replace=True)
    record = store.find(tmp_path / "own", "study", make().config)
    assert record.final["test_error"] == 1.0


def test_a_record_under_another_name_is_refused(tmp_path):
    store.write(make(seed=1), tmp_path / "new/study/live/plain-20-s0.json")
    with pytest.raises(RecordError, match=r"is the record of study/live/plain-20-s1\.json"):
        admission.add_records(tmp_path / "new", tmp_path / "own")


def test_stopped_runs_are_not_taken(tmp_path):
    store.keep(replace(make(), stopped_at=15), tmp_path / "new")
    with pytest.raises(RecordError, match="holds no records"):
        admission.add_records(tmp_path / "new", tmp_path / "own")
