"""Sphinx extension: the questions of book/quizzes.yml at the end of the pages they are about.

Which answer is right, and what is said of each, is not in plain sight in the page: the reply to an option is masked
by a keystream made of the question and the option (quiz.js has the same one). That hides it from a glance, not from
a determined reader.
"""

import base64
import html
from pathlib import Path

import typesetting
import yaml
from docutils import nodes
from sphinx.errors import ExtensionError

QUIZZES = Path(__file__).parents[1] / "quizzes.yml"
TITLE = "Check your understanding"
INTRODUCTION = "Choose, then check. Your answers are kept in this browser only."
RIGHT, WRONG = "+", "-"
WORD = 0xFFFFFFFF


def load(path: Path = QUIZZES) -> dict[str, list[dict]]:
    """Questions by page. Raises ValueError where one has not exactly one right option, or an option no feedback."""
    quizzes = yaml.safe_load(path.read_text(encoding="utf-8"))
    for page, questions in quizzes.items():
        for number, question in enumerate(questions, 1):
            where, options = f"{path.name}, {page}, question {number}", question["options"]
            if odd := set(question) ^ {"question", "options"}:
                raise ValueError(f"{where}: missing or unknown {', '.join(sorted(odd))}")
            if sum(option.get("right", False) for option in options) != 1:
                raise ValueError(f"{where} needs exactly one right option")
            if any(not {"text", "feedback"} <= set(option) <= {"text", "feedback", "right"} for option in options):
                raise ValueError(f"{where}: each option has a text and a feedback, and one of them right: true")
            for option in options:
                option["feedback"] = typesetting.typeset(option["feedback"])  # masked, it is not in the page's text
    return quizzes


def masked(text: str, seed: str) -> str:
    """UTF-8 bytes of `text`, mixed with a keystream that `seed` starts, as base64. The same again undoes it."""
    state = 2166136261
    for byte in seed.encode():  # FNV-1a
        state = (state ^ byte) * 16777619 & WORD
    mixed = bytearray()
    for byte in text.encode():
        state ^= state << 13 & WORD  # xorshift32
        state ^= state >> 17
        state ^= state << 5 & WORD
        mixed.append(byte ^ state & 255)
    return base64.b64encode(mixed).decode()


def fieldset(key: str, question: dict) -> str:
    """One question as HTML: radio buttons with masked replies, a button, and a place for the reply."""
    choices = ""
    for i, option in enumerate(question["options"]):
        reply = masked((RIGHT if option.get("right") else WRONG) + option["feedback"], f"{key}:{i}")
        choices += (
            f'<label><input type="radio" name="{key}" value="{i}" data-reply="{reply}"> '
            f"{html.escape(option['text'])}</label>"
        )
    return (
        f'<fieldset class="quiz" data-key="{key}"><legend>{html.escape(question["question"])}</legend>{choices}'
        '<button type="button" disabled>Check</button><p class="quiz-reply" role="status"></p></fieldset>'
    )


def as_html(page: str, questions: list[dict]) -> str:
    """All questions of a page, and a line for the number of right answers."""
    slug = page.rsplit("/", 1)[-1].replace("_", "-")
    sets = "".join(fieldset(f"{slug}-{number}", question) for number, question in enumerate(questions, 1))
    script = "<noscript><p>Checking an answer takes JavaScript, which is switched off here.</p></noscript>"
    return f'<div class="quizzes"><p>{INTRODUCTION}</p>{script}{sets}<p class="quiz-score" role="status"></p></div>'


def add_quiz(app, doctree) -> None:
    """A last section with the page's questions."""
    page = app.env.docname
    try:
        quizzes = load()
    except (ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ExtensionError(f"{QUIZZES.name}: {error}") from error
    if page not in quizzes:
        return
    app.env.note_dependency(str(QUIZZES))
    app.env.note_dependency(__file__)
    app.env.metadata[page]["quiz"] = True
    section = nodes.section(ids=["check-your-understanding"], names=["check your understanding"])
    section += nodes.title(TITLE, TITLE)
    section += nodes.raw("", as_html(page, quizzes[page]), format="html")
    top = next(doctree.findall(nodes.section))
    top += section


def check_pages(_app, env) -> None:
    """Questions about a page that does not exist stop the build."""
    if lost := sorted(set(load()) - env.found_docs):
        raise ExtensionError(f"{QUIZZES.name} asks about pages that the book does not have: {', '.join(lost)}")


def add_files(app, page, _template, _context, _doctree) -> None:
    if app.env.metadata[page].get("quiz"):
        app.add_js_file("quiz.js", loading_method="defer")
        app.add_css_file("quiz.css")


def setup(app) -> dict:
    app.connect("doctree-read", add_quiz, priority=100)  # before the table of contents is collected
    app.connect("env-check-consistency", check_pages)
    app.connect("html-page-context", add_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
