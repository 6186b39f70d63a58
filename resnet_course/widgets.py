"""Widgets that move on a static page: every frame is in the page, and the browser does the moving."""

from collections.abc import Mapping, Sequence

from .figures import Exhibit


def frames(exhibits: Mapping[str, Exhibit], label: str, start: int = 0):
    """A slider over labelled exhibits, by mouse, touch and arrow keys; needs no kernel once drawn.

    >>> frames({"20 layers": …, "56 layers": …}, "depth")

    Raises ValueError when there is nothing to show.
    """
    import ipywidgets as w

    if not exhibits:
        raise ValueError("a slider needs at least one frame to show")
    names = list(exhibits)
    slider = w.SelectionSlider(options=names, index=start, description=label, layout=w.Layout(width="100%"))
    stack = w.Stack([picture(exhibits[name]) for name in names], selected_index=start)
    w.jslink((slider, "index"), (stack, "selected_index"))
    return w.VBox([slider, stack])


def picture(exhibit: Exhibit):
    """One exhibit as a widget: its light and dark drawings and its caption."""
    import ipywidgets as w

    return w.HTML(f'<figure class="exhibit">{exhibit.pictures()}<figcaption>{exhibit.caption}</figcaption></figure>')


def side_by_side(children: Sequence):
    """Widgets in a row that wraps on a narrow screen."""
    import ipywidgets as w

    return w.HBox(list(children), layout=w.Layout(flex_flow="row wrap"))
