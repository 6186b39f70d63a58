"""Whatever is handed in is either read as cells or refused with a reason; nothing else ever happens."""

import copy
import json
import random
from typing import Any

import nbformat
import pytest

from resnet_course.grading import assignment, notebook
from resnet_course.grading.matching import match
from tests.grading.handing_in import BLOCK, answered

MUTATIONS = 400
WANTED = assignment.load(BLOCK)
WHOLE = json.loads(nbformat.writes(answered()))
ODD_VALUES = [None, 0, -1, 10**400, 1.5, True, "", "\ud800", "x\0y", "é" * 3, [], [1], [[]], {}, {"a": []}]
ODD_VALUES += [["grade"], "### BEGIN HIDDEN TESTS", "x = " + "-" * 20_000 + "1", "[" * 5_000, "def f(:\n"]
ODD_VALUES += ["class " * 500, "\\" * 99, "%%bash\nrm -rf /", "!ls", "\r\n\t", "def add_and_activate(f, x):"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "part of one"),
        ("{", "part of one"),
        ('{"cells": [{"cell_type": "code", "source": "x', "part of one"),
        ("[]", "no list of cells"),
        ('{"cells": 3}', "no list of cells"),
        ("\x00\x01", "part of one"),
        ("[" * 100_000, "nested too deeply"),
        ('{"worksheets": []}', "before 2014"),
        ("1" * 5_000, "part of one"),
    ],
)
def test_what_is_no_notebook_is_refused_with_the_reason(text, reason):
    with pytest.raises(notebook.Unreadable, match=reason):
        notebook.parse(text.encode())


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "x.ipynb"
    path.write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X\xff\xfe")
    with pytest.raises(notebook.Unreadable, match="it is no text"):
        notebook.read(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "x.ipynb"
    with open(path, "wb") as file:
        file.truncate(notebook.MOST_BYTES + 1)
    with pytest.raises(notebook.Unreadable, match="larger than"):
        notebook.read(path)


def test_cells_of_no_kind_and_without_text_are_passed_over():
    text = '{"cells": [1, null, {"cell_type": "code"}, {"cell_type": "code", "source": ["a", 1, "b"]}]}'
    assert [cell.source for cell in notebook.parse(text.encode())] == ["ab"]


def test_a_byte_order_mark_does_no_harm():
    assert notebook.parse(b'\xef\xbb\xbf{"cells": []}') == ()


def test_half_characters_become_characters_that_can_be_written():
    (cell,) = notebook.parse(b'{"cells": [{"cell_type": "raw", "source": "a\\ud800\\u0000b"}]}')
    cell.source.encode()
    assert "\0" not in cell.source


def test_names_that_are_lists_or_numbers_are_no_names():
    marks = {"nbgrader": {"grade_id": ["test-x"]}}
    raw = {"cells": [{"cell_type": "code", "source": "", "id": 3, "metadata": marks}]}
    (cell,) = notebook.parse(json.dumps(raw).encode())
    assert cell.names == ()


def mutated(chance: random.Random) -> Any:
    """A right notebook in which up to four things are odd."""
    whole = json.loads(json.dumps(WHOLE))
    for _ in range(chance.randint(1, 4)):
        place = whole
        while isinstance(place, dict | list) and place:
            keys = list(place) if isinstance(place, dict) else range(len(place))
            key = chance.choice(list(keys))
            if chance.random() < 0.3 or not isinstance(place[key], dict | list):
                place[key] = copy.deepcopy(chance.choice(ODD_VALUES))
                break
            place = place[key]
    return whole


@pytest.mark.parametrize("seed", range(MUTATIONS))
def test_a_mutated_notebook_is_read_and_matched_or_refused(seed):
    data = json.dumps(mutated(random.Random(seed))).encode()
    try:
        cells = notebook.parse(data)
    except notebook.Unreadable as refusal:
        assert str(refusal)
    else:
        match(cells, WANTED)


@pytest.mark.parametrize("seed", range(50))
def test_a_notebook_cut_off_anywhere_is_read_or_refused(seed):
    data = json.dumps(WHOLE).encode()
    with pytest.raises(notebook.Unreadable):
        notebook.parse(data[: random.Random(seed).randrange(len(data))])
