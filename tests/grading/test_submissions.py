"""Who handed in what: people are told apart by number, files are chosen by what is in them."""

import os
import shutil

import nbformat
import pytest

from resnet_course import cli
from resnet_course.grading import assignment, grade, submissions
from tests.grading.handing_in import BLOCK, answered, hand_in, released, solutions

KNOWN = [assignment.load(slug) for slug in assignment.slugs()]
SHORTCUTS = "03_shortcuts"


def chosen(folder, slug=BLOCK):
    collected = submissions.collect(folder, KNOWN)
    return {s.key: s for s in submissions.choose(collected.everyone, slug)}


# People.


def test_moodles_participants_are_told_apart_by_their_numbers(tmp_path):
    for number in (7, 8, 9):
        hand_in(tmp_path / f"Participant_{number}_assignsubmission_file_", answered())
    assert set(chosen(tmp_path)) == {"moodle-7", "moodle-8", "moodle-9"}


def test_moodles_flat_files_are_understood(tmp_path):
    hand_in(tmp_path, answered(), "Lee Ann_123_assignsubmission_file_block.ipynb")
    (only,) = chosen(tmp_path).values()
    assert (only.person.number, only.person.name) == ("123", "Lee Ann")


def test_a_text_and_a_file_of_one_participant_are_one_submission(tmp_path):
    hand_in(tmp_path / "Lee Ann_12_assignsubmission_file_", answered())
    hand_in(tmp_path / "Lee Ann_12_assignsubmission_onlinetext_", "<p>see file</p>", "onlinetext.html")
    (only,) = chosen(tmp_path).values()
    assert only.path.name == f"{BLOCK}.ipynb"
    assert [other.name for other in only.set_aside] == ["onlinetext.html"]


@pytest.mark.parametrize("late", ["", "_LATE"])
def test_canvas_names_hold_the_users_number(tmp_path, late):
    hand_in(tmp_path, answered(), f"leeann{late}_12345_678_Copy of the block (1).ipynb")
    (only,) = chosen(tmp_path).values()
    assert (only.key, only.person.name) == ("canvas-12345", "leeann")


def test_two_students_of_one_name_are_two_rows_and_a_warning(tmp_path):
    hand_in(tmp_path / "Lee Ann_12_assignsubmission_file_", answered())
    hand_in(tmp_path / "Lee Ann_13_assignsubmission_file_", released())
    found = chosen(tmp_path)
    assert set(found) == {"moodle-12", "moodle-13"}
    warnings = submissions.clashes(list(found.values()))
    assert warnings == ["2 submissions bear the name lee ann: moodle-12, moodle-13"]


def test_a_folder_and_a_file_of_one_name_are_two_rows(tmp_path):
    hand_in(tmp_path / "ada", answered())
    hand_in(tmp_path, released(), "ada.ipynb")
    assert set(chosen(tmp_path)) == {"ada", "ada.ipynb"}


def test_names_that_become_alike_as_folders_stay_apart(tmp_path):
    hand_in(tmp_path / "a b", answered())
    hand_in(tmp_path / "a_b", answered())
    hand_in(tmp_path / "a?b", answered())
    assert len(chosen(tmp_path)) == 3


def test_an_id_does_not_depend_on_who_else_handed_in(tmp_path):
    hand_in(tmp_path / "a b", answered())
    (before,) = chosen(tmp_path)
    hand_in(tmp_path / "a!b", answered())
    assert before in chosen(tmp_path)


def test_an_export_inside_a_folder_is_found(tmp_path):
    for number in (1, 2):
        hand_in(tmp_path / "submissions", answered(), f"x_{number}_{number}0_block.ipynb")
    assert set(chosen(tmp_path)) == {"canvas-1", "canvas-2"}


def test_a_roster_beside_the_submissions_is_no_submission_and_is_mentioned(tmp_path):
    hand_in(tmp_path / "ada", answered())
    hand_in(tmp_path, "name,number", "roster.csv")
    collected = submissions.collect(tmp_path, KNOWN)
    assert [files.person.name for files in collected.everyone] == ["ada"]
    assert [stray.name for stray in collected.strays] == ["roster.csv"]


# Files.


def test_the_file_of_the_wanted_assignment_is_chosen_though_another_is_newer(tmp_path):
    old = hand_in(tmp_path / "ada", answered(), "mine.ipynb")
    new = hand_in(tmp_path / "ada", answered(slug=SHORTCUTS), "other.ipynb")
    os.utime(old, (1, 1))
    (only,) = chosen(tmp_path).values()
    assert only.path.name == old.name
    assert [str(other) for other in only.set_aside] == [f"{new.name}: answers {SHORTCUTS}, not {BLOCK}"]


def test_of_two_versions_the_newer_one_is_chosen(tmp_path):
    old = hand_in(tmp_path / "ada", answered(), "a.ipynb")
    hand_in(tmp_path / "ada", answered(), "b.ipynb")
    os.utime(old, (1, 1))
    (only,) = chosen(tmp_path).values()
    assert (only.path.name, only.set_aside[0].reason) == ("b.ipynb", "older than b.ipynb")


