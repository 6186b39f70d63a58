import re

import pytest

from resnet_course import plots
from resnet_course import records as recorded
from resnet_course.plots import Layout
from resnet_course.studies import degradation


@pytest.fixture(scope="module")
def records():
    return recorded.load("degradation", "laptop")


@pytest.fixture(scope="module")
def card(records):
    return degradation.figures.by_depth(records, caption="plain & residual")


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("mode", "page"), [("light", "#ffffff"), ("dark", "#121212")])
def test_every_colour_of_a_line_stands_out_from_its_page(mode, page):
    lines = [colour for name, colour in plots.COLOURS[mode].items() if name != "faint"]
    assert min(contrast(colour, page) for colour in lines) >= 4.5


def test_the_same_drawing_gives_the_same_bytes(records, card):
    assert degradation.figures.by_depth(records, caption="plain & residual").light == card.light


def test_light_and_dark_drawings_differ_in_colours_only(card):
    assert card.light != card.dark
    assert plots.COLOURS["dark"]["plain"][1:] in card.dark
    assert plots.COLOURS["light"]["plain"][1:] in card.light


def test_a_figure_carries_alternative_text_data_and_provenance(card, records):
    shown = card._repr_html_()
    assert shown.count(f'alt="{degradation.analysis.summary(records)}"') == 2
    assert shown.count("<tr>") == 1 + len(recorded.table(records))
    assert recorded.provenance_line(records) in shown


def test_captions_are_text_not_markup(card):
    assert "plain &amp; residual" in card._repr_html_()


def test_a_figure_is_small(card):
    assert len(card._repr_html_()) < 120_000


def test_nan_is_shown_as_a_dash():
    assert "<td>–</td>" in plots.as_table([{"std": float("nan")}])


def test_a_table_of_nothing_says_so():
    assert "No data" in plots.as_table([])


def test_an_unknown_look_is_refused():
    with pytest.raises(KeyError), plots.look("sepia"):
        pass


def test_the_look_leaves_matplotlib_as_it_was():
    import matplotlib as mpl

    before = mpl.rcParams["font.size"]
    with plots.look("dark"):
        pass
    assert mpl.rcParams["font.size"] == before


def test_values_by_name_stand_in_rows_from_the_top_down_with_their_mean():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    plots.values_by_name(axes, "#000000", {"first": [1.0, 3.0], "second": [5.0]})
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines] == [
        (2.0, 0),
        (5.0, 1),
    ]
    low, high = axes.get_ylim()
    assert low > high


def test_deeper_networks_are_drawn_stronger():
    strengths = [plots.opacity(depth, (110, 20, 56)) for depth in (20, 56, 110)]
    assert strengths == sorted(strengths)
    assert strengths[-1] == 1.0


def test_words_line_up_on_the_left_of_a_markdown_table_and_numbers_on_the_right():
    rows = [
        {
            "network": "plain",
            "layers": 20,
            "error": "56.2 ± 0.3",
            "size": "1.3 GiB",
            "start": "0.1, cold",
        }
    ]
    assert plots.as_markdown(rows).splitlines()[1] == "|:---|---:|---:|---:|:---|"


def test_a_figure_is_as_high_as_asked():
    heights = [
        re.search(r'height="([\d.]+)pt"', plots.svg(lambda *_: None, "light", Layout(height=h)))
        for h in (2, 3)
    ]
    assert [float(found[1]) for found in heights] == [144.0, 216.0]
