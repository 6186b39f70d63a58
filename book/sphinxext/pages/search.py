"""Sphinx extension: the search knows numbers, and knows that 1,202 and 1202 are the same one.

Sphinx puts numbers into its index and then drops them from what a reader asks for; course.js puts
them back. Both sides read a number with thousands separators as one word.
"""

import re

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish
from sphinx.util.typing import ExtensionMetadata

THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
SPLIT_IN_THE_BROWSER = r"""
var splitQuery = (query) => query
  .replace(/(\d),(?=\d{3}(?!\d))/g, "$1")
  .split(/[^\p{Letter}\p{Number}_\p{Emoji_Presentation}]+/gu)
  .filter((term) => term);
"""


class English(SearchEnglish):
    """English with numbers: what a page's text is split into, here and in the browser."""

    js_splitter_code = SPLIT_IN_THE_BROWSER

    def split(self, input: str) -> list[str]:
        """The words of a text; a number is one word, whatever stands between its thousands."""
        return super().split(THOUSANDS.sub("", input))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Take the place of Sphinx's English."""
    app.add_search_language(English)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
