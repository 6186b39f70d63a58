"""What a reader should not see at once: what was measured, hints and answers, kept apart."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from bs4 import Tag

from book.sphinxext.pages.quiz import Option, Question
from tools.print_book.fragments import link, nodes
from tools.print_book.sheets import Sheet, the_one

LETTERS = "abcdefgh"


@dataclass(frozen=True)
class Kept:
    """What is kept for the end of the book.

    Attributes:
        place: What links call it.
        question: What was asked, as HTML.
        answer: What is said of it, as HTML.
    """

    place: str
    question: str
    answer: str


def keep_apart(sheet: Sheet, quiz: Sequence[Question]) -> list[Kept]:
    """Take the answers out of a sheet, and put links to their places there.

    Args:
        sheet: The sheet, changed in place.
        quiz: The questions at its end.

    Returns:
        The answers, in the order of the page.
    """
    kept = [*predictions(sheet), *hints(sheet)]
    for element in sheet.article.select("div.quizzes"):
        place = f"{sheet.place}-answers"
        choices = [ask(one, "quiz", "") for one in element.select("fieldset.quiz")]
        element.replace_with(*nodes("".join(choices) + see(place, "Answers")))
        answers = [answer(number, one.options) for number, one in enumerate(quiz, 1)]
        kept.append(Kept(place, "Check your understanding", "".join(answers)))
    return kept


def predictions(sheet: Sheet) -> list[Kept]:
    """Take out of a sheet what was measured where it asks for predictions."""
    kept = []
    for number, element in enumerate(sheet.article.select("fieldset.prediction"), 1):
        place = f"{sheet.place}-measured-{number}"
        asked = the_one(element, "legend").decode_contents()
        kept.append(Kept(place, asked, without_summary(the_one(element, "details"))))
        element.replace_with(*nodes(ask(element, "prediction", see(place, "What was measured"))))
    return kept


def hints(sheet: Sheet) -> list[Kept]:
    """Take out of a sheet what unfolds below its exercises."""
    kept = []
    numbers = count(1)
    for element in sheet.article.select("details:not([class])"):
        place = f"{sheet.place}-hint-{next(numbers)}"
        label = the_one(element, "summary").decode_contents()
        kept.append(Kept(place, f"Exercise {exercise_before(element)}", without_summary(element)))
        element.replace_with(*nodes(see(place, label)))
    return kept


def exercise_before(element: Tag) -> str:
    """The number and title of the exercise that an element belongs to, as HTML."""
    for paragraph in element.find_all_previous("p"):
        strong = paragraph.find("strong", recursive=False)
        if isinstance(strong, Tag) and strong.get_text()[:1].isdigit():
            return strong.decode_contents()
    return ""


def ask(fieldset: Tag, kind: str, after: str) -> str:
    """A question with its choices, as it is printed.

    Args:
        fieldset: The question as it is on the page.
        kind: The class of what is printed, "prediction" or "quiz".
        after: HTML for the last line.
    """
    asked = the_one(fieldset, "legend").decode_contents()
    choices = []
    for label in fieldset.select("label"):
        the_one(label, "input").decompose()
        choices.append(f"<li>{label.decode_contents().strip()}</li>")
    listed = "".join(choices)
    return (
        f'<div class="choice {kind}"><p><strong>{asked}</strong></p><ol>{listed}</ol>{after}</div>'
    )


def answer(number: int, options: Sequence[Option]) -> str:
    """The letter of the right answer, and what is said of it and of the others."""
    letters = LETTERS[: len(options)]
    feedback = dict(zip(letters, map(printed_feedback, options), strict=True))
    right = LETTERS[[option.right for option in options].index(True)]
    right_feedback = feedback.pop(right)
    others = " ".join(f"<em>Not&nbsp;{letter}.</em> {text}" for letter, text in feedback.items())
    return f"<p>{number}. <strong>{right}.</strong> {right_feedback} {others}</p>"


def printed_feedback(option: Option) -> str:
    """What is said of an option, as HTML."""
    return html.escape(option.feedback, quote=False)


def see(place: str, label: str) -> str:
    """A line that leads to what is kept for the end."""
    return f'<p class="see">{link(place, label)}</p>'


def without_summary(details: Tag) -> str:
    """What unfolds, as HTML, without the line that unfolds it."""
    the_one(details, "summary").decompose()
    return details.decode_contents()
