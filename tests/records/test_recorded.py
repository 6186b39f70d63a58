"""The records of the package: whole, in their places, and what they were before the move."""

import hashlib
import json
from datetime import datetime
from pathlib import Path

import pytest

from resnet_course import records, studies
from resnet_course.records import store

PACKAGED = [
    path
    for folder in sorted(records.RECORDED.iterdir())
    if folder.name != "bench"
    for path in store.record_paths(folder)
]
BEFORE = json.loads(Path(__file__).with_name("readings_before_the_move.json").read_text())


def test_there_are_packaged_records():
    assert len(PACKAGED) >= 400


def test_every_packaged_record_lies_where_its_content_says():
    for path in PACKAGED:
        record = records.read(path)
        assert path == store.path_of(records.RECORDED, record.study, record.config)


def test_every_packaged_record_says_where_when_and_with_what_it_was_made():
    for path in PACKAGED:
        made = records.read(path).provenance
        assert {"python", "torch"} <= set(made.libraries), path
        assert datetime.fromisoformat(made.started).tzinfo, path
        assert made.hardware, path
        assert made.command.startswith("resnet-course "), path


def test_every_packaged_record_names_a_commit_or_says_that_there_is_none():
    for path in PACKAGED:
        made = records.read(path).provenance
        assert made.commit or "in no commit of this repository" in made.note, path


def test_every_packaged_run_was_trained_to_the_end_of_its_recipe():
    for path in PACKAGED:
        record = records.read(path)
        if record.provenance.weights or not record.curves:  # probed, not trained
            continue
        iterations = list(record.curves["iteration"])
        assert iterations[-1] == record.config.recipe.iterations, path
        assert iterations == sorted(set(iterations)), path


def test_no_packaged_folder_holds_half_a_run():
    strays = [p for p in records.RECORDED.rglob("*") if p.name.startswith(".")]
    strays += list(records.RECORDED.rglob(f"*{store.PARTIAL}"))
    assert not strays


@pytest.mark.parametrize("study", studies.names())
def test_every_record_of_a_study_is_a_run_that_the_study_has(study):
    for path in store.record_paths(records.RECORDED / study):
        record = records.read(path)
        if record.tier == "published":
            continue
        names = {config.name for config in studies.get(study).runs_at(record.tier, (record.seed,))}
        assert record.config.name in names, path


def reading(record: records.Record) -> tuple[str, str]:
    """Identity and numbers of a record, as the reader before the move was asked for them."""
    identity = [record.arch, record.depth, record.seed, record.tier]
    identity += [record.shortcut, record.variant, record.start_depth, record.label]
    numbers = [dict(record.curves), dict(record.final), dict(record.profiles)]
    digest = hashlib.sha256(repr(numbers).encode()).hexdigest()[:20]
    return "/".join(map(str, identity)), digest


@pytest.mark.parametrize("name", BEFORE)
def test_a_record_reads_as_it_did_before_the_move(name):
    path = records.RECORDED / name
    if not path.exists():
        pytest.skip("the record was replaced since")
    assert reading(records.read(path)) == (BEFORE[name]["identity"], BEFORE[name]["numbers"])
