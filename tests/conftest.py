"""What every test starts from."""

import sys

import pytest


@pytest.fixture(autouse=True)
def one_thread():
    """One thread a process, as in training; a test that never imports torch does not pay for it."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
