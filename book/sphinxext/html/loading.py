"""Pages load what they have a use for, and nothing makes them wait: scripts come after the page."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag

from book.sphinxext.html.tree import attribute, classes, elements, remove

WIDGETS = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class Contents:
    """What a page's body is made of: names of elements, classes, and types of scripts."""

    names: frozenset[str]
    classes: frozenset[str]
    script_types: frozenset[str]

    def has_class(self, *wanted: str) -> bool:
        """Whether some element has one of these classes."""
        return bool(self.classes.intersection(wanted))


def contents(body: Tag) -> Contents:
    """What an element and all that stands in it are made of."""
    names: set[str] = set()
    all_classes: set[str] = set()
    script_types: set[str] = set()
    for element in elements(body):
        names.add(element.name)
        all_classes.update(classes(element))
        if element.name == "script":
            script_types.add(attribute(element, "type"))
    return Contents(frozenset(names), frozenset(all_classes), frozenset(script_types))


def never(_page: Contents) -> bool:
    """For what no page has a use for."""
    return False


def code(page: Contents) -> bool:
    """For pages with code to copy."""
    return "pre" in page.names


def design(page: Contents) -> bool:
    """For pages with elements of sphinx-design."""
    return any(name.startswith("sd-") for name in page.classes)


def toggles(page: Contents) -> bool:
    """For pages with something to unfold that is no `details`."""
    return page.has_class("toggle", "dropdown")


# Files of the theme and of extensions, by the beginning of their names, and which pages use them.
USES: dict[str, Callable[[Contents], bool]] = {
    "fontawesome": never,
    "sphinx-thebe": never,
    "togglebutton": toggles,
    "sphinx-design": design,
    "design-tabs": lambda page: page.has_class("sd-tab-set", "sd-tab-label"),
    "copybutton": code,
    "clipboard": code,
    "mystnb": lambda page: page.has_class("cell"),
    "embed": lambda page: WIDGETS in page.script_types,
    "tex-chtml": lambda page: page.has_class("math"),
    "formulas": lambda page: page.has_class("formula"),
}
AT_ONCE = "documentation_options"  # scripts in the page itself read it while the page is read


def load_what_is_used(page: BeautifulSoup) -> None:
    """Leave out scripts and styles that the page has no use for; the other scripts wait."""
    if page.body is None:
        return
    there = contents(page.body)
    for element in list(page.find_all(["script", "link"])):
        name = file_name(element)
        if name and not is_used(name, there):
            remove(element)
        elif element.name == "script" and name and not name.startswith(AT_ONCE):
            wait(element)


def file_name(element: Tag) -> str:
    """The name of the script or style sheet that an element loads; nothing where it loads none."""
    source = attribute(element, "src")
    if element.name == "link" and "stylesheet" in attribute(element, "rel").split():
        source = attribute(element, "href")
    return PurePosixPath(urlsplit(source).path).name


def is_used(name: str, page: Contents) -> bool:
    """Whether a page uses a file."""
    return all(uses(page) for start, uses in USES.items() if name.startswith(start))


def wait(script: Tag) -> None:
    """Let a script wait until the page has been read, unless it says when it comes."""
    if not script.has_attr("defer") and not script.has_attr("async"):
        script["defer"] = ""
