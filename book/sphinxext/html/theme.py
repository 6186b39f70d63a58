"""Sphinx extension: what the theme is told about the book: its address, its buttons, its foot."""

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata

from book.sphinxext.project import address, book_address, build_day, revision, version

COLAB = "https://colab.research.google.com"
BINDER = "https://mybinder.org"
FOOT = "Every measured number on these pages is read from a recorded run when the book is built."
HEADER = ("toggle-primary-sidebar", "back-to-top")
AFTER_JUPYTER_BOOK = 900


def foot() -> str:
    """The last line of every page: version and day of the build, and where to hear of changes."""
    news = f'<a href="{book_address()}/feed.xml">Feed of changes</a>'
    return f"{FOOT} Version {version()}, built on {build_day()}. {news}."


def set_options(_app: Sphinx, config: Config) -> None:
    """Repository, issue and launch buttons, the book's name beside its logo, and the foot."""
    config.html_theme_options |= {
        "repository_url": address(),
        "repository_branch": revision(),
        "path_to_docs": "",
        "use_repository_button": True,
        "use_issues_button": True,
        "use_source_button": True,
        "launch_buttons": {
            "colab_url": COLAB,
            "binderhub_url": BINDER,
            "notebook_interface": "jupyterlab",
        },
        "logo": {"text": config.html_title, "alt_text": ""},
        "extra_footer": foot(),
        "back_to_top_button": False,  # the theme's covers what stands at the bottom of a window
        "article_header_start": [f"components/{name}.html" for name in HEADER],
    }


def leave_out_thebe(app: Sphinx) -> None:
    """Jupyter Book adds thebe, live code from outside the site; these pages ask nobody."""
    for event, listeners in app.events.listeners.items():
        app.events.listeners[event] = [
            listener
            for listener in listeners
            if not listener.handler.__module__.startswith("sphinx_thebe")
        ]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Set the options once Jupyter Book has set its own."""
    app.connect("config-inited", set_options, priority=AFTER_JUPYTER_BOOK)
    app.connect("builder-inited", leave_out_thebe)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
