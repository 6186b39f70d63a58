"""A class with every kind of trouble in it, from the released notebook to the table of grades."""

import copy
import csv
import json
import re
import socket
import sys
import threading
from pathlib import Path

import nbformat
import pytest

from tests.exercises.running import EXERCISES, graders, tasks

SLUG = "02_the_block"
sys.path.insert(0, str(EXERCISES / "grading"))
pytestmark = pytest.mark.slow
ABUSERS = {"writer", "reader", "course", "network", "killer"}


def read(folder: str) -> nbformat.NotebookNode:
    return nbformat.read(EXERCISES / folder / SLUG / f"{SLUG}.ipynb", as_version=4)


RIGHT = {cell.id: cell.source for cell in read("source").cells if cell.metadata.nbgrader.solution}
FIRST, SECOND = list(RIGHT)[:2]
TESTS = {
    cell.id: cell.metadata.nbgrader.points
    for cell in read("source").cells
    if cell.metadata.nbgrader.grade and not cell.metadata.nbgrader.solution
}
POINTS = {task: sum(TESTS[name] for name in graders(SLUG, task)) for task in tasks(SLUG)}
READ = {
    cell.id: 0 for cell in read("source").cells if cell.metadata.nbgrader.grade and cell.id in RIGHT
}
FULL = POINTS | READ  # what is written in words is worth nothing until somebody has read it
MARKS = re.compile(r"(?m)^ *### (BEGIN|END) SOLUTION\n?")


def answered(answers: dict[str, str] = RIGHT) -> nbformat.NotebookNode:
    """The released notebook with answers in their places, as a student would save it."""
    notebook = read("release")
    for cell in notebook.cells:
        cell.source = MARKS.sub("", answers[cell.id]) if cell.id in answers else cell.source
    return notebook


def with_first(*lines: str) -> nbformat.NotebookNode:
    """All right but the first answer, which does something else before it is defined."""
    return answered(
        {**RIGHT, FIRST: "\n".join([*lines, f"raise RuntimeError('{FIRST} got this far')"])}
    )


def without_metadata(notebook):
    for number, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = nbformat.from_dict({}), f"lost-{number}"
    return notebook


def duplicated(notebook):
    """The stub of the first answer again, below, with the same id and metadata; and a test cell twice."""
    stub = copy.deepcopy(next(cell for cell in read("release").cells if cell.id == FIRST))
    test = copy.deepcopy(next(cell for cell in notebook.cells if cell.id == f"test-{FIRST}"))
    notebook.cells += [stub, test]
    return notebook


def without(notebook, *names):
    notebook.cells = [cell for cell in notebook.cells if cell.id not in names]
    return notebook


def reversed_cells(notebook):
    notebook.cells.reverse()
    return notebook


def tampered(notebook):
    for cell in notebook.cells:
        if cell.id.startswith("test-"):
            cell.source = "pass"
    return notebook


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """A file that students will try to read and change, and a port on which a confederate of theirs is listening."""
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    secret.write_text("the grades of others")
    secret.chmod(0o666)
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        stop = threading.Event()

        def listen():
            while not stop.is_set():
                try:
                    heard.append(server.accept())
                except TimeoutError:
                    continue

        listening = threading.Thread(target=listen)
        listening.start()
        yield secret, server.getsockname()[1], heard
        stop.set()
        listening.join()


@pytest.fixture(scope="module")
def isolated() -> bool:
    import sandbox

    return sys.platform == "linux" and sandbox.can_isolate()


