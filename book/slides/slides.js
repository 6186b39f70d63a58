// Lectures: light or dark as the system, by ?theme=dark or by the key T; arrow keys belong to a slider that has the focus.
const chosenTheme = new URLSearchParams(location.search).get("theme");
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.dataset.theme = chosenTheme || (prefersDark ? "dark" : "light");

window.MathJax = {
  tex: { inlineMath: [["$", "$"]], displayMath: [["$$", "$$"]] },
  options: { enableMenu: false },
};

// What would run off the slide is shown smaller.
function fit() {
  const parts = [...Reveal.getCurrentSlide().children].filter((part) => part.tagName !== "ASIDE");
  for (const part of parts) part.style.zoom = 1;
  const bottom = Math.max(...parts.map((part) => part.offsetTop + part.offsetHeight));
  if (bottom > 710) for (const part of parts) part.style.zoom = 690 / bottom;
}

function startSlides() {
  Reveal.on("ready", fit);
  Reveal.on("slidechanged", fit);
  Reveal.initialize({
    width: 1280, height: 720, margin: 0.04, hash: true, slideNumber: "c/t", transition: "none", center: false,
    plugins: [RevealNotes],
    keyboardCondition: () => !document.activeElement.closest("[role=slider], input"),
    keyboard: {
      84: () => {
        const root = document.documentElement;
        root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
      },
    },
  });
}
