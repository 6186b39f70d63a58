"""Somebody else's records: read strictly, held against the study, and their effect on verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import studies
from ..records.admission import read_named, records_below
from ..records.claims import FIRST_FRESH_SEED, Judgement
from ..records.schema import Record, RecordError
from ..records.store import RECORDED
from ..studies import Study

SLOWEST, FASTEST = 1.0, 1e7  # images per second of training that a machine may have


@dataclass(frozen=True)
class Effect:
    """A claim before and after the records were added."""

    before: Judgement
    after: Judgement

    @property
    def changes(self) -> bool:
        """Whether the verdict is another one."""
        return self.before.verdict is not self.after.verdict


@dataclass(frozen=True)
class Report:
    """What somebody's records of one study and tier do: how many are new, and their effects."""

    study: str
    tier: str
    added: int
    effects: Sequence[Effect]


def judge_folder(folder: Path, root: Path = RECORDED) -> list[Report]:
    """Hold the records of a folder against the course's own, and add them to the evidence.

    Args:
        folder: That `run --out` filled.
        root: The records that are there.

    Returns:
        One report per study and tier.

    Raises:
        RecordError: There is no record, one is not whole, or one cannot be what it says.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for path in records_below(folder):
        record = read_named(path)
        check_plausible(record)
        groups.setdefault((record.study, record.tier), []).append(record)
    if not groups:
        raise RecordError(f"{folder} holds no records; name the folder that `run --out` filled")
    return [_report(slug, tier, made, root) for (slug, tier), made in sorted(groups.items())]


def check_plausible(record: Record) -> None:
    """Raise RecordError where a record is none of its study's, or says what cannot be.

    It must be a fresh seed, so that who sends it has not chosen among seeds that are known; its
    configuration one that the study has; its errors percentages; its rate that of a machine.
    """
    name = f"{record.study} {record.config.name}"
    study = studies.get(record.study)
    if record.seed < FIRST_FRESH_SEED:
        raise RecordError(f"{name} has a seed that the claims were made from; run seeds from 3 on")
    if record.config not in study.runs_at(record.tier, (record.seed,)):
        raise RecordError(f"{name} is no run that the study has at {record.tier}")
    for metric, value in record.final.items():
        if metric.endswith("_error") and metric != "copy_error" and not 0 <= value <= 100:
            raise RecordError(f"{name} has a {metric} of {value:g} %, which cannot be")
    rate = record.provenance.images_per_second
    if rate is not None and not SLOWEST <= rate <= FASTEST:
        raise RecordError(f"{name} trained at {rate:g} images/s, which cannot be")


def _report(slug: str, tier: str, made: Sequence[Record], root: Path) -> Report:
    study = studies.get(slug)
    before = study.load(tier, root)
    known = {(record.study, record.config) for record in before}
    new = [record for record in made if (record.study, record.config) not in known]
    effects = _effects(study, before, [*before, *new])
    return Report(slug, tier, len(new), effects)


def _effects(study: Study, before: Sequence[Record], after: Sequence[Record]) -> list[Effect]:
    pairs = zip(study.judge(before), study.judge(after), strict=True)
    return [Effect(one, other) for one, other in pairs]


def sentences(report: Report) -> list[str]:
    """What a report says, a line per claim."""
    lines = [f"{report.study} at {report.tier}: {report.added} new"]
    for effect in report.effects:
        before, after = effect.before, effect.after
        change = f"{before.verdict} -> {after.verdict}" if effect.changes else str(after.verdict)
        lines.append(f"  {change}: {after.claim.text} ({after.estimate})")
    return lines


def changed(reports: Sequence[Report]) -> bool:
    """Whether any verdict is another one."""
    return any(effect.changes for report in reports for effect in report.effects)
