"""Pictures say their size, so that nothing moves when they come, and wait to be in sight."""

import base64
import hashlib
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag

from book.sphinxext.html.tree import attribute

SVG = "data:image/svg+xml,"
PNG = "data:image/png;base64,"
PNG_SIGNATURE = b"\x89PNG"
BEGINNING = 2_000  # letters of a drawing that hold its size
WORTH_A_FILE = 1_000  # letters of a drawing from which it is fetched by itself
VIEW_BOX = re.compile(rb'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"')


@dataclass(frozen=True)
class Size:
    """Width and height of a picture, in its own units."""

    width: float
    height: float


def size(source: str, folder: Path) -> Size | None:
    """The size of an SVG or PNG.

    Args:
        source: the picture's address, which may hold the picture itself.
        folder: where the page lies.

    Returns:
        Its size, or None for a picture of another kind or from elsewhere.
    """
    data = beginning(source, folder)
    if data.startswith(PNG_SIGNATURE):
        return Size(*struct.unpack(">II", data[16:24]))
    box = VIEW_BOX.search(data)
    return Size(float(box[1]), float(box[2])) if box else None


def beginning(source: str, folder: Path) -> bytes:
    """The first bytes of a picture, or none where they are not at hand."""
    if source.startswith(SVG):
        return unquote(source[:BEGINNING]).encode()
    if source.startswith(PNG):
        return base64.b64decode(source.removeprefix(PNG)[:64])
    path = folder / unquote(source.partition("?")[0])
    if ":" in source or not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(BEGINNING)


def state_sizes(page: BeautifulSoup, folder: Path) -> None:
    """Give every picture its width and height, so that the browser keeps its place."""
    for image in page.find_all("img"):
        natural = size(attribute(image, "src"), folder)
        if natural is not None and not image.has_attr("height"):
            state_size(image, natural)


def state_size(image: Tag, natural: Size) -> None:
    """Give a picture its height, and its width where it has none yet."""
    stated = attribute(image, "width")
    width = float(stated) if stated.isdecimal() else natural.width
    image["width"] = f"{width:.0f}"
    image["height"] = f"{width * natural.height / natural.width:.0f}"


def move_drawings(page: BeautifulSoup, folder: Path, root: Path) -> None:
    """Make drawings of more than a few bytes files of their own, fetched when they are in sight.

    Args:
        page: the page.
        folder: where it lies.
        root: where the book lies; the files go to _images/ there.
    """
    for image in page.find_all("img"):
        drawing = attribute(image, "src").removeprefix(SVG)
        if attribute(image, "src").startswith(SVG) and len(drawing) >= WORTH_A_FILE:
            path = write_drawing(unquote(drawing), root / "_images")
            image["src"] = os.path.relpath(path, folder)
            image["loading"] = "lazy"
            image["decoding"] = "async"


def write_drawing(drawing: str, folder: Path) -> Path:
    """Write a drawing to a file that is named for what is in it."""
    name = hashlib.sha256(drawing.encode()).hexdigest()[:16]
    path = folder / f"{name}.svg"
    folder.mkdir(exist_ok=True)
    path.write_text(drawing, encoding="utf-8")
    return path
