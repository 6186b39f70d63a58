"""Sphinx extension: the repository's address, its revision and the buttons made from them are pyproject.toml's."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def project() -> dict:
    """What pyproject.toml says of the project."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def address() -> str:
    """The repository's web address."""
    return project()["urls"]["Repository"]


def revision(version: str | None = None) -> str:
    """What the book's buttons open: the tag of a release, `main` while the version is one in development (.dev)."""
    version = version or project()["version"]
    return "main" if ".dev" in version else f"v{version}"


def add_buttons(_app, config) -> None:
    """Repository, issue and launch buttons of sphinx-book-theme."""
    config.html_theme_options |= {
        "repository_url": address(),
        "repository_branch": revision(),
        "path_to_docs": "",
        "use_repository_button": True,
        "use_issues_button": True,
        "use_source_button": True,
        "launch_buttons": {
            "colab_url": "https://colab.research.google.com",
            "binderhub_url": "https://mybinder.org",
            "notebook_interface": "jupyterlab",
        },
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
