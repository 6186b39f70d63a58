// Sets formulas with MathJax, for tools/formulas.py: [[TeX, is it a display], ...] in, HTML and CSS out.
async (formulas) => {
  await MathJax.startup.promise;
  const typeset = { display: {}, inline: {} };
  for (const [tex, display] of formulas) {
    const box = MathJax.tex2chtml(tex, { display });
    if (box.querySelector("mjx-merror")) throw new Error("MathJax cannot set " + tex);
    box.querySelector("mjx-math").setAttribute("aria-hidden", "true");
    box.removeAttribute("tabindex");
    box.querySelector("mjx-assistive-mml")?.remove();
    const spoken = MathJax.tex2mml(tex, { display }).replace(/\n\s*/g, "");
    box.insertAdjacentHTML("beforeend", `<mjx-assistive-mml>${spoken}</mjx-assistive-mml>`);
    typeset[display ? "display" : "inline"][tex] = box.outerHTML;
  }
  return { typeset, css: MathJax.chtmlStylesheet().textContent };
}
