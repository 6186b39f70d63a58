"""Every written page is made lighter and more accessible, and nothing is done to it twice."""

import pytest
from sphinx.errors import ExtensionError

from book.sphinxext.html import icons, pictures
from book.sphinxext.html.loading import load_what_is_used
from book.sphinxext.html.postprocess import postprocess
from book.sphinxext.html.tree import parse, written

OUTLINE = "%3Csvg height=%22100pt%22 viewBox=%220 0 200 100%22%3E"
DRAWING = f"data:image/svg+xml,{OUTLINE}{'x' * 1_000}"
PAGE = f"""<html lang="en"><head>
<meta name="viewport" content="a"><meta name="viewport" content="b">
<script src="_static/scripts/fontawesome.js?x"></script>
<script src="_static/vendor/embed.js"></script>
<script src="_static/course.js"></script>
</head><body><div id="pst-primary-sidebar"></div>
<i class="fa-solid fa-bars fa-lg own"></i><img src="{DRAWING}" width="300">
<a class="headerlink" href="#x" title="Link to this heading">#</a>
<details><summary aria-label="Toggle hidden content">Show</summary></details></body></html>"""


@pytest.fixture
def page(tmp_path):
    """The page after all steps, as text."""
    return processed(PAGE, tmp_path)


def processed(page: str, root) -> str:
    tree = parse(page)
    postprocess(tree, root / "notebooks", root)
    return written(tree)


def test_steps_taken_twice_change_nothing_more(page, tmp_path):
    assert processed(page, tmp_path) == page


def test_what_no_step_concerns_is_written_as_it_was(tmp_path):
    page = '<!DOCTYPE html>\n\n<p id="a" class="b c">1 &lt; 2<br>é</p><b hidden></b><pre>\n\n</pre>'
    assert processed(page, tmp_path) == page


def test_scripts_without_a_use_are_left_out_and_the_others_wait(page):
    assert "fontawesome" not in page
    assert "embed.js" not in page
    assert '<script src="_static/course.js" defer>' in page


@pytest.mark.parametrize(
    ("body", "file", "is_loaded"),
    [
        ("<pre>code</pre>", "copybutton.js", True),
        ("<p>text</p>", "copybutton.js", False),
        ('<span class="math">x</span>', "vendor/mathjax/tex-chtml.js", True),
        ('<span class="mathematics">x</span>', "vendor/mathjax/tex-chtml.js", False),
        ('<p class="formula">x</p>', "formulas.css", True),
        ('<button class="primary-toggle">', "togglebutton.js", False),
        ("<p>text</p>", "quiz.js", True),
    ],
)
def test_a_page_loads_a_file_when_it_has_a_use_for_it(body, file, is_loaded):
    link = '<link rel="stylesheet" href="_static/{}">' if file.endswith("css") else None
    head = (link or '<script src="../_static/{}?v=1"></script>').format(file)
    tree = parse(f"<html><head>{head}</head><body>{body}</body></html>")
    load_what_is_used(tree)
    assert (file in written(tree)) == is_loaded


def test_an_icon_is_drawn_in_its_place(page):
    assert '<i class="icon own"><svg viewBox="0 0 448 512" aria-hidden="true"><path' in page


def test_an_icon_nobody_has_stops_the_build():
    with pytest.raises(ExtensionError, match="icon named residual-network"):
        icons.draw_icons(parse('<i class="fa-solid fa-residual-network"></i>'))


def test_a_picture_says_its_size(page):
    assert 'width="300" height="150"' in page


def test_a_drawing_lies_beside_the_pages_and_is_fetched_when_it_is_in_sight(tmp_path):
    tree = parse(f'<img src="{DRAWING}">')
    pictures.move_drawings(tree, tmp_path / "notebooks", tmp_path)
    (drawn,) = (tmp_path / "_images").iterdir()
    assert f'src="../_images/{drawn.name}" loading="lazy"' in written(tree)
    assert drawn.read_text().startswith('<svg height="100pt"')


def test_a_screen_reader_is_told_what_elements_are(page):
    assert 'id="pst-primary-sidebar" role="region" aria-label="The book"' in page
    assert '<a class="headerlink" href="#x" aria-label="Link to this heading">' in page
    assert "<summary>Show</summary>" in page


def test_a_page_says_its_width_once(page):
    assert page.count('name="viewport"') == 1
