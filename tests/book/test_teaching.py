"""The teacher's guide and the students' page say what the notebooks say, and leave none out."""

import json
import re

import pytest
import yaml

from book.sphinxext.notebooks import Notebook
from book.sphinxext.pages import curriculum, teaching
from book.sphinxext.project import BOOK, ROOT

GUIDE = (BOOK / "for_instructors.md").read_text(encoding="utf-8")


def test_every_chapter_has_a_question_to_discuss_with_an_answer():
    section = GUIDE.split("## Questions to discuss")[1].split("\n## ")[0]
    asked = dict(re.findall(r"^### (.+?)\n\n(\*.+?)(?=\n###|\Z)", section, re.M | re.S))
    for chapter in curriculum.chapters():
        assert re.match(r"\*.+?\?\*|\*.+?\.\*", asked[chapter.title], re.S)
        assert "A good answer" in " ".join(asked[chapter.title].split())


@pytest.mark.parametrize("weeks", [4, 8, 12])
def test_a_plan_has_its_weeks_and_none_asks_for_more_than_six_hours(weeks):
    assert len(curriculum.plan(weeks)) == weeks
    hours = [float(row.split("|")[-2]) for row in teaching.syllabus(weeks).splitlines()[2:]]
    assert len(hours) == weeks
    assert max(hours) <= 6


def test_the_longest_plan_leaves_no_chapter_and_no_assignment_out():
    plan = curriculum.plan(12)
    chapters = [number for week in plan for number in week.chapters]
    assignments = {number for week in plan for number in week.assignments}
    assert sorted(set(chapters)) == sorted(chapters)
    assert {one.number for one in curriculum.chapters()} <= set(chapters)
    assert {one.number for one in curriculum.assignments()} <= assignments


def test_an_assignment_comes_no_earlier_than_its_chapters():
    numbers = {chapter.title: chapter.number for chapter in curriculum.chapters()}
    for weeks in teaching.PLANS:
        read = set()
        for week in curriculum.plan(weeks):
            read |= set(week.chapters)
            for one in curriculum.assignments():
                if one.number in week.assignments:
                    needed = {numbers[title] for title in one.chapters if title in numbers}
                    assert needed <= read, one.name


def test_points_and_minutes_are_those_of_the_tasks():
    for one in curriculum.assignments():
        sources = [cell.source for cell in Notebook(ROOT / one.path).cells]
        opening = next(source for source in sources if source.startswith("# Assignment"))
        stated = re.search(r"(\d+)\s+points,\s+about\s+(\d+)\s+minutes", opening)
        assert int(stated[1]) == one.points
        assert abs(int(stated[2]) - one.minutes) <= 10, "reading the page takes some minutes, too"


def test_a_chapter_that_does_not_say_its_minutes_is_refused_with_its_name(tmp_path):
    source = ["# T\n", "\n", "**Why?**\n", "\n", "Text."]
    cell = {"cell_type": "markdown", "metadata": {}, "source": source}
    (tmp_path / "16_new.ipynb").write_text(json.dumps({"cells": [cell]}))
    with pytest.raises(ValueError, match="16_new"):
        curriculum.chapters(tmp_path)


def test_a_table_that_nobody_knows_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="assignments, 4 weeks, 8 weeks, 12 weeks, not 5"):
        teaching.table_named("5 weeks")


def test_every_plan_of_the_syllabus_can_be_asked_for():
    plans = yaml.safe_load(curriculum.SYLLABUS.read_text(encoding="utf-8"))
    assert set(teaching.PLANS) == set(plans)
