"""Marks and numbers that programs wrote are set on the pages as in print, and code is left alone."""

import importlib
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "book" / "extensions"))
typesetting = importlib.import_module("typesetting")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<td>8.843e+05</td>", "<td>884,300</td>"),
        ("plain 2e+01; residual 0.3", "plain 20; residual 0.3"),
        ("from 1.3 to 5e-06 in", "from 1.3 to 5&nbsp;×&nbsp;10⁻⁶ in"),
        ("2.5e-03", "0.0025"),
        ("1.2e+09", "1.2&nbsp;×&nbsp;10⁹"),
        ("<td>-0.01 ± 0.05</td>", "<td>−0.01 ± 0.05</td>"),
        ("this page&#x27;s own run", "this page’s own run"),
        ("is it &quot;faster&quot;?", "is it “faster”?"),
        ('<p>"Objects" ("+ x")</p>', "<p>“Objects” (“+ x”)</p>"),
    ],
)
def test_a_mark_is_set_as_in_print(written, shown):
    assert typesetting.typeset(written) == shown
    assert typesetting.typeset(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        '<a title="it\'s -1" href="x?a=-1">plain-56, 2026-11-24, 5-7</a>',
        "<pre>lr=1e-05, x[-1], 'plain'</pre>",
        '<code class="literal"><span>--lr 1e-05</span></code>',
        '<script>let a = "b" + -1;</script>',
    ],
)
def test_code_addresses_and_names_stay_as_they_are(text):
    assert typesetting.typeset(text) == text
