"""An estimate can be put into a sentence, with its interval and what it rests on."""

from resnet_course.records import estimate


def test_an_estimate_in_words_has_its_interval_and_its_seeds() -> None:
    assert estimate([6.0, 6.0, 7.5]).in_words() == (
        "6.5 points (95 % interval 4.3 to 8.7, 3 seeds)"
    )


def test_below_zero_it_has_a_minus_and_no_hyphen() -> None:
    assert estimate([-1.0, -1.2, -1.1]).in_words().startswith("−1.1 points")


def test_of_a_single_seed_no_interval_is_claimed() -> None:
    assert estimate([4.0], unit="%").in_words() == "4.0 % (one seed)"
