"""Draw the README's figure from the recorded runs: python .ci/draw_readme_figure.py"""

from functools import partial
from pathlib import Path

from resnet_course import figures, runs
from resnet_course.studies import degradation

TARGET = Path(__file__).parents[1] / "book" / "assets" / "degradation.svg"


def picture() -> str:
    """The figure as SVG text, on white so that it can be read in a dark README too."""
    draw = partial(degradation.draw, records=runs.load("degradation", "laptop"))
    text = figures.svg(draw, "light", **degradation.LAYOUT)
    start = text.index(">", text.index("<svg")) + 1
    return text[:start] + '<rect width="100%" height="100%" fill="#fff"/>' + text[start:] + "\n"


if __name__ == "__main__":
    TARGET.write_text(picture())
    print(TARGET)
