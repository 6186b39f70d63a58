"""Pieces of HTML and XML, written from templates: whatever goes in is escaped there, once.

The templates lie in book/templates/fragments/ and are named for what they draw.
"""

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from book.sphinxext.project import BOOK

FOLDER = BOOK / "templates" / "fragments"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def fragment(name: str, values: Mapping[str, object]) -> str:
    """The template `name` with `values` in their places.

    Raises:
        jinja2.UndefinedError: the template names a value that was not given.
    """
    return _environment().get_template(name).render(values)
