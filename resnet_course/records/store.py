"""Where records lie: one JSON file per run, STUDY/TIER/NAME.json, written whole, read strictly."""

import os
from collections.abc import Sequence
from pathlib import Path

from ..recipes import RunConfig
from .files import atomic_write, printable, read_bounded
from .parsing import NotARecord, from_json, to_json
from .schema import Record, RecordError

RECORDED = Path(__file__).parent.with_name("recorded")
PARTIAL = ".partial.json"  # ending of the record of a run that was stopped
LARGEST_FILE = 16 * 2**20  # bytes; the longest record of the course has a hundredth


def home() -> Path:
    """Folder of the reader's own runs: $RESNET_COURSE_RUNS, or runs/ where they are."""
    return Path(os.environ.get("RESNET_COURSE_RUNS", "runs")).expanduser()


def path_of(root: Path, study: str, config: RunConfig) -> Path:
    """Where the record of a run lies below `root`."""
    return root / study / config.tier / f"{config.name}.json"


def partial_path(path: Path) -> Path:
    """Where the record of a stopped run lies, beside that of the whole one."""
    return path.with_name(path.name.removesuffix(".json") + PARTIAL)


def weights_path(root: Path, study: str, config: RunConfig) -> Path:
    """Where the trained weights of a run lie, beside its record."""
    return path_of(root, study, config).with_suffix(".safetensors")


def write(record: Record, path: Path) -> Path:
    """Write a record, whole or not at all.

    Raises OSError, with an old file untouched, where the disk is full or the folder read-only.
    """
    with atomic_write(path) as scratch:
        scratch.write_text(to_json(record))
    return path


def keep(record: Record, root: Path) -> Path:
    """Write a record to its place below `root`, a stopped run's as a partial one; returns the path.

    A whole record takes the place of a partial one of the same run.
    """
    path = path_of(root, record.study, record.config)
    if record.stopped_at is not None:
        return write(record, partial_path(path))
    write(record, path)
    partial_path(path).unlink(missing_ok=True)
    return path


def read(path: Path) -> Record:
    """Read one record.

    Raises RecordError when there is none, when it is not whole, of another format, too large, or
    has fields that nobody knows; the sentence says what to do.
    """
    try:
        return from_json(read_bounded(path, LARGEST_FILE))
    except FileNotFoundError:
        raise RecordError(f"there is no record {path}") from None
    except (NotARecord, ValueError, OSError) as error:
        fault = error.strerror if isinstance(error, OSError) else str(error)
        raise RecordError(
            f"{path} cannot be read as a record: {printable(fault, 200)}; "
            "delete it and run it again with `resnet-course run`"
        ) from None


def find(root: Path, study: str, config: RunConfig) -> Record | None:
    """The record of exactly this configuration below `root`, or None.

    A record of another recipe does not count. Raises RecordError when the one in place is broken.
    """
    path = path_of(root, study, config)
    if not path.exists():
        return None
    record = read(path)
    return record if record.config == config else None


def load(
    study: str,
    tier: str | None = None,
    root: Path = RECORDED,
    *,
    arch: str | None = None,
    depth: int | None = None,
    seed: int | None = None,
    shortcut: str | None = None,
    variant: str | None = None,
    start_depth: int | None = None,
    label: str | None = None,
) -> list[Record]:
    """All whole records of a study (at one tier), ordered by network and seed.

    Keyword arguments select by configuration: arch="plain", depth=20. Raises RecordError when there
    is none, or when one of them is broken.
    """
    wanted = {
        "arch": arch,
        "depth": depth,
        "seed": seed,
        "shortcut": shortcut,
        "variant": variant,
        "start_depth": start_depth,
        "label": label,
    }
    wanted = {field: value for field, value in wanted.items() if value is not None}
    chosen = []
    for path in record_paths(root / study, tier):
        record = read(path)
        if all(getattr(record.config, field) == value for field, value in wanted.items()):
            chosen.append(record)
    if not chosen:
        asked = [study, tier or "", *(f"{field}={value}" for field, value in wanted.items())]
        raise RecordError(
            f"no recorded run of {' '.join(asked).strip()}; "
            f"make it with `resnet-course run {study}`"
        )
    return sorted(chosen, key=_order)


def record_paths(folder: Path, tier: str | None = None) -> Sequence[Path]:
    """The files of a study's whole records (at one tier), by name."""
    paths = sorted(folder.glob(f"{tier or '*'}/[!.]*.json"))
    return [path for path in paths if not path.name.endswith(PARTIAL)]


def _order(record: Record) -> tuple[str, int, str, str, int, str, int]:
    config = record.config
    return (
        config.arch,
        config.depth,
        config.shortcut,
        config.variant,
        config.start_depth,
        config.label,
        config.seed,
    )
