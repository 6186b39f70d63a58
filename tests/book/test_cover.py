"""The pictures of the first page and of links are drawn from the recorded runs."""

from PIL import Image

from book.sphinxext.html.pictures import Size, size
from book.sphinxext.records import cover, evidence


def test_the_cover_has_a_line_for_every_recorded_run():
    curves = evidence.training_curves(cover.STUDY, cover.TIER, cover.METRIC)
    assert cover.cover().count("<polyline") == len(curves)


def test_the_card_has_the_size_that_links_show(tmp_path):
    cover.write_card(tmp_path / "card.png")
    assert size("card.png", tmp_path) == Size(1200, 630)


def test_nothing_shines_through_the_card(tmp_path):
    cover.write_card(tmp_path / "card.png")
    opacities = Image.open(tmp_path / "card.png").convert("RGBA").getchannel("A")
    assert opacities.getextrema() == (255, 255)
