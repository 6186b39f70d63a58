// Predictions: remembered in this browser only; the comparison opens once a choice is made.
(() => {
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* a private window keeps nothing */ } };

  const open = (box) => {
    const comparison = box.querySelector(".after-prediction");
    if (comparison) comparison.hidden = false;
  };

  // The widget runtime draws sliders without a name; screen readers need one, and the value in words.
  const nameSliders = () => {
    for (const handle of document.querySelectorAll(".jupyter-widgets .noUi-handle")) {
      const box = handle.closest(".widget-slider");
      const [label, readout] = [".widget-label", ".widget-readout"].map((part) => box?.querySelector(part)?.textContent);
      if (label && handle.ariaLabel !== label) handle.ariaLabel = label;
      if (readout && handle.ariaValueText !== readout) handle.ariaValueText = readout;
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    if (document.querySelector('script[type="application/vnd.jupyter.widget-view+json"]')) {
      new MutationObserver(nameSliders).observe(document.body, { childList: true, characterData: true, subtree: true });
    }

    // The widget runtime asks MathJax 2 to set what it shows; what we show in widgets has no formulas.
    if (window.MathJax && !window.MathJax.Hub) window.MathJax.Hub = { Queue() {} };

    for (const box of document.querySelectorAll("fieldset.prediction")) {
      const key = `resnet-course:${box.dataset.key}`;
      const comparison = box.querySelector(".after-prediction");
      if (comparison) comparison.hidden = true;
      for (const choice of box.querySelectorAll("input[type=radio]")) {
        if (choice.value === stored(key)) { choice.checked = true; open(box); }
        choice.addEventListener("change", () => { store(key, choice.value); open(box); });
      }
    }
  });
})();
