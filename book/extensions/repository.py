"""Sphinx extension: the repository's address and all buttons made from it come from pyproject.toml alone."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def address() -> str:
    """The repository's web address, as pyproject.toml has it."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]


def add_buttons(_app, config) -> None:
    """Repository, issue and launch buttons of sphinx-book-theme."""
    config.html_theme_options |= {
        "repository_url": address(),
        "repository_branch": "main",
        "path_to_docs": ".",
        "use_repository_button": True,
        "use_issues_button": True,
        "use_source_button": True,
        "launch_buttons": {"colab_url": "https://colab.research.google.com", "notebook_interface": "jupyterlab"},
    }


def leave_out_thebe(app) -> None:
    """Jupyter Book adds thebe, live code from outside the site, to every page; these pages ask nobody."""
    for event, listeners in app.events.listeners.items():
        app.events.listeners[event] = [
            listener for listener in listeners if not listener.handler.__module__.startswith("sphinx_thebe")
        ]


def setup(app) -> dict:
    app.connect("config-inited", add_buttons)
    app.connect("builder-inited", leave_out_thebe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
