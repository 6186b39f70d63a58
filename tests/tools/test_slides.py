"""Lectures made from the chapters: whole, from this machine alone, and nothing runs off a slide."""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page

from tools import ROOT, ToolError
from tools.browser import PATIENCE
from tools.slides import cells, lecture
from tools.slides.__main__ import chapters_by_part, index, main

HEIGHT = 720  # pixels of a slide
BOTTOM = """Math.max(...[...Reveal.getCurrentSlide().children].map(
    part => part.tagName == "ASIDE" ? 0 : part.getBoundingClientRect().bottom))"""
SLIDER = ".noUi-handle"
SLIDES_BEFORE_THE_SLIDER = """[...document.querySelectorAll('.slides section:not(.stack)')]
    .findIndex(slide => slide.querySelector('.noUi-handle'))"""
POSITION = "JSON.stringify(Reveal.getIndices())"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lecture of three chapters, built in an empty folder."""
    caption, notebooks = next(iter(chapters_by_part().items()))
    return lecture.write(caption, notebooks[1:4], tmp_path_factory.mktemp("slides"))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page of a machine without a network."""
    context = browser.new_context(viewport={"width": 1280, "height": HEIGHT}, offline=True)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def complaints_of(page: Page) -> list[str]:
    """What a page asks for outside, misses, or complains of, from now on."""
    heard: list[str] = []
    page.on(
        "request",
        lambda request: (
            request.url.startswith(("file:", "data:", "blob:")) or heard.append(request.url)
        ),
    )
    page.on("requestfailed", lambda request: heard.append(f"missing: {request.url[:80]}"))
    page.on("console", lambda message: message.type == "error" and heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def bottoms(page: Page) -> list[float]:
    """Where the lowest thing on each slide of an open lecture ends, in pixels from the top."""
    lowest = []
    for _ in range(page.evaluate("Reveal.getTotalSlides()")):
        lowest.append(page.evaluate(BOTTOM))
        page.evaluate("Reveal.next()")
    return lowest


def test_every_chapter_is_in_a_lecture():
    chapters = [path for notebooks in chapters_by_part().values() for path in notebooks]
    assert chapters == sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def test_an_unknown_part_is_named_with_those_that_there_are():
    with pytest.raises(ToolError, match=r"no part is called Nothing; there are: .*layers"):
        main(["Nothing"])


def test_the_index_lists_each_lecture():
    assert '<a href="a-b.html">A &amp; B</a>' in index({"A & B": Path("anywhere/a-b.html")})


def test_a_section_shows_its_first_words_and_formulas_and_keeps_the_rest_for_the_notes():
    blocks = ["## Title", "First " * 20, "Second " * 200, "$$x$$", "Third."]
    shown = ("## Title", "First " * 20, "$$x$$")
    assert cells.divided(blocks) == cells.Section(shown, ("Second " * 200, "Third."))


def test_prose_without_a_heading_is_kept_for_the_notes():
    assert cells.divided(["Words.", "| a |"]) == cells.Section(("| a |",), ("Words.",))


def test_exercises_their_hints_and_references_are_left_to_the_book():
    prose = "## What\n\nText.\n\n## Exercises\n\n<details>hint</details>\n\n## References\n\nA."
    assert [cell.source for cell in cells.from_prose(prose)] == ["## What\n\nText."]


def test_a_cell_without_output_is_no_slide():
    assert cells.from_cell(nbformat.v4.new_code_cell("x = 1")) == []


def test_a_cell_says_in_its_metadata_that_it_is_a_slide():
    metadata = {"slideshow": {"slide_type": "subslide"}}
    cell = nbformat.v4.new_code_cell("x = 1", metadata=metadata)
    assert [made.source for made in cells.from_cell(cell)] == ["x = 1"]


def test_a_cell_says_in_its_metadata_that_it_is_left_out():
    metadata = {"slideshow": {"slide_type": "skip"}}
    assert cells.from_cell(nbformat.v4.new_markdown_cell("Text.", metadata=metadata)) == []


def test_a_chapter_keeps_its_cells_as_they_were():
    output = nbformat.v4.new_output("stream", name="stderr", text="a warning")
    cell = nbformat.v4.new_code_cell("x = 1", outputs=[output])
    cells.from_cell(cell)
    assert cell.outputs == [output]


def test_the_prose_is_in_the_speakers_notes(file):
    assert len(re.findall(r'<aside class="notes">', file.read_text())) > 10


@pytest.mark.browser
@pytest.mark.parametrize(("theme", "paper"), [("light", 255), ("dark", 20)])
def test_a_lecture_is_drawn_in_the_colours_asked_for(page, file, theme, paper):
    page.goto(f"{file.as_uri()}?theme={theme}")
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour.startswith(f"rgb({paper}, ")


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_lecture_asks_nothing_outside_and_complains_of_nothing(page, file, theme):
    complaints = complaints_of(page)
    page.goto(f"{file.as_uri()}?theme={theme}")
    page.wait_for_selector(SLIDER, state="attached")
    bottoms(page)
    assert complaints == []


@pytest.mark.browser
def test_nothing_runs_off_a_slide(page, file):
    page.goto(file.as_uri())
    page.wait_for_selector(SLIDER, state="attached")
    lowest = bottoms(page)
    assert len(lowest) > 30
    assert max(lowest) <= HEIGHT


@pytest.mark.browser
def test_arrow_keys_move_a_slider_that_has_the_focus_and_not_the_lecture(page, file):
    page.goto(file.as_uri())
    page.wait_for_selector(SLIDER, state="attached")
    for _ in range(page.evaluate(SLIDES_BEFORE_THE_SLIDER)):
        page.evaluate("Reveal.next()")
    position = page.evaluate(POSITION)
    captions = page.locator("section.present figcaption").filter(visible=True)
    before = captions.last.inner_text()
    page.locator(f"section.present {SLIDER}").filter(visible=True).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "before => [...document.querySelectorAll('section.present figcaption')]"
        ".filter(caption => caption.offsetParent).at(-1).innerText != before",
        arg=before,
    )
    assert page.evaluate(POSITION) == position
