"""Lectures made from the chapters: whole, from this machine alone, and nothing runs off a slide."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
BOTTOM = """Math.max(...[...Reveal.getCurrentSlide().children].map(
    part => part.tagName == "ASIDE" ? 0 : part.getBoundingClientRect().bottom))"""


@pytest.fixture(scope="module")
def slides():
    spec = importlib.util.spec_from_file_location("slides", ROOT / ".ci" / "slides.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(slides, tmp_path_factory):
    """The lecture of three chapters, built in an empty folder."""
    caption, paths = next(iter(slides.parts().items()))
    return slides.build(caption, paths[1:4], tmp_path_factory.mktemp("slides"))


def test_every_part_of_the_book_with_chapters_has_a_lecture(slides):
    chapters = [path.stem for paths in slides.parts().values() for path in paths]
    assert chapters == [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))]


def test_a_section_shows_its_first_words_and_formulas_and_tells_the_rest(slides):
    blocks = ["## Title", "First " * 20, "Second " * 200, "$$x$$", "Third."]
    assert slides.shown_and_told(blocks) == (["## Title", "First " * 20, "$$x$$"], ["Second " * 200, "Third."])


def test_exercises_their_hints_and_references_are_left_to_the_book(slides):
    cells = slides.from_markdown(
        "## What\n\nText.\n\n## Exercises\n\n<details>hint</details>\n\n## References\n\nA.", None
    )
    assert ["".join(cell.source) for cell in cells] == ["## What\n\nText."]


def test_a_cell_says_in_its_metadata_what_the_lecture_makes_of_it(slides):
    cell = nbformat.v4.new_code_cell("x = 1", metadata={"tags": []})
    assert slides.from_code(cell) == []
    cell = nbformat.v4.new_code_cell("x = 1", metadata={"slideshow": {"slide_type": "subslide"}})
    assert [made.source for made in slides.from_code(cell)] == ["x = 1"]


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_lecture_asks_nothing_outside_complains_of_nothing_and_fits_its_slides(browser, page, theme):
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    lecture, complaints = context.new_page(), []
    lecture.on("request", lambda r: r.url.startswith(("file:", "data:", "blob:")) or complaints.append(r.url))
    lecture.on("requestfailed", lambda r: complaints.append(f"missing: {r.url[:80]}"))
    lecture.on("console", lambda m: m.type == "error" and complaints.append(m.text))
    lecture.on("pageerror", lambda error: complaints.append(str(error)))
    lecture.goto(f"{page.as_uri()}?theme={theme}", wait_until="load")
    lecture.wait_for_function("window.Reveal && Reveal.isReady() && document.querySelector('.noUi-handle')")
    paper = lecture.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(20, 24, 29)") == (theme == "dark")
    total, too_tall = lecture.evaluate("Reveal.getTotalSlides()"), []
    for number in range(total):
        bottom = lecture.evaluate(BOTTOM)
        if bottom > 720:
            too_tall.append((number, bottom))
        lecture.evaluate("Reveal.next()")
    assert total > 30
    assert too_tall == []
    assert complaints == []
    context.close()


@pytest.mark.browser
def test_arrow_keys_move_a_slider_that_has_the_focus_and_not_the_lecture(browser, page):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    lecture = context.new_page()
    lecture.goto(page.as_uri())
    lecture.locator(".noUi-handle").first.wait_for(state="attached")
    slides_of = "[...document.querySelectorAll('.slides section:not(.stack)')]"
    number = lecture.evaluate(f"{slides_of}.findIndex(s => s.querySelector('.noUi-handle'))")
    for _ in range(number):
        lecture.evaluate("Reveal.next()")
    here = lecture.evaluate("JSON.stringify(Reveal.getIndices())")
    before = lecture.locator("section.present figcaption").filter(visible=True).last.inner_text()
    lecture.locator("section.present .noUi-handle").filter(visible=True).focus()
    lecture.keyboard.press("ArrowRight")
    lecture.wait_for_timeout(150)
    assert lecture.evaluate("JSON.stringify(Reveal.getIndices())") == here
    assert lecture.locator("section.present figcaption").filter(visible=True).last.inner_text() != before
    context.close()


@pytest.mark.browser
def test_the_prose_is_in_the_speakers_notes(page):
    notes = re.findall(r'<aside class="notes">', page.read_text())
    assert len(notes) > 10
