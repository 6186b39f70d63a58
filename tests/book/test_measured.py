"""The bridge from records to pages: what is recorded is shown as it is, and what is not stops the build."""

import html
import importlib.util
import math
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="needs the book extra")

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from resnet_course import lab, runs

EXTENSIONS = Path(__file__).parents[2] / "book" / "extensions"
sys.path.append(str(EXTENSIONS))
spec = importlib.util.spec_from_file_location("measured", EXTENSIONS / "measured.py")
measured = importlib.util.module_from_spec(spec)
spec.loader.exec_module(measured)

LEDGER = measured.ledger()
SETTLED = [row for row in LEDGER if row["verdict"] != "not settled yet"]


def page(folder: Path, text: str) -> str:
    """`text` as a page of a book with this extension, as HTML. Raises what the build raises."""
    (folder / "index.md").write_text(f"# Page\n\n{text}\n", encoding="utf-8")
    settings = {
        "extensions": ["myst_parser", "measured"],
        "html_theme": "basic",
        "myst_enable_extensions": ["deflist"],
    }
    out = folder / "out"
    app = Sphinx(folder, None, out, out / "trees", "html", settings, status=None, warning=None)
    app.build()
    return (out / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def build(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(EXTENSIONS)
    return lambda text: page(tmp_path, text)


def test_a_number_is_the_mean_over_seeds_of_the_records():
    errors = [record.final["train_error"] for record in runs.load("degradation", "laptop", net="plain", depth=56)]
    stats = runs.stats(errors)
    assert measured.measured("degradation", "laptop", "plain", "56", "train_error") == str(stats)


def test_small_numbers_can_ask_for_their_digits():
    shown = measured.measured("residual_block", "laptop", "residual", "64", "copy_error", ".1e")
    mean, std = (float(part) for part in shown.split(" ± "))
    assert math.isclose(mean, 0.026, rel_tol=0.5)
    assert std > 0


def test_a_number_of_a_changed_network_names_the_change():
    shown = measured.measured("block_anatomy", "laptop", "residual", "20", "test_error", "variant=zero-init")
    records = runs.load("block_anatomy", "laptop", depth=20, variant="zero-init")
    assert shown == str(runs.stats(record.final["test_error"] for record in records))


@pytest.mark.parametrize(
    "words",
    [
        "degradation laptop plain 56 train_error variant=zero-init",
        "degradation laptop plain 57 train_error",
        "degradation yesterday plain 56 train_error",
        "degradation laptop plain 56 happiness",
        "degradation laptop plain deep train_error",
        "degradation laptop plain",
    ],
)
def test_a_number_nobody_measured_stops_the_build(build, words):
    with pytest.raises(ExtensionError, match="index, line"):
        build(f"Error {{measured}}`{words}` %.")


def test_a_measured_number_is_shown(build):
    text = build("Error {measured}`degradation laptop plain 56 train_error` %.")
    assert measured.measured("degradation", "laptop", "plain", "56", "train_error") in text


def test_a_figure_nobody_measured_stops_the_build(build):
    with pytest.raises(ExtensionError, match="no recorded run of degradation laptop net=square"):
        build("```{measured-figure} degradation laptop\n:net: square\n```")


def test_a_figure_has_words_numbers_and_provenance(build):
    text = html.unescape(build("```{measured-figure} residual_block laptop\n:caption: Copies.\n```"))
    records = runs.load("residual_block", "laptop")
    assert lab.study("residual_block").finding(records).split(",")[0] in text
    assert runs.provenance_line(records) in text
    assert "<figcaption>Copies.</figcaption>" in text


def test_the_hardware_table_has_every_recorded_study(build):
    text = build("```{hardware}\n```")
    assert {row["study"] for row in measured.hardware()} >= {"degradation", "residual_block", "trained_depth"}
    assert all(f"<td>{row['computing']}</td>" in text for row in measured.hardware())


def test_the_ledger_has_its_21_rows_in_order():
    assert [row["number"] for row in LEDGER] == list(range(1, 22))


@pytest.mark.parametrize("row", LEDGER, ids=lambda row: str(row["number"]))
def test_a_row_has_an_allowed_verdict_and_says_why(row):
    assert row["verdict"] in measured.VERDICTS
    assert row["claim"]
    assert row["why"]


@pytest.mark.parametrize("row", [row for row in SETTLED if row["study"]], ids=lambda row: str(row["number"]))
def test_a_settled_row_rests_on_records_that_show_it(row):
    records = runs.load(row["study"], row["tier"])
    groups = runs.over_seeds(records, next(iter(records[0].final)), runs.told_apart_by(records))
    assert min(stats.n for stats in groups.values()) >= 3
    claims = lab.study(row["study"]).holds(records)
    assert all(claims.values()), claims


@pytest.mark.parametrize("row", [row for row in SETTLED if not row["study"]], ids=lambda row: str(row["number"]))
def test_a_row_settled_without_runs_names_its_source_and_a_chapter_that_checks_it(row):
    assert "{cite" in row["why"]
    assert row["chapter"]


@pytest.mark.parametrize("row", [row for row in LEDGER if row["chapter"]], ids=lambda row: str(row["number"]))
def test_a_row_links_to_a_chapter_that_exists(row):
    assert (EXTENSIONS.parents[1] / "notebooks" / f"{row['chapter']}.ipynb").exists()


@pytest.mark.parametrize("row", LEDGER, ids=lambda row: str(row["number"]))
def test_a_card_shows_claim_and_verdict(row):
    text = measured.card(row)
    assert f'id="claim-{row["number"]}"' in text
    assert f"**Verdict: {row['verdict']}.**" in text


def test_an_unknown_verdict_is_refused(tmp_path):
    path = tmp_path / "claims.yml"
    path.write_text(measured.CLAIMS.read_text(encoding="utf-8").replace("verdict: holds\n", "verdict: surely\n"))
    with pytest.raises(ValueError, match="claim 3: verdict must be one of"):
        measured.ledger(path)


def test_an_unknown_field_is_refused(tmp_path):
    path = tmp_path / "claims.yml"
    path.write_text("- number: 1\n  mood: good\n")
    with pytest.raises(ValueError, match=r"claim 1: missing or unknown .*mood"):
        measured.ledger(path)
