"""What every test starts from, and the browser that some look with."""

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(autouse=True)
def one_thread():
    """One thread a process, as in training; a test that never imports torch does not pay for it."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """A headless Chromium."""
    from tools.browser import BrowserMissing, chromium  # machines that train may have no playwright

    try:
        with chromium() as started:
            yield started
    except BrowserMissing as missing:
        cannot_look(str(missing))


def cannot_look(reason: str) -> NoReturn:
    """Skip a test that looks at pages; but continuous integration must not pass for looking at nothing."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
