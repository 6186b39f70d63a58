"""Marks and numbers as a printer sets them, where a program has written them as to a screen.

A minus is a minus and not a hyphen, 8.843e+05 is 884,300 and 5e-06 is 5 × 10⁻⁶, quotation marks
open and close, and no line ends between a number and its unit. All of it is done to plain text;
setting it twice changes nothing.
"""

import re

NO_BREAK = "\N{NO-BREAK SPACE}"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLAIN_POWERS = range(-4, 7)  # powers of ten that read better as a number written out
EXPONENT = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]\d\d+)\b")
MINUS = re.compile(r"(?<![\w.+\-−])-(?=\d)")
APOSTROPHE = re.compile(r"(?<=\w)'")
OPENING = re.compile(r'(?<![^\s(])"(?=\S)')
# Between a number and its percent sign, its deviation, or the name of what it counts.
TOGETHER = re.compile(
    r"(?<!\D) (?=%(?!\w))|(?<=\d) (?=± \d)|(?<=±) (?=\d)"
    r"|(?<=\bSec\.) (?=\d)|(?<=\bTable) (?=\d)|(?<=\bFigure) (?=\d)"
)


def written_out(digits: str, power: int) -> str:
    """A number in exponent notation as readers know it, with as many digits as it had.

    Args:
        digits: its first part, as "8.843".
        power: the power of ten that follows the "e".
    """
    if power not in PLAIN_POWERS:
        exponent = str(power).translate(RAISED)
        return f"{digits}{NO_BREAK}×{NO_BREAK}10{exponent}"
    decimals = max(0, len(digits.partition(".")[2]) - power)
    return f"{float(f'{digits}e{power}'):,.{decimals}f}"


def typeset(text: str) -> str:
    """The text with its numbers and marks set; it begins where something else has ended."""
    text = TOGETHER.sub(NO_BREAK, text)
    text = EXPONENT.sub(lambda match: written_out(match[1], int(match[2])), text)
    text = MINUS.sub("−", text)
    text = APOSTROPHE.sub("’", text)
    return OPENING.sub("“", text).replace('"', "”")
