"""Pictures of every page for people to look at: light and dark, wide and phone-narrow, in _build/screenshots/.

python tests/book/screenshots.py [PAGE …]
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.book.conftest import CHROMIUM, FLAGS, HTML, missing, pages


def main(wanted: list[str]) -> None:
    from playwright.sync_api import sync_playwright

    if reason := missing():
        sys.exit(reason)
    out = HTML.parent / "screenshots"
    out.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for theme, width in (("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
            context.add_init_script(
                f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')"
            )
            page = context.new_page()
            for path in wanted or pages():
                page.goto((HTML / path).as_uri(), wait_until="networkidle")
                name = path.removesuffix(".html").replace("/", "-")
                page.screenshot(path=out / f"{name}-{theme}-{width}.png", full_page=True)
            context.close()
        browser.close()
    print(out)


if __name__ == "__main__":
    main(sys.argv[1:])
