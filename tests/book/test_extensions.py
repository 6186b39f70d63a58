"""What the book's own extensions make of notebooks and pages, without building the book."""

import copy
import importlib
import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="needs the book extra")
ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "book" / "extensions"))
addresses, cover, formulas, furniture, glossary, measured, mended, sliders, styles = (
    importlib.import_module(name)
    for name in ("addresses", "cover", "formulas", "furniture", "glossary", "measured", "mended", "sliders", "styles")
)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
DEGRADATION = json.loads((ROOT / "notebooks" / "03_degradation.ipynb").read_text(encoding="utf-8"))
CONFIG = (ROOT / "_config.yml").read_text(encoding="utf-8")
DRAWING = "data:image/svg+xml," + "%3Csvg height=%22100pt%22 viewBox=%220 0 200 100%22%3E" + "x" * 1_000


@pytest.fixture
def stored():
    return copy.deepcopy(DEGRADATION)


def outputs(notebook: dict) -> str:
    return json.dumps([cell.get("outputs") for cell in notebook["cells"]])


def test_a_slider_becomes_a_range_input_with_every_frame(stored):
    made = outputs(sliders.without_runtime(stored))
    assert made.count('type=\\"range\\"') == 1
    assert made.count('class=\\"frame\\"') == 5
    assert made.count(" hidden>") == 4
    assert sliders.VIEW not in made
    assert "widgets" not in stored["metadata"]


def test_a_widget_of_other_parts_keeps_its_runtime(stored):
    state = stored["metadata"]["widgets"][sliders.STATE]["state"]
    for model in state.values():
        if model["model_name"] == "SelectionSliderModel":
            model["model_name"] = "FloatSliderModel"
    made = outputs(sliders.without_runtime(stored))
    assert made.count(sliders.VIEW) == 1
    assert "widgets" in stored["metadata"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_chapter_needs_the_widget_runtime(path):
    made = sliders.without_runtime(json.loads(path.read_text(encoding="utf-8")))
    assert sliders.VIEW not in outputs(made)


def test_a_page_is_mended_once(tmp_path):
    page = (
        '<html lang="en"><head><script src="_static/scripts/fontawesome.js?x"></script>\n'
        '<script src="_static/vendor/embed.js"></script>\n<script src="_static/course.js"></script>\n</head>'
        f'<body><i class="fa-solid fa-bars"></i><img src="{DRAWING}" width="300">'
        '<summary aria-label="Toggle hidden content">Show</summary></body></html>'
    )
    once = mended.mend(page, tmp_path / "notebooks", tmp_path)
    assert mended.mend(once, tmp_path / "notebooks", tmp_path) == once
    assert "fontawesome" not in once
    assert "embed.js" not in once
    assert '<script defer src="_static/course.js">' in once
    assert '<i class="icon"><svg viewBox="0 0 448 512"' in once
    assert 'width="300" height="150"' in once
    assert 'data-theme="light"' in once
    assert "aria-label" not in once


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        ("<p>57.7 ± 0.9 % in Table 6</p>", "<p>57.7&nbsp;±&nbsp;0.9&nbsp;% in Table&nbsp;6</p>"),
        ("<span>57.7</span> % of", "<span>57.7</span>&nbsp;% of"),
        ("<pre>5 % 2 ± 1</pre>", "<pre>5 % 2 ± 1</pre>"),
    ],
)
def test_a_number_stays_on_one_line_with_what_belongs_to_it(page, kept):
    assert mended.keep_together(page) == mended.keep_together(kept) == kept


def test_a_drawing_lies_beside_the_pages_and_is_fetched_when_it_comes_into_sight(tmp_path):
    page = mended.own_files(f'<img src="{DRAWING}">', tmp_path / "notebooks", tmp_path)
    (drawn,) = (tmp_path / "_images").iterdir()
    assert f'src="../_images/{drawn.name}" loading="lazy"' in page
    assert drawn.read_text().startswith('<svg height="100pt"')


def test_an_icon_nobody_has_stops_the_build():
    with pytest.raises(Exception, match="icon named residual-network"):
        mended.draw_icons('<i class="fa-solid fa-residual-network"></i>')


@pytest.mark.parametrize(
    ("css", "left"),
    [
        (".a{b:c}.x{d:e}", ".a{b:c}"),
        (".a, .x .a{b:c}", ".a{b:c}"),
        ("a:not(.x):hover{b:c}", "a:not(.x):hover{b:c}"),
        ("@media print{.x{b:c}}@media screen{.a{b:c}}", "@media screen{.a{b:c}}"),
        ('@charset "utf-8";p{b:c}', '@charset "utf-8";p{b:c}'),
        (
            "@font-face{font-family:'Font Awesome 6 Free'}@keyframes x{from{b:c}to{d:e}}",
            "@keyframes x{from{b:c}to{d:e}}",
        ),
    ],
)
def test_a_rule_stays_when_a_page_can_use_it(css, left):
    assert styles.thinned(css, {"a"}) == left


