"""Records that nobody ran, for tests of what studies say of records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from resnet_course.recipes import RunConfig
from resnet_course.records import Judgement, Provenance, Record, judge
from resnet_course.studies import Study

PROVENANCE = Provenance(
    source="",
    commit=None,
    data="",
    libraries={"torch": "2"},
    hardware="none",
    started="2026-01-01",
    wall_seconds=0.0,
)


def run(
    study: str,
    config: RunConfig,
    final: Mapping[str, float],
    curves: Mapping[str, Sequence[float]] | None = None,
    profiles: Mapping[str, Sequence[float]] | None = None,
) -> Record:
    """A whole record."""
    return Record(study, config, curves or {}, final, PROVENANCE, profiles or {})


def with_final(
    records: Sequence[Record], chosen: Callable[[Record], bool], **final: float
) -> list[Record]:
    """The same records, but for the final metrics of some."""
    return [
        replace(record, final=dict(record.final) | final) if chosen(record) else record
        for record in records
    ]


def with_profiles(
    records: Sequence[Record],
    chosen: Callable[[Record], bool],
    profiles: Mapping[str, Sequence[float]],
) -> list[Record]:
    """The same records, but for the profiles of some."""
    return [
        replace(record, profiles=dict(record.profiles) | dict(profiles))
        if chosen(record)
        else record
        for record in records
    ]


def verdicts(study: Study, records: Sequence[Record]) -> dict[str, str]:
    """Text of each claim that the records can be asked about -> what becomes of it."""
    judgements: list[Judgement] = [
        judge(claim, records) for claim in study.claims_at(records[0].tier)
    ]
    return {j.claim.text: str(j.verdict) for j in judgements if j.estimate.n}
