{
  // Where the browser lets a page keep nothing, in a sandboxed frame or with cookies blocked, asking
  // it to throws. The theme asks without care; so that it goes on, what it keeps is kept for a page.
  for (const name of ["localStorage", "sessionStorage"]) {
    try { window[name].getItem(""); } catch {
      const kept = new Map();
      const value = {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, item) => { kept.set(key, String(item)); },
        removeItem: (key) => { kept.delete(key); },
      };
      Object.defineProperty(window, name, { value });
    }
  }

  // The colours that the reader chose, before anything is painted.
  const page = document.documentElement.dataset;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  page.mode = localStorage.getItem("mode") || "auto";
  page.theme = page.mode !== "auto" ? page.mode : dark ? "dark" : "light";

  // Fonts are asked for before the sheet that names them; not where browsers refuse them to a page.
  if (location.protocol.startsWith("http") && origin !== "null") {
    const faces = [
      "source-serif-4-latin-400-normal", "inter-latin-400-normal", "inter-latin-600-normal",
      "source-serif-4-latin-400-italic", "source-serif-4-latin-600-normal",
    ];
    for (const face of faces) {
      const link = document.createElement("link");
      Object.assign(link, { rel: "preload", as: "font", type: "font/woff2", crossOrigin: "" });
      link.href = `${document.currentScript.dataset.fonts}${face}.woff2`;
      document.head.append(link);
    }
  }
}
