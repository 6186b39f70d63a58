"""The README's figure shows what the records say."""

from tools import readme_figure


def test_the_figure_of_the_readme_is_drawn_from_the_records():
    drawn = readme_figure.picture()
    assert readme_figure.TARGET.read_text() == drawn, "run `python -m tools.readme_figure`"


def test_the_figure_can_be_read_on_a_dark_page():
    picture = readme_figure.picture()
    assert picture.index(readme_figure.WHITE) < picture.index("<path"), "white lies under the rest"
