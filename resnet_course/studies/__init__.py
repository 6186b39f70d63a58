"""One package per chapter's experiment; each registers itself as STUDY in its __init__."""

import importlib
import pkgutil

from .study import Study

__all__ = ["Study", "get", "names"]


def names() -> list[str]:
    """The slugs of all studies, in order of the alphabet."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def get(slug: str) -> Study:
    """A study by its slug. Raises ValueError for an unknown one."""
    if slug not in names():
        raise ValueError(f"study must be one of {', '.join(names())}, got {slug!r}")
    study = importlib.import_module(f"{__name__}.{slug}").STUDY
    assert isinstance(study, Study)
    assert study.slug == slug
    return study
