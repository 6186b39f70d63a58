"""What the book is called, where it lies and is published, and the day on which it is built."""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from resnet_course.repository import address, book_address, colab_address, project, revision

__all__ = [
    "AUTHORS",
    "BOOK",
    "MOTTO",
    "ROOT",
    "TITLE",
    "address",
    "book_address",
    "book_folder",
    "build_day",
    "colab_address",
    "revision",
    "version",
]

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
TITLE = "Residual Networks, Measured"
AUTHORS = "The Residual Networks, Measured authors"
MOTTO = "Every claim is an experiment you can run."


def version() -> str:
    """The version of the course, as pyproject.toml says."""
    return project().version


def book_folder() -> str:
    """The path of the published book on its host, as in "/resnet-course/"."""
    return f"{urlsplit(book_address()).path}/"


def build_day() -> date:
    """The day of the build, or of SOURCE_DATE_EPOCH where builds are to give the same bytes."""
    stamp = os.environ.get("SOURCE_DATE_EPOCH")
    if stamp:
        return datetime.fromtimestamp(int(stamp), UTC).date()
    return datetime.now(UTC).date()
