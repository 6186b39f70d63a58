// Trained networks in this browser: pictures in, scores and responses out, blocks switched off. Nothing is sent anywhere.
(() => {
  const SIDE = 32;
  const REPLY_EVERY = 250; // milliseconds between two looks of the camera
  const RUNS_TO_TIME = 51;
  const box = document.querySelector(".playground");
  if (!box) return;
  const told = JSON.parse(box.querySelector("script[type='application/json']").textContent);
  const staticUrl = (file) => new URL(box.dataset.static + file, document.baseURI).href;
  const pairOf = (depth) => told.networks.filter((network) => network.depth === depth);
  const inWords = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

  // What the reader sees at the moment: a picture (name, class or null, its pixels), a depth, and each network's gates.
  const now = { picture: null, depth: told.networks[0].depth };
  for (const network of told.networks) {
    network.gates = new Float32Array(network.blocks).fill(1);
    network.times = [];
  }

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  };

  // ---- Fetching, when asked for

  const fetched = async (entry, arrived) => {
    const response = await fetch(staticUrl(entry.file));
    if (!response.ok) throw new Error(`${entry.file}: ${response.status}`);
    const parts = [];
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      arrived(value.length);
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  };

  const script = (url) => new Promise((resolve, reject) => {
    document.head.append(make("script", { src: url, onload: resolve, onerror: () => reject(new Error(url)) }));
  });

  const loadRuntime = async (arrived) => {
    const [api, glue, binary] = told.runtime;
    const wasm = await fetched(binary, arrived);
    await script(staticUrl(api.file));
    Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary: wasm.buffer, wasmPaths: { mjs: staticUrl(glue.file) } });
    arrived(api.bytes + glue.bytes);
  };

  // Load what a depth needs and is not there yet; `progress` is told the share that has arrived.
  const load = async (depth, progress) => {
    const networks = pairOf(depth).filter((network) => !network.session);
    const files = [...(window.ort ? [] : told.runtime), ...networks];
    const total = sum(files.map((file) => file.bytes));
    let here = 0;
    const arrived = (bytes) => progress((here += bytes) / total);
    if (!window.ort) await loadRuntime(arrived);
    for (const network of networks) {
      const bytes = await fetched(network, arrived);
      network.session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
      await answer(network, new Uint8Array(SIDE * SIDE * 3)); // the first run prepares; it is not one to time
    }
  };

  const answer = async (network, pixels) => {
    const feeds = {
      pixels: new ort.Tensor("uint8", pixels, [1, SIDE, SIDE, 3]),
      gates: new ort.Tensor("float32", network.gates, [network.blocks]),
    };
    const began = performance.now();
    const { logits, responses } = await network.session.run(feeds);
    return { ms: performance.now() - began, logits: [...logits.data], responses: [...responses.data] };
  };

  // ---- Pictures

  const canvas = make("canvas", { width: SIDE, height: SIDE, role: "img" });
  const surface = canvas.getContext("2d", { willReadFrequently: true });

  const bytesOf = () => {
    const rgba = surface.getImageData(0, 0, SIDE, SIDE).data;
    return Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => rgba[Math.floor(i / 3) * 4 + (i % 3)]);
  };

  // The largest square in the middle, halved until it is nearly small enough: each step averages, none skips pixels.
  const shrunk = (source, width, height) => {
    let side = Math.min(width, height), x = (width - side) / 2, y = (height - side) / 2;
    while (side >= 4 * SIDE) {
      const half = make("canvas", { width: Math.ceil(side / 2), height: Math.ceil(side / 2) });
      half.getContext("2d").drawImage(source, x, y, side, side, 0, 0, half.width, half.height);
      [source, side, x, y] = [half, half.width, 0, 0];
    }
    surface.imageSmoothingQuality = "high";
    surface.fillStyle = "#fff"; // what is transparent becomes white
    surface.fillRect(0, 0, SIDE, SIDE);
    surface.drawImage(source, x, y, side, side, 0, 0, SIDE, SIDE);
  };

  const show = (name, truth) => {
    now.picture = { name, truth, pixels: bytesOf() };
    canvas.setAttribute("aria-label", `The network's view: ${name}, ${SIDE} by ${SIDE} pixels`);
    for (const button of thumbnails.children) button.setAttribute("aria-pressed", button.title === name);
    return refresh();
  };

  const showOwn = async (file) => {
    stopCamera();
    try {
      const picture = await createImageBitmap(file);
      shrunk(picture, picture.width, picture.height);
    } catch {
      return say(`${file.name} is no picture that this browser can read; try a JPEG or a PNG.`);
    }
    return show("a picture of your own", null);
  };

  const thumbnails = make("div", { class: "thumbnails", role: "group", "aria-label": "Test images" });
  const mosaic = make("img", { src: "", alt: "" });

  const drawThumbnails = async () => {
    mosaic.src = staticUrl(told.images.file);
    await mosaic.decode();
    told.images.names.forEach((which, row) => told.classes.forEach((name, column) => {
      const title = `${name}, ${which} of the test set`;
      const small = make("canvas", { width: SIDE, height: SIDE, "aria-hidden": "true" });
      const place = [column * SIDE, row * SIDE, SIDE, SIDE, 0, 0, SIDE, SIDE];
      small.getContext("2d").drawImage(mosaic, ...place);
      const choose = () => { stopCamera(); surface.drawImage(mosaic, ...place); return show(title, name); };
      thumbnails.append(make("button", { type: "button", title, "aria-label": title, "aria-pressed": "false", onclick: choose }, small));
    }));
  };

  // ---- Camera

  const video = make("video", { playsinline: true, muted: true });
  const cameraButton = make("button", { type: "button", onclick: () => (camera ? keepPicture() : startCamera()) }, "Use the camera");
  let camera = null;

  const startCamera = async () => {
    try {
      camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      return say("There is no camera, or this page may not use it. Pictures from a file work without.");
    }
    video.srcObject = camera;
    await video.play();
    cameraButton.textContent = "Stop the camera and keep this picture";
    const look = async () => {
      if (!camera) return;
      shrunk(video, video.videoWidth, video.videoHeight);
      await show("the camera's picture", null);
      setTimeout(look, REPLY_EVERY);
    };
    return look();
  };

  const stopCamera = () => {
    for (const track of camera?.getTracks() ?? []) track.stop();
    camera = null;
    cameraButton.textContent = "Use the camera";
  };

  const keepPicture = () => { stopCamera(); return refresh(); };

  // ---- Answers

  const softmax = (logits) => {
    const top = Math.max(...logits), powers = logits.map((logit) => Math.exp(logit - top));
    return powers.map((power) => power / sum(powers));
  };
  const percent = (share) => `${(100 * share).toFixed(0)} %`;
  const precise = (value, digits) => make("data", { value }, value.toFixed(digits));
  const status = make("p", { role: "status", class: "playground-status" });
  const say = (text) => { if (status.textContent !== text) status.textContent = text; };

  const panels = make("div", { class: "panels" });
  const numbers = make("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "The numbers in these bars" });

  const panel = (network) => {
    const place = (i) => [Math.floor((3 * i) / network.blocks), i % (network.blocks / 3)];
    network.verdict = make("p", { class: "verdict" });
    network.scores = told.classes.map((name) => ({ bar: make("span", { class: "bar" }), share: make("span", { class: "share" }), name: make("span", {}, name) }));
    network.buttons = Array.from({ length: network.blocks }, (_, i) => {
      const bars = [make("span", { class: "bar" }), make("span", { class: "bar" })];
      return make("button", { type: "button", tabindex: i ? "-1" : "0", "aria-pressed": "true", onclick: () => toggle(network, i), onfocus: () => rove(network, i) }, ...bars);
    });
    const stages = [0, 1, 2].map((stage) => make("div", { class: "stage" },
      make("span", {}, `stage ${stage + 1}`),
      ...network.buttons.filter((_, i) => place(i)[0] === stage)));
    network.place = place;
    return make("section", { class: "network", "data-kind": network.kind, "data-name": network.name, "aria-label": network.name },
      make("h3", {}, network.name),
      make("p", { class: "known" }, `${network.test_error} % of the test images wrong`),
      network.verdict,
      make("ul", { class: "scores", "aria-label": `Class scores of ${network.name}` },
        ...network.scores.map(({ name, bar, share }) => make("li", {}, name, make("span", { class: "track" }, bar), share))),
      make("div", { class: "stages", role: "group", onkeydown: (event) => walk(network, event),
        "aria-label": `Blocks of ${network.name}: arrow keys move, space switches` }, ...stages));
  };

  // One block of a network is reached by Tab, the others from there by arrow keys.
  const rove = (network, i) => network.buttons.forEach((button, k) => { button.tabIndex = k === i ? 0 : -1; });
  const walk = (network, event) => {
    const at = network.buttons.indexOf(document.activeElement), last = network.blocks - 1, row = network.blocks / 3;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + row, ArrowUp: at - row, Home: 0, End: last }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    network.buttons[Math.max(0, Math.min(last, to))].focus();
  };

  const together = make("input", { type: "checkbox", checked: true });
  const toggle = (network, i) => {
    const on = network.gates[i] ? 0 : 1;
    for (const each of together.checked ? pairOf(network.depth) : [network]) each.gates[i] = on;
    return refresh();
  };
  const switchAllOn = () => {
    for (const network of told.networks) network.gates.fill(1);
    return refresh();
  };

  const draw = (network, { logits, responses, ms }) => {
    const scores = softmax(logits), best = scores.indexOf(Math.max(...scores)), name = told.classes[best];
    network.times = [...network.times.slice(1 - RUNS_TO_TIME), ms];
    const runs = network.times.length, steady = runs > 4 ? ` (median of the last ${runs} runs: ${median(network.times).toFixed(1)} ms)` : "";
    network.verdict.replaceChildren("says ", make("strong", {}, name), `, ${percent(scores[best])}. This took ${ms.toFixed(1)} ms here${steady}.`);
    network.scores.forEach((row, i) => {
      row.bar.style.width = `${100 * scores[i]}%`;
      row.share.textContent = percent(scores[i]);
      row.name.textContent = told.classes[i] === now.picture.truth ? `${told.classes[i]} (right)` : told.classes[i];
      row.bar.parentElement.parentElement.classList.toggle("best", i === best);
    });
    network.buttons.forEach((button, i) => {
      const [stage, block] = network.place(i), pair = responses.slice(1 + 2 * i, 3 + 2 * i), on = network.gates[i] === 1;
      button.setAttribute("aria-pressed", on);
      button.setAttribute("aria-label", `Stage ${stage + 1}, block ${block + 1}: responses ${pair.map((r) => r.toFixed(2)).join(" and ")}`);
      button.title = `stage ${stage + 1}, block ${block + 1}: ${pair.map((r) => r.toFixed(2)).join(", ")}${on ? "" : "; switched off"}`;
      pair.forEach((response, k) => { button.children[k].style.height = `${Math.min(100, (100 * response) / 1.6)}%`; });
    });
    return `${network.name}: ${name}, ${percent(scores[best])}`;
  };

  const tabulate = (pair, answers) => {
    const table = (caption, head, rows) => make("table", {}, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...[head, ...pair.map((n) => n.name)].map((h) => make("th", { scope: "col" }, h)))),
      make("tbody", {}, ...rows.map(([label, values]) => make("tr", {}, make("th", { scope: "row" }, label), ...values.map((v) => make("td", {}, precise(v, 4)))))));
    const layers = answers[0].responses.map((_, i) => {
      if (!i) return "first layer";
      const [stage, block] = pair[0].place(Math.floor((i - 1) / 2));
      return `stage ${stage + 1}, block ${block + 1}, layer ${((i - 1) % 2) + 1}`;
    });
    numbers.replaceChildren(
      table("Logits", "class", told.classes.map((name, i) => [name, answers.map((a) => a.logits[i])])),
      table("Layer responses", "3×3 layer", layers.map((label, i) => [label, answers.map((a) => a.responses[i])])));
  };

  // One run at a time; what was asked for meanwhile is answered next, and only the last of it.
  let running = null, again = false;
  const refresh = () => {
    if (running) { again = true; return running; }
    running = (async () => {
      do {
        again = false;
        const pair = pairOf(now.depth), answers = [];
        for (const network of pair) answers.push(await answer(network, now.picture.pixels));
        const said = pair.map((network, i) => draw(network, answers[i]));
        tabulate(pair, answers);
        const off = pair.map((n) => n.gates.filter((gate) => !gate).length);
        const blocks = off.some(Boolean) ? `blocks off: ${off.join(" and ")}` : "all blocks on";
        if (!camera) say(`${now.picture.name}, ${blocks}. ${said.join("; ")}.`);
        panels.dataset.answered = Number(panels.dataset.answered ?? 0) + 1;
      } while (again);
    })().catch((error) => say(`The networks could not answer (${error.message}). Reload the page to try again.`))
      .finally(() => { running = null; });
    return running;
  };

  // ---- The page

  const bar = make("progress", { max: "1", value: "0", "aria-label": "Loading", hidden: true });
  const loadShowing = async (depth) => {
    bar.hidden = false;
    say("Loading…");
    try {
      await load(depth, (share) => { bar.value = share; });
    } finally {
      bar.hidden = true;
    }
  };

  const failed = (error) => say(`The networks could not be loaded (${error.message}). Reload the page to try again.`);

  const chooseDepth = async (depth) => {
    now.wanted = depth;
    try {
      await loadShowing(depth);
    } catch (error) {
      return failed(error);
    }
    if (now.wanted !== depth) return; // the reader chose again while this was loading
    now.depth = depth;
    panels.replaceChildren(...pairOf(depth).map(panel));
    return refresh();
  };

  const depths = () => make("fieldset", { class: "depths" }, make("legend", {}, "Depth"),
    ...[...new Set(told.networks.map((network) => network.depth))].map((depth, i) => make("label", {},
      make("input", { type: "radio", name: "depth", value: depth, checked: i === 0, onchange: () => chooseDepth(depth) }),
      ` ${depth} layers${i ? ` (${inWords(sum(pairOf(depth).map((n) => n.bytes)))} more)` : ""}`)));

  const ownPicture = () => {
    const input = make("input", { type: "file", accept: "image/*", class: "visually-hidden", onchange: () => input.files[0] && showOwn(input.files[0]) });
    return make("label", { class: "own" }, input, "Choose a picture, or drop one here");
  };

  const acceptDrops = () => {
    const over = (on) => (event) => { event.preventDefault(); box.classList.toggle("over", on); };
    box.addEventListener("dragover", over(true));
    box.addEventListener("dragleave", over(false));
    box.addEventListener("drop", (event) => {
      over(false)(event);
      if (event.dataTransfer.files[0]) showOwn(event.dataTransfer.files[0]);
    });
  };

  const begin = async (start) => {
    const button = start.querySelector("button");
    button.disabled = true;
    try {
      await loadShowing(now.depth);
      await drawThumbnails();
    } catch (error) {
      button.disabled = false;
      return failed(error);
    }
    start.remove();
    acceptDrops();
    box.prepend(
      make("div", { class: "pictures" }, thumbnails,
        make("div", { class: "view" }, canvas, make("div", {}, ownPicture(), navigator.mediaDevices?.getUserMedia ? cameraButton : null))),
      make("div", { class: "controls" }, depths(),
        make("label", {}, together, " the same blocks in both"),
        make("button", { type: "button", onclick: switchAllOn }, "Switch all blocks on")));
    status.before(panels);
    status.after(make("details", { class: "data-table" }, make("summary", {}, "The numbers in these bars"), numbers));
    panels.replaceChildren(...pairOf(now.depth).map(panel));
    surface.drawImage(mosaic, 0, 0, SIDE, SIDE, 0, 0, SIDE, SIDE);
    await show(thumbnails.children[0].title, told.classes[0]);
    return thumbnails.children[0].focus();
  };

  box.append(bar, status);
  if (location.protocol === "file:") {
    box.querySelector(".from-disk").hidden = false;
    return;
  }
  const start = box.querySelector(".playground-start");
  start.hidden = false;
  start.querySelector("button").addEventListener("click", () => begin(start));
})();
