"""Set every formula of the built book once, with the vendored MathJax in Chromium: python .ci/set_formulas.py

Writes book/formulas.json (TeX -> what MathJax makes of it, with MathML for screen readers) and, with the glyphs they
use, book/assets/formulas.css. Readers then need no script for a formula, and no page moves while one is set.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "extensions"))

import formulas

from tests.book.conftest import CHROMIUM, FLAGS, HTML, ROOT, missing

FONTS = "vendor/mathjax/output/chtml/fonts/woff-v2"
SET = """async (wanted) => {
  await MathJax.startup.promise;
  const set = {};
  for (const [tex, display] of wanted) {
    const box = MathJax.tex2chtml(tex, { display });
    if (box.querySelector("mjx-merror")) throw new Error("MathJax cannot set " + tex);
    box.querySelector("mjx-math").setAttribute("aria-hidden", "true");
    box.removeAttribute("tabindex");
    box.querySelector("mjx-assistive-mml")?.remove();
    const spoken = MathJax.tex2mml(tex, { display }).replace(/\\n\\s*/g, "");
    box.insertAdjacentHTML("beforeend", `<mjx-assistive-mml>${spoken}</mjx-assistive-mml>`);
    (set[display ? "display" : "inline"] ??= {})[tex] = box.outerHTML;
  }
  return [set, MathJax.chtmlStylesheet().textContent];
}"""


def main() -> None:
    from playwright.sync_api import sync_playwright

    if reason := missing():
        sys.exit(reason)
    pages = [path.read_text(encoding="utf-8") for path in sorted(HTML.rglob("*.html"))]
    wanted = sorted({formula for page in pages for formula in formulas.used(page)})
    mathjax = ROOT / "book" / "assets" / "vendor" / "mathjax" / "tex-chtml.js"
    settings = {"chtml": {"fontURL": FONTS}, "startup": {"typeset": False}, "options": {"enableMenu": False}}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.add_script_tag(content=f"window.MathJax = {json.dumps(settings)}")
        page.add_script_tag(path=mathjax)
        made, css = page.evaluate(SET, wanted)
        browser.close()
    formulas.SET.write_text(json.dumps(made, indent=0, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    formulas.STYLE.write_text("/* Made by .ci/set_formulas.py */\n" + css.strip() + "\n", encoding="utf-8")
    print(f"{len(wanted)} formulas in {formulas.SET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