def test_a_sheet_has_the_sheets_it_imports_in_their_place(tmp_path):
    (tmp_path / "_static" / "styles").mkdir(parents=True)
    (tmp_path / "_static" / "basic.css").write_text("b{c:url(x.png)}")
    (tmp_path / "_static" / "styles" / "theme.css").write_text('@import "../basic.css";\np{q:url(../y.png)}')
    assert styles.whole(tmp_path, "_static/styles/theme.css").split() == ["b{c:url(x.png)}", "p{q:url(y.png)}"]


def test_a_kept_formula_is_shown_and_another_is_left_to_mathjax():
    (known, _), *_ = formulas.kept()["inline"].items()
    page = '<span class="math notranslate nohighlight">\\({}\\)</span>'
    assert "mjx-container" in formulas.set_formulas(page.format(known))
    assert formulas.set_formulas(page.format("q^{17}")) == page.format("q^{17}")
    assert formulas.used(page.format("q^{17}")) == {("q^{17}", False)}
    assert formulas.used(formulas.set_formulas(page.format(known))) == {(known, False)}


def test_every_formula_speaks_mathml():
    made = [text for kind in formulas.kept().values() for text in kind.values()]
    assert made
    assert all("<math" in text and 'aria-hidden="true"' in text for text in made)


@pytest.mark.parametrize(
    ("term", "defined"),
    [
        ("depth", ["depth"]),
        ("training error, test error", ["training error", "test error"]),
        ("options A, B, C", ["option A", "option B", "option C"]),
    ],
)
def test_a_term_defines_its_words(term, defined):
    assert glossary.words(term) == defined


def test_a_word_is_explained_in_running_text_and_not_inside_a_link():
    from docutils import nodes
    from docutils.utils import new_document

    document = new_document("page")
    document += nodes.paragraph("", "", nodes.Text("At every depth "))
    document += nodes.paragraph(
        "", "", nodes.raw("", '<a href="#x">'), nodes.Text("some depth"), nodes.raw("", "</a>")
    )
    document += nodes.paragraph("", "", nodes.literal("", "depth"), nodes.reference("", "depth", refuri="#x"))
    assert [str(text) for text in glossary.places(document)] == ["At every depth "]


def test_costs_are_added_up_from_the_records_a_chapter_names():
    (cost,) = furniture.recorded_costs('lab.replay("degradation", "laptop", net="plain")')
    assert cost.startswith("laptop tier: 30 recorded runs, ")
    assert furniture.recorded_costs("no records here") == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_notebook_tells_how_long_it_ran(path):
    seconds, day = furniture.stored_run(json.loads(path.read_text(encoding="utf-8")))
    assert seconds > 0
    assert day >= "2026"


def test_the_table_of_notebooks_has_every_chapter():
    assert [row["notebook"] for row in measured.notebooks()] == [path.stem for path in NOTEBOOKS]


def test_the_feed_has_an_entry_for_every_section_of_the_changelog():
    text = addresses.feed(
        "# Changelog\n\n## 0.2.0, 2026-12-01\n\n- `new` & old\n\n## 0.1.0\n\n- first\n", "2026-11-24"
    )
    entries = ElementTree.fromstring(text).findall("{*}entry")
    assert [entry.find("{*}title").text for entry in entries] == ["0.2.0, 2026-12-01", "0.1.0"]
    assert entries[0].find("{*}updated").text.startswith("2026-12-01")
    assert "&amp; old" in entries[0].find("{*}content").text


def test_the_map_lists_every_page_where_the_book_is_published():
    listed = ElementTree.fromstring(addresses.sitemap(["book/intro.html"])).findall("{*}url/{*}loc")
    assert [place.text for place in listed] == [f"{furniture.public_address()}/book/intro.html"]


def test_the_cover_has_a_line_for_every_recorded_run():
    assert cover.cover().count("<polyline") == len(cover.runs.load(cover.STUDY, cover.TIER))


def test_the_card_has_the_size_that_links_show(tmp_path):
    cover.card(tmp_path / "card.png")
    assert mended.size_of("card.png", tmp_path) == (1200, 630)


def test_every_extension_is_loaded():
    helpers = {"formulas", "styles", "in_page", "typesetting"}  # used by others
    for path in (ROOT / "book" / "extensions").glob("*.py"):
        assert path.stem in helpers or f"    {path.stem}: book/extensions" in CONFIG, path.stem
