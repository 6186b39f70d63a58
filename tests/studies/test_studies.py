"""What every study promises, and what each says of the recorded runs."""

from dataclasses import replace

import pytest

from resnet_course import records, studies
from resnet_course.plots import FigureCard
from resnet_course.records import Record, RecordError, Verdict, store
from resnet_course.records.claims import FIRST_FRESH_SEED
from resnet_course.studies import Study

NAMES = studies.names()
# Recorded at the laptop tier; their own records, those of the studies beside them not counted.
RECORDED = [name for name in NAMES if store.record_paths(records.RECORDED / name, "laptop")]


def own(name: str) -> list[Record]:
    return records.load(name, "laptop")


@pytest.mark.parametrize("name", NAMES)
def test_a_study_asks_a_question_and_has_live_and_laptop_configurations(name):
    study = studies.get(name)
    assert study.question.endswith("?")
    assert study.runs_at("live")
    assert len(study.runs_at("laptop", (0, 1))) == 2 * len(study.runs_at("laptop"))


@pytest.mark.parametrize("name", NAMES)
def test_every_configuration_of_a_study_has_a_name_of_its_own(name):
    names = [config.name for config in studies.get(name).runs_at("laptop", (0, 1, 2))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", NAMES)
def test_every_study_claims_something_at_the_laptop_tier(name):
    claims = studies.get(name).claims_at("laptop")
    assert claims
    assert len({claim.text for claim in claims}) == len(claims)


@pytest.mark.parametrize("name", NAMES)
def test_a_study_is_recorded(name):
    assert name in RECORDED


@pytest.mark.parametrize("name", RECORDED)
def test_the_recorded_recipe_is_todays_recipe(name):
    made = own(name)
    seeds = sorted({record.seed for record in made})
    today = set(studies.get(name).runs_at("laptop", seeds))
    assert {record.config for record in made} <= today


@pytest.mark.parametrize("name", RECORDED)
def test_at_least_three_seeds_of_every_run_are_recorded(name):
    for network, members in records.grouped(own(name), records.varying_fields(own(name))).items():
        assert len(members) >= 3, network


@pytest.mark.parametrize("name", RECORDED)
def test_every_claim_can_be_judged_on_the_records(name):
    study = studies.get(name)
    judgements = study.judge(study.load("laptop"))
    assert len(judgements) == len(study.claims_at("laptop"))
    assert all(
        judgement.estimate.n >= 1 for judgement in judgements if judgement.verdict != Verdict.OPEN
    )


@pytest.mark.parametrize("name", RECORDED)
def test_the_figure_of_a_study_says_in_words_what_it_shows(name):
    study = studies.get(name)
    card = study.figure(study.load("laptop"))
    assert isinstance(card, FigureCard)
    assert len(card.alt.split()) > 5
    assert card.rows


@pytest.mark.parametrize("name", RECORDED)
def test_a_study_draws_nothing_of_no_records(name):
    with pytest.raises((RecordError, ValueError)):
        studies.get(name).figure([])


@pytest.mark.parametrize("name", RECORDED)
def test_a_summary_is_a_sentence(name):
    study = studies.get(name)
    assert study.summary(study.load("laptop")).rstrip().endswith(".")


PROBING = [name for name in RECORDED if not studies.get(name).trains]


@pytest.mark.parametrize("name", PROBING)
def test_the_networks_probed_are_those_that_were_trained(name):
    study: Study = studies.get(name)
    assert study.base
    trained = {record.config: record.final["test_error"] for record in own(study.base)}
    for record in own(name):  # weights were rounded to half precision in between
        if record.config in trained:
            error = record.final["test_error"]
            assert error == pytest.approx(trained[record.config], abs=0.25), record.config.name


def with_error(made: list[Record], arch: str, depth: int, **final: float) -> list[Record]:
    """The same records, but for one network's results, each seed's a little apart."""
    changed = []
    for record in made:
        if (record.arch, record.depth) == (arch, depth):
            apart = {metric: value + 0.1 * record.seed for metric, value in final.items()}
            record = replace(record, final={**record.final, **apart})
        changed.append(record)
    return changed


def test_degradation_would_be_denied_if_the_deep_plain_network_trained_well():
    made = with_error(own("degradation"), "plain", 56, train_error=40.0, test_error=45.0)
    verdicts = {judgement.verdict for judgement in studies.get("degradation").judge(made)}
    assert verdicts == {Verdict.FAILS}


def test_the_head_norm_would_be_no_control_if_it_changed_nothing():
    study = studies.get("head_norm")
    degradation = {record.config: record for record in own("degradation")}
    made = list(degradation.values())
    for record in own("head_norm"):
        twin = degradation[replace(record.config, variant="")]
        made.append(replace(record, final=twin.final, curves=twin.curves))
    first = study.judge(made)[0]
    assert first.claim.text.startswith("a batch norm before the head lowers")
    assert first.verdict is Verdict.FAILS


def test_fresh_seeds_decide_about_degradation():
    assert any(record.seed >= FIRST_FRESH_SEED for record in own("degradation"))