@pytest.fixture(scope="module")
def graded(tmp_path_factory, outside, isolated):
    """The class, graded by the command that instructors use; its folder and its rows by student."""
    import grade

    secret, port, _ = outside
    folder, out = tmp_path_factory.mktemp("submissions"), tmp_path_factory.mktemp("grades")
    submissions = {
        "perfect": answered(),
        "empty": read("release"),
        "partial": answered({SECOND: RIGHT[SECOND]}),
        "malformed": '{"cells": [{"cell_type": "code", "source": "x',
        "not-a-notebook": "[1, 2, 3]",
        "deleted": without(answered(), f"test-{FIRST}", f"check-{SECOND}", "setup"),
        "deleted-answer": without(answered(), FIRST),
        "duplicated": duplicated(answered()),
        "lost-ids": reversed_cells(without_metadata(answered())),
        "tampered": tampered(read("release")),
        "loop": with_first("while True:", "    try:", "        while True:", "            pass",
                           "    except BaseException:", "        pass"),
        "memory": with_first("hog = []", "while True:", "    hog.append(bytearray(2**27))"),
        "leaver": with_first("import os", "os._exit(0)"),
        "writer": with_first(f"open({str(secret)!r}, 'a').write('changed')"),
        "reader": with_first(f"print(open({str(secret)!r}).read())"),
        "course": with_first("import resnet_course.networks.blocks as b", "open(b.__file__, 'a').write('# changed')"),
        "network": with_first("import socket", f"socket.create_connection(('127.0.0.1', {port}), 2)"),
        "killer": with_first("import os, signal", "os.kill(-1, signal.SIGKILL)", "os.kill(os.getppid(), 9)"),
        "=formula": answered(),
    }  # fmt: skip
    for student in () if isolated else ABUSERS:  # without walls they would do what they try
        del submissions[student]
    for student, notebook in submissions.items():
        path = folder / student / SLUG / f"{SLUG}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(
            notebook if isinstance(notebook, str) else json.dumps(notebook)
        )  # as it is, ids and all
    (folder / "absent").mkdir()
    (folder / "lee_ann_12345_678_Copy of the block (1).ipynb").write_text(
        nbformat.writes(answered())
    )
    limits = grade.Limits(cell=6, notebook=120, memory=1024)
    root, rows = grade.grade_folder(folder, out, limits=limits, accept_limits_only=not isolated)
    return root, {row["student"]: row for row in rows}


def row(graded, student) -> dict:
    if student in ABUSERS and student not in graded[1]:
        pytest.skip("this machine offers no namespaces, so there are no walls to try")
    return graded[1][student]


def test_no_submission_is_lost(graded, isolated):
    expected = {
        "perfect", "empty", "partial", "malformed", "not-a-notebook", "deleted", "deleted-answer", "duplicated",
        "lost-ids", "tampered", "loop", "memory", "leaver", "writer", "reader", "course", "network", "killer",
        "'=formula", "absent", "lee_ann",
    }  # fmt: skip
    assert set(graded[1]) == expected - (set() if isolated else ABUSERS)


@pytest.mark.parametrize(
    "student", ["perfect", "deleted", "duplicated", "lost-ids", "'=formula", "lee_ann"]
)
def test_a_right_answer_gets_full_marks_whatever_happened_to_its_notebook(graded, student):
    mine = row(graded, student)
    assert mine["tasks"] == FULL, mine
    assert mine["points"] == sum(POINTS.values())
    assert mine["state"] == ("to be read: " + ", ".join(READ) if READ else "graded")


@pytest.mark.parametrize("student", ["empty", "malformed", "not-a-notebook", "tampered", "absent"])
def test_what_holds_no_answer_gets_nothing(graded, student):
    assert graded[1][student]["points"] == 0


@pytest.mark.parametrize("student", ["malformed", "not-a-notebook", "absent"])
def test_what_cannot_be_read_is_said_to_be_so(graded, student):
    assert graded[1][student]["state"] == "unreadable"
    assert graded[1][student]["mended"]


@pytest.mark.parametrize(
    "student", ["deleted", "deleted-answer", "duplicated", "lost-ids", "lee_ann"]
)
def test_what_was_mended_is_reported(graded, student):
    mended = graded[1][student]["mended"]
    wanted = {
        "deleted": f"the cell test-{FIRST} was put back",
        "deleted-answer": f"the answer {FIRST} was missing",
        "duplicated": f"2 cells were {FIRST}",
        "lost-ids": "another order",
        "lee_ann": "",
    }
    assert wanted[student] in mended


