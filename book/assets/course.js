// What moves on a page: predictions, sliders over frames, definitions of words. Everything reads without it, too.
(() => {
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* a private window keeps nothing */ } };

  // A prediction is remembered in this browser only; the comparison opens once a choice is made.
  const predict = (box) => {
    const key = `resnet-course:${box.dataset.key}`;
    const comparison = box.querySelector(".after-prediction");
    const open = () => { if (comparison) comparison.hidden = false; };
    if (comparison) comparison.hidden = true;
    for (const choice of box.querySelectorAll("input[type=radio]")) {
      if (choice.value === stored(key)) { choice.checked = true; open(); }
      choice.addEventListener("change", () => { store(key, choice.value); open(); });
    }
  };

  // Figures come when they are in sight; those of a slider come together, so that moving it waits for nothing.
  const warm = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      warm.unobserve(target);
      const theme = document.documentElement.dataset.theme === "dark" ? "dark" : "light";
      for (const picture of target.querySelectorAll(`img.only-${theme}`)) picture.loading = "eager";
    }
  }, { rootMargin: "300px" });

  // A range input shows one of its frames and says its value in words.
  const slide = (box) => {
    const slider = box.querySelector("input[type=range]");
    const frames = box.querySelectorAll(".frame");
    warm.observe(box);
    slider.addEventListener("input", () => {
      frames.forEach((frame, i) => { frame.hidden = i !== +slider.value; });
      const name = frames[slider.value].dataset.name;
      slider.setAttribute("aria-valuetext", name);
      box.querySelector("output").textContent = name;
    });
  };

  // A defined word shows its definition on hover and on focus, until the pointer leaves both or Escape is pressed.
  const define = (word) => {
    const box = document.getElementById(`define-${word.hash.slice(1)}`);
    if (!box) return;
    word.setAttribute("aria-describedby", box.id);
    let leaving;
    const show = () => {
      clearTimeout(leaving);
      box.hidden = false;
      const at = word.getBoundingClientRect();
      const home = box.offsetParent?.getBoundingClientRect() ?? { left: 0, top: 0 };
      const left = Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 8);
      box.style.left = `${Math.max(8, left) - home.left}px`;
      const below = at.bottom + box.offsetHeight + 12 < innerHeight;
      box.style.top = `${(below ? at.bottom + 6 : at.top - box.offsetHeight - 6) - home.top}px`;
    };
    const hide = () => { leaving = setTimeout(() => { box.hidden = true; }, 150); };
    for (const part of [word, box]) {
      part.addEventListener("pointerenter", show);
      part.addEventListener("pointerleave", hide);
    }
    word.addEventListener("focus", show);
    word.addEventListener("blur", hide);
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") box.hidden = true; });
  };

  // A formula wider than the screen scrolls, by keyboard too.
  const reach = () => {
    for (const formula of document.querySelectorAll('mjx-container[display="true"]')) {
      if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
    }
  };
  for (const moment of ["DOMContentLoaded", "load", "resize"]) addEventListener(moment, reach);

  document.addEventListener("DOMContentLoaded", () => {
    // Jupyter's widget runtime, where a page needs it, asks MathJax 2 to set what it shows; ours has no formulas.
    if (window.MathJax && !window.MathJax.Hub) window.MathJax.Hub = { Queue() {} };
    document.querySelectorAll("fieldset.prediction").forEach(predict);
    document.querySelectorAll(".frames").forEach(slide);
    document.querySelectorAll("a.term").forEach(define);
  });
})();
