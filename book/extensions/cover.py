"""Sphinx extension: the picture on the first page and the card for links, both drawn from the recorded runs.

Every line is a run: its training error, epoch by epoch. Nothing is arranged by hand but the frame around it.
"""

from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from resnet_course import figures, runs

STUDY, TIER, METRIC = "degradation", "laptop", "train_error"
WIDE, HIGH = 960, 300
TITLE = "Residual Networks, Measured"


def lines(wide: float, high: float) -> Iterator[tuple[runs.Record, list[tuple[float, float]], float]]:
    """Each run with its points from left to right, highest error on top, and the strength of its depth."""
    records = runs.load(STUDY, TIER)
    depths = sorted({record.depth for record in records})
    errors = [value for record in records for value in record.curves[METRIC]]
    low, top = min(errors), max(errors)
    for record in records:
        steps, values = record.curves["iteration"], record.curves[METRIC]
        first, last = steps[0], steps[-1]
        points = [
            (wide * (step - first) / (last - first), high * (top - value) / (top - low))
            for step, value in zip(steps, values, strict=True)
        ]
        yield record, points, figures.strength(record.depth, depths)


def words() -> str:
    records = runs.load(STUDY, TIER)
    depths = sorted({record.depth for record in records})
    return (
        f"{len(records)} lines, one for each recorded run, fall from left to right as the networks learn. "
        f"The plain networks of {depths[-1]} layers stay at the top; the residual ones come down at every depth."
    )


def cover() -> str:
    """The picture as SVG in the page itself, in the colours of the page's theme."""
    drawn = "".join(
        f'<polyline class="of-{record.net}" opacity="{strength:.2f}" '
        f'points="{" ".join(f"{x:.1f},{y + 6:.1f}" for x, y in points)}"/>'
        for record, points, strength in lines(WIDE, HIGH - 12)
    )
    legend = '<span class="of-plain">plain</span> and <span class="of-residual">residual</span> networks'
    records = runs.load(STUDY, TIER)
    depths = sorted({record.depth for record in records})
    return (
        f'<figure class="cover"><svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{words()}">{drawn}</svg>'
        f"<figcaption>Training error of {legend} of {depths[0]} to {depths[-1]} layers, step by step. "
        f"Each line is one of {len(records)} recorded runs.</figcaption></figure>"
    )


def card(path: Path) -> None:
    """The same lines with the title, as a PNG of the size that links show."""
    from matplotlib.figure import Figure

    with figures.look("dark") as colours:
        figure = Figure(figsize=(12, 6.3), dpi=100, facecolor="#14181d")
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 0.58))
        for record, points, strength in lines(1, 1):
            xs, ys = zip(*points, strict=True)
            axes.plot(xs, [1 - y for y in ys], color=colours[record.net], alpha=strength, linewidth=2.5)
        axes.set_xlim(0, 1)
        axes.axis("off")
        figure.text(0.05, 0.80, TITLE, fontsize=40, fontweight="bold", color=colours["ink"])
        figure.text(
            0.05, 0.68, "Every claim is an experiment you can run.", fontsize=22, color=colours["ink"], alpha=0.8
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="png", metadata={"Software": None})


class Cover(SphinxDirective):
    def run(self):
        return [nodes.raw("", cover(), format="html")]


def draw_card(app, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        card(Path(app.outdir) / "_static" / "card.png")


def setup(app) -> dict:
    app.add_directive("cover", Cover)
    app.connect("build-finished", draw_card)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