@pytest.mark.parametrize(
    "student",
    [
        "deleted-answer",
        "loop",
        "memory",
        "leaver",
        "writer",
        "reader",
        "course",
        "network",
        "killer",
    ],
)
def test_nothing_but_the_offending_answer_fails(graded, student):
    assert row(graded, student)["tasks"] == {**FULL, FIRST: 0}


def test_an_answer_is_worth_its_points_whatever_is_missing_beside_it(graded):
    assert row(graded, "partial")["tasks"] == {**dict.fromkeys(FULL, 0), SECOND: POINTS[SECOND]}


@pytest.mark.parametrize(
    ("student", "words"),
    [
        ("loop", "Cell(Timeout|Killed)"),
        ("memory", "MemoryError|CellKilled"),
        ("leaver", "CellKilled"),
        ("writer", "FileNotFoundError|PermissionError|Read-only"),
        ("reader", "FileNotFoundError|PermissionError"),
        ("course", "Read-only|PermissionError"),
        ("network", "unreachable|refused|PermissionError"),
    ],
)
def test_the_feedback_names_what_happened(graded, student, words):
    assert row(graded, student)["state"] != "unreadable"
    feedback = (graded[0] / "feedback" / student / SLUG / f"{SLUG}.html").read_text()
    assert re.search(words, feedback)


def test_nothing_was_read_or_written_outside_and_nobody_was_called(graded, outside):
    row(graded, "reader")
    secret, _, heard = outside
    assert secret.read_text() == "the grades of others"
    assert (
        "the grades of others"
        not in (graded[0] / "feedback" / "reader" / SLUG / f"{SLUG}.html").read_text()
    )
    assert heard == []
    import resnet_course.networks.blocks

    assert "# changed" not in Path(resnet_course.blocks.__file__).read_text()


def test_every_feedback_is_there_and_none_shows_a_hidden_test(graded):
    pages = sorted((graded[0] / "feedback").rglob("*.html"))
    assert len(pages) == len(graded[1])
    lines = {
        line.strip()
        for cell in read("source").cells
        for part in re.findall(r"### BEGIN HIDDEN TESTS\n(.*?)### END", cell.source, re.DOTALL)
        for line in part.splitlines()
        if line.strip().startswith("assert")
    }
    assert lines
    for page in pages:
        text = re.sub(r"<[^>]+>", "", page.read_text()).replace("&#39;", "'").replace("&quot;", '"')
        assert not [line for line in lines if line in text], page.parent.parent.name
        assert "HIDDEN TESTS" not in text


def test_the_tables_are_those_that_learning_platforms_import(graded):
    root, rows = graded
    texts = {
        name: (root / f"{name}.csv").read_text(encoding="utf-8")
        for name in ("grades", "canvas", "moodle")
    }
    tables = {name: list(csv.reader(text.splitlines())) for name, text in texts.items()}
    assert [len(table) for table in tables.values()] == [
        len(rows) + 1,
        len(rows) + 2,
        len(rows) + 1,
    ]
    assert tables["canvas"][0][:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert tables["canvas"][1][0].strip() == "Points Possible"
    assert tables["moodle"][0][0] == "username"
    assert not [
        cell for table in tables.values() for row in table for cell in row if cell.startswith("=")
    ]


def test_grading_refuses_where_nothing_isolates_until_told_to(monkeypatch, tmp_path):
    import grade

    class Open:
        isolated = False

        def close(self):
            pass

    monkeypatch.setattr(grade, "Sandbox", Open)
    (tmp_path / "in" / "ada").mkdir(parents=True)
    with pytest.raises(ValueError, match="no namespaces"):
        grade.grade_folder(tmp_path / "in", tmp_path / "out", SLUG)


def test_an_empty_folder_is_said_to_be_empty(tmp_path):
    import grade

    with pytest.raises(ValueError, match="there is no submission"):
        grade.grade_folder(tmp_path, tmp_path / "out", SLUG)
