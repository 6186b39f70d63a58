"""Questions at the end of the chapters: sound as data, masked in the page, answered and kept."""

import base64

import pytest

from book.sphinxext.pages import quiz
from tests.test_prose import typed_numbers
from tools import ROOT

QUIZZES = quiz.load()
NUMBERED = {page: enumerate(questions, 1) for page, questions in QUIZZES.items()}
QUESTIONS = [(page, n, q) for page, numbered in NUMBERED.items() for n, q in numbered]
CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
PAGE = "notebooks/03_degradation"


def page_alone(value: object) -> str | None:
    """The name of a question among the tests: its page's."""
    return value if isinstance(value, str) else None


def longest(question: quiz.Question) -> int:
    """Which option has the most letters."""
    return max(range(3), key=lambda i: len(question.options[i].text))


def right(question: quiz.Question) -> int:
    return next(i for i, option in enumerate(question.options) if option.right)


@pytest.mark.parametrize("page", QUIZZES)
def test_questions_belong_to_a_page_and_are_two_or_three(page):
    assert any((ROOT / f"{page}{ending}").exists() for ending in (".ipynb", ".md"))
    assert 2 <= len(QUIZZES[page]) <= 3


@pytest.mark.parametrize(("page", "number", "question"), QUESTIONS, ids=page_alone)
def test_a_question_types_no_measured_number(page, number, question):
    choices = [option.text for option in question.options]
    replies = [option.feedback for option in question.options]
    assert typed_numbers("\n\n".join([question.text, *choices, *replies])) == []
    assert len(set(choices)) == len(choices) == 3


def test_the_right_answer_cannot_be_guessed_by_its_place_or_its_length():
    places = [right(question) for _, _, question in QUESTIONS]
    assert all(places.count(place) >= len(places) / 4 for place in range(3))
    given_away = [longest(question) == right(question) for _, _, question in QUESTIONS]
    assert sum(given_away) <= 0.6 * len(given_away)


@pytest.mark.parametrize(("page", "number", "question"), QUESTIONS, ids=page_alone)
def test_no_reply_stands_in_plain_sight(page, number, question):
    shown = quiz.as_html(page, [question])
    for option in question.options:
        assert option.feedback[:20] not in shown
        assert base64.b64encode(option.feedback.encode()).decode()[4:24] not in shown


def test_a_mask_taken_twice_is_none():
    masked = base64.b64decode(quiz.masked("+Ja: naïve – ok", "page-1:0")).decode("latin-1")
    assert base64.b64decode(quiz.masked("abc", "s")) != b"abc"
    pairs = zip(masked.encode("latin-1"), stream(len(masked), "page-1:0"), strict=True)
    twice = bytes(a ^ b for a, b in pairs)
    assert twice.decode() == "+Ja: naïve – ok"[: len(twice.decode())]


def stream(length: int, seed: str) -> bytes:
    """The keystream itself: what masking zeros gives."""
    return base64.b64decode(quiz.masked("\0" * length, seed))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("right: true", "right: false"), "exactly one right option"),
        (("feedback:", "answer:"), "each option has a text and a feedback"),
        (("question:", "title:"), "missing or unknown question, title"),
    ],
)
def test_a_faulty_question_is_named(tmp_path, change, message):
    path = tmp_path / "quizzes.yml"
    path.write_text(quiz.QUIZZES.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        quiz.load(path)


# ---- In the browser


@pytest.fixture
def questions(open_page):
    page, complaints = open_page(f"{PAGE}.html")
    assert complaints == []
    return page


def choose(page, number: int, option: int):
    box = page.locator("fieldset.quiz").nth(number)
    box.locator("input").nth(option).check()
    return box


@pytest.mark.browser
def test_every_answer_gets_its_own_reply_and_the_count_is_kept(questions):
    for number, question in enumerate(QUIZZES[PAGE]):
        for i, option in enumerate(question.options):
            box = choose(questions, number, i)
            assert box.locator(".quiz-reply").inner_text() == ""
            box.get_by_role("button", name="Check").click()
            verdict = "Right." if option.right else "Not so."
            assert box.locator(".quiz-reply").inner_text() == f"{verdict} {option.feedback}"
        choose(questions, number, right(question)).get_by_role("button", name="Check").click()
    count = len(QUIZZES[PAGE])
    assert questions.locator(".quiz-score").inner_text() == f"{count} of {count} right."


@pytest.mark.browser
def test_a_question_is_answered_by_keyboard_and_the_reply_is_announced(questions):
    box = questions.locator("fieldset.quiz").first
    box.locator("input").first.focus()
    questions.keyboard.press("Space")
    questions.keyboard.press("ArrowDown")
    questions.keyboard.press("Tab")
    questions.keyboard.press("Enter")
    assert box.locator("input").nth(1).is_checked()
    assert box.locator(".quiz-reply[role=status]").inner_text() != ""


@pytest.mark.browser
def test_an_answer_is_remembered(questions):
    question = QUIZZES[PAGE][0]
    choose(questions, 0, right(question)).get_by_role("button", name="Check").click()
    questions.reload(wait_until="networkidle")
    box = questions.locator("fieldset.quiz").first
    assert box.locator("input").nth(right(question)).is_checked()
    assert box.locator(".quiz-reply").inner_text().startswith("Right.")


@pytest.mark.browser
def test_a_page_without_questions_loads_no_script_for_them(open_page):
    page, _ = open_page("index.html")
    assert page.locator("script[src*='quiz.js'], link[href*='quiz.css']").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_every_chapter_with_questions_shows_them_at_its_end(open_page, chapter):
    page, _ = open_page(f"notebooks/{chapter.stem}.html")
    shown = page.locator("section#check-your-understanding fieldset.quiz").count()
    assert shown == len(QUIZZES.get(f"notebooks/{chapter.stem}", []))
