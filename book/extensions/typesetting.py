"""Marks and numbers on the pages as a printer sets them, where a program has written them as it writes to a screen.

A minus is a minus and not a hyphen, 8.843e+05 is 884,300 and 5e-06 is 5 × 10⁻⁶, quotation marks open and close. What
stands in code, in scripts and between the angle brackets of tags stays as it is.
"""

import re

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLAIN = range(-4, 7)  # powers of ten that read better as a number written out
MARKS = re.compile(
    r"(?P<keep><(script|style|pre|code|textarea|svg|title)\b.*?</\2>|<[^>]*>)"
    r"|(?P<digits>(?<![\w.])\d+(?:\.\d+)?)e(?P<power>[+-]\d\d+)\b"
    r"|(?P<minus>(?<![\w.+\-−])-(?=\d))"
    r"|(?P<apostrophe>(?<=\w)(?:'|&#x27;|&#39;))"
    r'|(?P<opened>(?<![^\s(>])(?:"|&quot;)(?=[^\s<]))'
    r'|(?P<closed>(?:"|&quot;))',
    re.S,
)
SIGNS = {"minus": "−", "apostrophe": "’", "opened": "“", "closed": "”"}


def number(digits: str, power: int) -> str:
    """A number in exponent notation as readers know it, with as many digits as it had."""
    if power not in PLAIN:
        return f"{digits}&nbsp;×&nbsp;10{str(power).translate(RAISED)}"
    decimals = max(0, len(digits.partition(".")[2]) - power)
    return f"{float(f'{digits}e{power}'):,.{decimals}f}"


def typeset(page: str) -> str:
    """The HTML of a page with its marks and numbers set; setting it twice changes nothing."""

    def put(match: re.Match) -> str:
        if match["keep"]:
            return match["keep"]
        if match["digits"]:
            return number(match["digits"], int(match["power"]))
        return next(sign for kind, sign in SIGNS.items() if match[kind])

    return MARKS.sub(put, page)
