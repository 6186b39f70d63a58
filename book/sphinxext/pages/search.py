"""Sphinx extension: the search knows numbers, and knows that 1,202 and 1202 are the same one.

Sphinx puts numbers into its index and drops them from what a reader asks for; search.js puts them
back. Both sides read a number with thousands separators as one word.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish
from sphinx.util.typing import ExtensionMetadata

THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
IN_THE_BROWSER = Path(__file__).with_suffix(".js")


class English(SearchEnglish):
    """English with numbers: what a page's text is split into, here and in the browser."""

    js_splitter_code = IN_THE_BROWSER.read_text(encoding="utf-8")

    def split(self, input: str) -> list[str]:
        """The words of a text; a number is one word, whatever stands between its thousands."""
        return super().split(THOUSANDS.sub("", input))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Take the place of Sphinx's English."""
    app.add_search_language(English)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
