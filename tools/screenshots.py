"""Picture every page for people to look at: light and dark, wide and phone-narrow.

python -m tools.screenshots [PAGE ...]   pictures are in _build/screenshots
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser

from tools import built_book, run
from tools.browser import PATIENCE, chromium

OUT = built_book.HTML.parent / "screenshots"
HEIGHT = 900


@dataclass(frozen=True)
class Look:
    """What a reader looks with: the colours asked for, and the width of the window in pixels."""

    theme: Literal["light", "dark"]
    width: int


LOOKS = (Look("light", 1280), Look("dark", 1280), Look("light", 360), Look("dark", 360))


def picture(browser: Browser, look: Look, pages: Sequence[str], out: Path) -> None:
    """Picture pages of the built book from top to bottom, each in a file of `out`."""
    size = {"width": look.width, "height": HEIGHT}
    context = browser.new_context(viewport=size, color_scheme=look.theme)
    context.add_init_script(
        f"for (const key of ['mode', 'theme']) localStorage.setItem(key, '{look.theme}')"
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    for path in pages:
        page.goto((built_book.HTML / path).as_uri(), wait_until="networkidle")
        name = path.removesuffix(".html").replace("/", "-")
        page.screenshot(path=out / f"{name}-{look.theme}-{look.width}.png", full_page=True)
    context.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Picture the pages named, or all."""
    parser = argparse.ArgumentParser(description="Picture pages of the built book.")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="such as book/claims.html; or all")
    wanted = parser.parse_args(arguments).pages
    built_book.require()
    OUT.mkdir(exist_ok=True)
    with chromium() as browser:
        for look in LOOKS:
            picture(browser, look, wanted or built_book.pages(), OUT)
    print(OUT)


if __name__ == "__main__":
    run(main)