def test_an_empty_copy_does_not_win_by_being_newer(tmp_path):
    full = hand_in(tmp_path / "ada", answered(), "full.ipynb")
    hand_in(tmp_path / "ada", released(), "empty.ipynb")
    os.utime(full, (1, 1))
    (only,) = chosen(tmp_path).values()
    assert (only.path.name, only.set_aside[0].reason) == ("full.ipynb", "holds no answer")


def test_an_older_version_with_more_answers_is_mentioned(tmp_path):
    full = hand_in(tmp_path / "ada", answered(), "full.ipynb")
    one = {"add_and_activate": solutions()["add_and_activate"]}
    hand_in(tmp_path / "ada", answered(one), "one.ipynb")
    os.utime(full, (1, 1))
    (only,) = chosen(tmp_path).values()
    assert only.set_aside[0].reason == f"older than one.ipynb, though it has {len(solutions())} answers"


def test_a_resource_fork_of_macos_does_not_beat_a_notebook(tmp_path):
    hand_in(tmp_path / "ada", answered())
    fork = tmp_path / "ada" / "__MACOSX" / f"._{BLOCK}.ipynb"
    fork.parent.mkdir()
    fork.write_bytes(b"\x00\x05\x16\x07\xff")
    (only,) = chosen(tmp_path).values()
    assert only.path.name == f"{BLOCK}.ipynb"
    assert only.set_aside[0].reason == "a copy that macOS or Jupyter made for itself"


@pytest.mark.parametrize("name", ["ada.ipynb.json", "ada.ipynb.txt", "ada.txt", "ada.json"])
def test_a_notebook_is_known_by_its_content_whatever_the_file_is_called(tmp_path, name):
    hand_in(tmp_path, answered(), name)
    (only,) = chosen(tmp_path).values()
    assert (only.key, only.path.name) == ("ada", name)


def test_a_link_to_somebody_elses_file_is_not_followed(tmp_path):
    elsewhere = hand_in(tmp_path / "elsewhere", answered())
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / "x.ipynb").symlink_to(elsewhere)
    (only,) = chosen(tmp_path / "in").values()
    assert only.path is None
    assert "a link" in only.reason


def test_a_pipe_does_not_stop_the_class(tmp_path):
    (tmp_path / "ada").mkdir()
    os.mkfifo(tmp_path / "ada" / "x.ipynb")
    (only,) = chosen(tmp_path).values()
    assert "a link or a device" in only.reason


def test_who_handed_in_an_archive_is_told_to_unpack_it(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "x.zip").write_bytes(b"PK")
    (only,) = chosen(tmp_path).values()
    assert only.reason == "x.zip: an archive: unpack it here and grade again"


def test_an_empty_folder_of_a_student_is_a_submission_of_nothing(tmp_path):
    (tmp_path / "ada").mkdir()
    (only,) = chosen(tmp_path).values()
    assert only.reason == "nothing was handed in"


def test_another_assignment_instead_is_said_to_be_one(tmp_path):
    hand_in(tmp_path / "ada", answered(slug=SHORTCUTS))
    (only,) = chosen(tmp_path).values()
    assert f"answers {SHORTCUTS}, not {BLOCK}" in only.reason


# The class.


def test_the_assignment_is_the_one_that_most_people_answer(tmp_path):
    for name in ("ada", "bob"):
        hand_in(tmp_path / name, answered())
    hand_in(tmp_path / "eve", answered(slug=SHORTCUTS))
    assert submissions.vote(submissions.collect(tmp_path, KNOWN).everyone) == BLOCK


def test_a_class_that_answers_nothing_known_is_told_to_name_the_assignment(tmp_path):
    hand_in(tmp_path / "ada", nbformat.v4.new_notebook())
    with pytest.raises(ValueError, match="name it with --assignment"):
        submissions.vote(submissions.collect(tmp_path, KNOWN).everyone)


def test_an_empty_folder_is_said_to_be_empty(tmp_path):
    with pytest.raises(ValueError, match="there is no submission"):
        submissions.collect(tmp_path, KNOWN)


def test_grading_without_a_folder_is_refused(capsys):
    assert cli.main(["grade", ""]) == 1
    assert "name their folder" in capsys.readouterr().err


def test_grading_the_course_itself_is_refused():
    with pytest.raises(ValueError, match="holds the course itself"):
        grade.grade_class(assignment.EXERCISES.parents[1], assignment.EXERCISES)


def test_an_unknown_assignment_is_refused_with_the_known_ones(tmp_path):
    hand_in(tmp_path / "in" / "ada", answered())
    with pytest.raises(ValueError, match=f"no single assignment is called '0'; there are .*{BLOCK}"):
        grade.grade_class(tmp_path / "in", tmp_path / "out", "0")


def test_trusting_somebody_who_is_not_there_is_refused(tmp_path):
    hand_in(tmp_path / "in" / "ada", answered())
    options = grade.Options(trusted=frozenset({"bob"}))
    with pytest.raises(ValueError, match="nobody here has the id bob"):
        grade.grade_class(tmp_path / "in", tmp_path / "out", BLOCK, options)


def test_without_bubblewrap_grading_says_what_to_install(tmp_path, monkeypatch, capsys):
    hand_in(tmp_path / "in" / "ada", answered())
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert cli.main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 1
    assert "apt-get install bubblewrap" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
