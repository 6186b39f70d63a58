"""Records from a folder, taken into the course's own: each validated, none changed silently."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .parsing import to_json
from .schema import Record, RecordError
from .store import RECORDED, path_of, read, record_paths, weights_path, write


@dataclass(frozen=True)
class Admission:
    """What became of a folder's records: paths of new ones, and how many were there already."""

    added: Sequence[Path]
    known: int


def records_below(folder: Path) -> list[Path]:
    """Files of whole records in a folder of studies, of one study, or of one tier."""
    paths: list[Path] = []
    for place in (folder, *sorted(folder.glob("*/")), *sorted(folder.glob("*/*/"))):
        paths += record_paths(place.parent, place.name)
    return sorted(set(paths))


def add_records(
    folder: Path, into: Path = RECORDED, replace: bool = False, with_weights: bool = False
) -> Admission:
    """Copy the records of a folder, with their weights if asked, after reading all of them.

    Raises:
        RecordError: There is none, one is broken, one lies under a name that is not its own, or one
            would change a record that is there (unless `replace`). Nothing is then copied.
    """
    records = [read_named(path) for path in records_below(folder)]
    if not records:
        raise RecordError(f"{folder} holds no records; name the folder that `run --out` filled")
    new = [record for record in records if not _is_known(record, into, replace)]
    added = []
    for record in new:
        path = path_of(into, record.study, record.config)
        if with_weights:
            _copy_weights(record, folder, path)
        added.append(write(record, path))
    return Admission(added, known=len(records) - len(new))


def read_named(path: Path) -> Record:
    """Read a record; RecordError too where it lies under a name that is not its own."""
    record = read(path)
    own = path_of(Path(), record.study, record.config)
    if path.parts[-3:] != own.parts:
        raise RecordError(f"{path} is the record of {own}; give it that name")
    return record


def _is_known(record: Record, into: Path, replace: bool) -> bool:
    path = path_of(into, record.study, record.config)
    if not path.exists():
        return False
    if _numbers(record) == _numbers(read(path)):
        return True
    if not replace:
        raise RecordError(f"{path} would change; say --replace if that is meant")
    return False


def _numbers(record: Record) -> str:
    """Whatever a run measured, as text (NaN is itself there); not when and where it was made."""
    content = json.loads(to_json(record))
    del content["provenance"]
    return json.dumps(content, sort_keys=True)


def _copy_weights(record: Record, folder: Path, path: Path) -> None:
    for root in (folder, folder.parent, folder.parent.parent):
        weights = weights_path(root, record.study, record.config)
        if weights.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(weights, path.with_suffix(".safetensors"))
            return
