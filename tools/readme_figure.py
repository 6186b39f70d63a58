"""Draw the README's figure from the recorded runs.

python -m tools.readme_figure
"""

from urllib.parse import unquote

from resnet_course import records
from resnet_course.studies import degradation
from tools import ROOT, run

TARGET = ROOT / "book" / "assets" / "degradation.svg"
WHITE = '<rect width="100%" height="100%" fill="#fff"/>'


def picture() -> str:
    """The figure as SVG text, on white so that it can be read in a dark README too."""
    card = degradation.figures.by_depth(records.load("degradation", "laptop"))
    text = unquote(card.light.partition(",")[2])
    opening = text.index(">", text.index("<svg")) + 1
    return f"{text[:opening]}{WHITE}{text[opening:]}\n"


def main() -> None:
    """Write the figure in its place among the book's assets."""
    TARGET.write_text(picture(), encoding="utf-8")
    print(TARGET)


if __name__ == "__main__":
    run(main)
