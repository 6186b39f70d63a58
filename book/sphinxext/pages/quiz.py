"""Sphinx extension: the questions of quizzes.yml at the end of the pages they are about.

Which answer is right, and what is said of each, is not in plain sight in the page: the reply to an
option is masked by a keystream made of the question and the option (quiz.js has the same one). That
hides it from a glance, not from a determined reader.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.typing import ExtensionMetadata

from book.sphinxext.fragments import fragment
from book.sphinxext.project import BOOK
from book.sphinxext.typography import typeset

QUIZZES = BOOK / "quizzes.yml"
TITLE = "Check your understanding"
INTRODUCTION = "Choose, then check. Your answers are kept in this browser only."
RIGHT = "+"
WRONG = "-"
BITS_32 = 0xFFFFFFFF
FNV_BASIS = 2166136261
FNV_PRIME = 16777619
EARLY = 100  # before the table of contents is collected


@dataclass(frozen=True)
class Option:
    """One answer to choose, what is said of it, and whether it is right."""

    text: str
    feedback: str
    right: bool


@dataclass(frozen=True)
class Question:
    """A question and its options, of which one is right."""

    text: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Choice:
    """An option as the page has it: its text in plain sight, its reply masked."""

    text: str
    reply: str


@dataclass(frozen=True)
class Fieldset:
    """A question as the page has it."""

    key: str
    text: str
    choices: list[Choice]


def load(path: Path = QUIZZES) -> dict[str, list[Question]]:
    """Questions by page.

    Raises:
        ValueError: a question lacks something, has more than one right option or none, or an option
            has no feedback; the message says which.
    """
    pages = yaml.safe_load(path.read_text(encoding="utf-8"))
    quizzes: dict[str, list[Question]] = {}
    for page, entries in pages.items():
        numbered = enumerate(entries, 1)
        quizzes[page] = [
            read_question(entry, f"{path.name}, {page}, question {number}")
            for number, entry in numbered
        ]
    return quizzes


def read_question(entry: dict[str, Any], where: str) -> Question:
    """A question from its entry in the file. Raises ValueError, which begins with `where`."""
    odd = set(entry) ^ {"question", "options"}
    if odd:
        raise ValueError(f"{where}: missing or unknown {', '.join(sorted(odd))}")
    options = tuple(read_option(option, where) for option in entry["options"])
    if sum(option.right for option in options) != 1:
        raise ValueError(f"{where} needs exactly one right option")
    return Question(entry["question"], options)


def read_option(entry: dict[str, Any], where: str) -> Option:
    """An option from its entry; its feedback is set as in print here, before it is masked."""
    if not {"text", "feedback"} <= set(entry) <= {"text", "feedback", "right"}:
        raise ValueError(
            f"{where}: each option has a text and a feedback, and one of them right: true"
        )
    return Option(entry["text"], typeset(entry["feedback"]), bool(entry.get("right", False)))


def keystream(seed: str) -> Iterator[int]:
    """Bytes without end: FNV-1a of the seed starts xorshift32."""
    state = FNV_BASIS
    for byte in seed.encode():
        state = (state ^ byte) * FNV_PRIME & BITS_32
    while True:
        state ^= state << 13 & BITS_32
        state ^= state >> 17
        state ^= state << 5 & BITS_32
        yield state & 255


def masked(text: str, seed: str) -> str:
    """The UTF-8 bytes of `text` mixed with the keystream of `seed`, as base64.

    Mixed twice, they are what they were.
    """
    mixed = bytes(byte ^ key for byte, key in zip(text.encode(), keystream(seed), strict=False))
    return base64.b64encode(mixed).decode()


def fieldset(key: str, question: Question) -> Fieldset:
    """A question as the page has it; `key` is its name in the reader's browser."""
    choices = [
        Choice(option.text, masked_reply(option, f"{key}:{number}"))
        for number, option in enumerate(question.options)
    ]
    return Fieldset(key, question.text, choices)


def masked_reply(option: Option, seed: str) -> str:
    """What the page says to an option, masked: whether it is right, and its feedback."""
    sign = RIGHT if option.right else WRONG
    return masked(sign + option.feedback, seed)


def as_html(page: str, questions: list[Question]) -> str:
    """All questions of a page, and a line for the number of right answers."""
    slug = page.rsplit("/", 1)[-1].replace("_", "-")
    sets = [fieldset(f"{slug}-{number}", one) for number, one in enumerate(questions, 1)]
    return fragment("quiz.html.j2", {"introduction": INTRODUCTION, "questions": sets})


@cache
def load_or_stop() -> dict[str, list[Question]]:
    """Questions by page. Raises ExtensionError where the file is at fault."""
    try:
        return load()
    except (ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ExtensionError(f"{QUIZZES.name}: {error}") from error


def add_quiz(app: Sphinx, document: nodes.document) -> None:
    """Add a last section with the page's questions."""
    page = app.env.docname
    questions = load_or_stop().get(page)
    if questions is None:
        return
    app.env.note_dependency(str(QUIZZES))
    app.env.note_dependency(__file__)
    app.env.metadata[page]["quiz"] = True
    section = nodes.section(ids=["check-your-understanding"], names=["check your understanding"])
    section += nodes.title(TITLE, TITLE)
    section += nodes.raw("", as_html(page, questions), format="html")
    top = next(document.findall(nodes.section))
    top += section


def check_pages(_app: Sphinx, env: BuildEnvironment) -> None:
    """Stop the build at questions about a page that does not exist."""
    lost = sorted(set(load_or_stop()) - env.found_docs)
    if lost:
        listed = ", ".join(lost)
        raise ExtensionError(
            f"{QUIZZES.name} asks about pages that the book does not have: {listed}"
        )


def add_files(
    app: Sphinx,
    page: str,
    _template: str,
    _context: dict[str, Any],
    _document: nodes.document | None,
) -> None:
    """Script and style of the questions, on pages that have some."""
    if app.env.metadata[page].get("quiz"):
        app.add_js_file("quiz.js", loading_method="defer")
        app.add_css_file("quiz.css")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add questions when pages are read."""
    app.connect("doctree-read", add_quiz, priority=EARLY)
    app.connect("env-check-consistency", check_pages)
    app.connect("html-page-context", add_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
