"""From records to pages: what is recorded is shown as it is, what is not stops the build."""

import html
import math
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from book.sphinxext.notebooks import chapters
from book.sphinxext.project import ROOT
from book.sphinxext.records import evidence, ledger, measured
from resnet_course import records, studies
from resnet_course.records import Verdict

LEDGER = ledger.ledger()
SETTLED = [row for row in LEDGER if row.verdict != "not settled yet"]
RUN = [row for row in SETTLED if row.study]
CITED = [row for row in SETTLED if not row.study]


def number(row: ledger.LedgerRow) -> str:
    """A row's name among the tests."""
    return str(row.number)


def page(folder: Path, text: str) -> str:
    """`text` as a page of a book with these extensions, as HTML. Raises what the build raises."""
    (folder / "index.md").write_text(f"# Page\n\n{text}\n", encoding="utf-8")
    settings = {
        "extensions": ["myst_parser", measured.__name__],
        "html_theme": "basic",
        "myst_enable_extensions": ["deflist"],
    }
    out = folder / "out"
    app = Sphinx(folder, None, out, out / "trees", "html", settings, status=None, warning=None)
    app.build()
    return (out / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def build(tmp_path):
    return lambda text: page(tmp_path, text)


def test_a_number_is_the_mean_over_seeds_of_the_records():
    chosen = records.load("degradation", "laptop", arch="plain", depth=56)
    stats = records.summarise(record.final["train_error"] for record in chosen)
    assert measured.measured("degradation laptop plain 56 train_error") == str(stats)


def test_small_numbers_can_ask_for_their_digits():
    shown = measured.measured("residual_block laptop residual 64 copy_error .1e")
    mean, std = (float(part) for part in shown.split(" ± "))
    assert math.isclose(mean, 0.026, rel_tol=0.5)
    assert std > 0


def test_a_number_of_a_changed_network_names_the_change():
    shown = measured.measured("block_anatomy laptop residual 20 test_error variant=zero-init")
    chosen = records.load("block_anatomy", "laptop", depth=20, variant="zero-init")
    assert shown == str(records.summarise(record.final["test_error"] for record in chosen))


@pytest.mark.parametrize(
    "words",
    [
        "degradation laptop plain 56 train_error variant=zero-init",
        "degradation laptop plain 57 train_error",
        "degradation yesterday plain 56 train_error",
        "degradation laptop plain 56 happiness",
        "degradation laptop plain deep train_error",
        "degradation laptop plain",
        "degradation laptop plain 56 train_error colour=red",
    ],
)
def test_a_number_nobody_measured_stops_the_build(build, words):
    with pytest.raises(ExtensionError, match="index, line"):
        build(f"Error {{measured}}`{words}` %.")


def test_a_measured_number_is_shown(build):
    text = build("Error {measured}`degradation laptop plain 56 train_error` %.")
    assert measured.measured("degradation laptop plain 56 train_error") in text


def test_a_figure_nobody_measured_stops_the_build(build):
    with pytest.raises(ExtensionError, match="no recorded run of degradation laptop arch=square"):
        build("```{measured-figure} degradation laptop\n:net: square\n```")


def test_a_figure_has_words_numbers_and_provenance(build):
    directive = "```{measured-figure} residual_block laptop\n:caption: Copies.\n```"
    text = html.unescape(build(directive))
    chosen = records.load("residual_block", "laptop")
    assert studies.get("residual_block").summary(chosen).split(",")[0] in text
    assert studies.get("residual_block").figure(chosen).provenance in text
    assert "<figcaption>Copies.</figcaption>" in text


def test_the_hardware_table_has_every_recorded_study(build):
    text = build("```{hardware}\n```")
    recorded = evidence.recorded_tiers()
    assert {one.study for one in recorded} >= {"degradation", "residual_block", "trained_depth"}
    for one in recorded:
        assert f"<td>{evidence.in_words(one.computing.seconds)}</td>" in text


def test_the_table_of_notebooks_has_every_chapter():
    assert [row[0] for row in measured.notebook_rows()] == [one.path.stem for one in chapters()]


def test_a_run_of_the_day_is_told_to_be_of_the_day(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1796083200")  # 2026-12-01
    assert measured.age("2026-12-01") == "today"
    assert measured.age("2026-11-30") == "1 day"
    assert measured.age("2026-11-01") == "30 days"


def test_the_ledger_has_its_21_rows_in_order():
    assert [row.number for row in LEDGER] == list(range(1, 22))


@pytest.mark.parametrize("row", LEDGER, ids=number)
def test_a_row_has_an_allowed_verdict_and_says_why(row):
    assert row.verdict in ledger.VERDICTS
    assert row.claim
    assert row.why


@pytest.mark.parametrize("row", RUN, ids=number)
def test_no_claim_under_a_settled_row_is_contradicted_and_one_at_least_holds(row):
    verdicts = {judgement.verdict for judgement in evidence.judged(row.study, row.tier)}
    assert Verdict.HOLDS in verdicts
    assert Verdict.FAILS not in verdicts


@pytest.mark.parametrize("row", CITED, ids=number)
def test_a_row_settled_without_runs_names_its_source_and_a_chapter_that_checks_it(row):
    assert "{cite" in row.why
    assert row.chapter


@pytest.mark.parametrize("row", [row for row in LEDGER if row.chapter], ids=number)
def test_a_row_links_to_a_chapter_that_exists(row):
    assert (ROOT / "notebooks" / f"{row.chapter}.ipynb").exists()


@pytest.mark.parametrize("row", LEDGER, ids=number)
def test_a_card_says_verdict_and_reason(row):
    assert ledger.card(row).startswith(f"**Verdict: {row.verdict}.** {row.why}")


def test_the_table_links_every_claim_to_its_card():
    table = ledger.summary(LEDGER)
    assert all(f'<a href="#claim-{row.number}">' in table for row in LEDGER)


def test_an_unknown_verdict_is_refused(tmp_path):
    path = tmp_path / "claims.yml"
    text = ledger.CLAIMS.read_text(encoding="utf-8")
    path.write_text(text.replace("verdict: holds\n", "verdict: surely\n"), encoding="utf-8")
    with pytest.raises(ValueError, match="claim 3: verdict must be one of"):
        ledger.ledger(path)


def test_an_unknown_field_is_refused(tmp_path):
    path = tmp_path / "claims.yml"
    path.write_text("- number: 1\n  mood: good\n")
    with pytest.raises(ValueError, match=r"claim 1: missing or unknown .*mood"):
        ledger.ledger(path)
