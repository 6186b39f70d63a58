"""Rows of one shape as a table: HTML under a figure, Markdown in a page."""

import html
import math
import re
from collections.abc import Mapping, Sequence

Rows = Sequence[Mapping[str, object]]
_NUMBER = re.compile(r"(–|[−+-]?\d[^A-Za-z]*( [A-Za-zµ]{1,3})?)")  # with a unit; a dash for none


def as_table(rows: Rows) -> str:
    """Rows as an HTML table; numbers to four significant digits, nan as a dash."""
    if not rows:
        return "<p>No data.</p>"
    head = "".join(f'<th scope="col">{html.escape(_title(name))}</th>' for name in rows[0])
    body = "".join(_table_row(row) for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="table-scroll" tabindex="0">{table}</div>'


def _table_row(row: Mapping[str, object]) -> str:
    cells = "".join(f"<td>{_cell(value)}</td>" for value in row.values())
    return f"<tr>{cells}</tr>"


def as_markdown(rows: Rows) -> str:
    """Rows in Markdown, columns of words on the left; whole numbers with thousands separators."""
    head = [_title(name) for name in rows[0]]
    body = [[_markdown_cell(value) for value in row.values()] for row in rows]
    rule = "|".join(_alignment(column) for column in zip(*body, strict=True))
    lines = [f"| {' | '.join(cells)} |" for cells in [head, *body]]
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def _alignment(cells: Sequence[str]) -> str:
    numbers = sum(bool(_NUMBER.fullmatch(cell)) for cell in cells)
    return "---:" if 2 * numbers > len(cells) else ":---"


def _title(name: str) -> str:
    return name.replace("_", " ")


def _markdown_cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return _cell(value)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:.4g}"
    return html.escape(str(value))
