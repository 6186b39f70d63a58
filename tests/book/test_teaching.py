"""The teacher's guide and the students' page say what the notebooks say, and leave none of them out."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "book" / "for_instructors.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def teaching():
    sys.path.insert(0, str(ROOT / "book" / "extensions"))
    spec = importlib.util.spec_from_file_location("teaching", ROOT / "book" / "extensions" / "teaching.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["teaching"] = module
    spec.loader.exec_module(module)
    return module


def test_every_chapter_has_a_question_to_discuss_with_an_answer(teaching):
    section = GUIDE.split("## Questions to discuss")[1].split("\n## ")[0]
    asked = dict(re.findall(r"^### (.+?)\n\n(\*.+?)(?=\n###|\Z)", section, re.M | re.S))
    for chapter in teaching.chapters():
        assert re.match(r"\*.+?\?\*|\*.+?\.\*", asked[chapter.title], re.S)
        assert "A good answer" in " ".join(asked[chapter.title].split())


@pytest.mark.parametrize("weeks", [4, 8, 12])
def test_a_plan_has_its_weeks_and_none_asks_for_more_than_six_hours(teaching, weeks):
    plan = yaml.safe_load(teaching.SYLLABUS.read_text())[weeks]
    assert len(plan) == weeks
    hours = [float(row.split("|")[-2]) for row in teaching.syllabus(weeks).splitlines()[2:]]
    assert len(hours) == weeks
    assert max(hours) <= 6


def test_the_longest_plan_leaves_no_chapter_and_no_assignment_out(teaching):
    plan = yaml.safe_load(teaching.SYLLABUS.read_text())[12]
    chapters, assignments = ([n for week in plan for n in week[kind]] for kind in ("chapters", "assignments"))
    assert sorted(set(chapters)) == sorted(chapters)
    assert {int(one.name[:2]) for one in teaching.chapters()} <= set(chapters)
    assert {int(one.name[:2]) for one in teaching.assignments()} <= set(assignments)


def test_an_assignment_comes_no_earlier_than_its_chapters(teaching):
    numbers = {chapter.title: int(chapter.name[:2]) for chapter in teaching.chapters()}
    for plan in yaml.safe_load(teaching.SYLLABUS.read_text()).values():
        read = set()
        for week in plan:
            read |= set(week["chapters"])
            for one in teaching.assignments():
                if int(one.name[:2]) in week["assignments"]:
                    assert {numbers[title] for title in one.chapters if title in numbers} <= read, one.name


def test_points_and_minutes_are_those_of_the_tasks(teaching):
    for one in teaching.assignments():
        title = next(text for _, text in teaching.cells_of(ROOT / one.path) if text.startswith("# Assignment"))
        stated = re.search(r"(\d+)\s+points,\s+about\s+(\d+)\s+minutes", title)
        assert int(stated[1]) == one.points
        assert abs(int(stated[2]) - one.minutes) <= 10, "reading the page takes some minutes, too"


def test_a_chapter_that_does_not_say_its_minutes_is_refused_with_its_name(teaching, tmp_path):
    cell = {"cell_type": "markdown", "metadata": {}, "source": ["# T\n", "\n", "**Why?**\n", "\n", "Text."]}
    (tmp_path / "16_new.ipynb").write_text(json.dumps({"cells": [cell]}))
    with pytest.raises(ValueError, match="16_new"):
        teaching.chapters(tmp_path)
