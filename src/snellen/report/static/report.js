"use strict";
// What moves in a report: the theme, sorting, charts that are drawn as they come into view, the gallery's filter.
(() => {
  const root = document.documentElement;
  const every = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Theme: that of the system until another one is chosen

  const remembered = () => { try { return localStorage.getItem("snellen-theme"); } catch { return null; } };
  let printing = false;  // paper is light
  const isDark = () => !printing && (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const tellTheme = () => every("[data-theme-switch]").forEach((button) => {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(isDark()));
  });
  if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();
  tellTheme();
  every("[data-theme-switch]").forEach((button) => button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("snellen-theme", root.dataset.theme); } catch { /* a file may have no storage */ }
    tellTheme();
    redraw();
  }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { tellTheme(); redraw(); });
  const print = (begins) => { const before = isDark(); printing = begins; if (isDark() !== before) redraw(); };
  let opened = [];  // paper cannot be opened; numbers of hundreds of rows or columns would be a book
  const unfold = () => every("details:not([open])").filter((each) => !each.closest("[data-chart], [hidden]") && each.querySelectorAll("tr").length <= 100 && each.querySelectorAll("thead th").length <= 48);
  addEventListener("beforeprint", () => {
    print(true);
    if (!opened.length) opened = unfold();
    opened.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => {
    print(false);
    opened.splice(0).forEach((each) => { each.open = false; });
  });

  // Sorting: a button in each head; the first click sorts the best first

  const valueOf = (cell) => {
    const text = cell.dataset.value ?? cell.textContent.trim();
    const number = Number(text);
    return text === "" ? null : Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) => a === null ? 1 : b === null ? -1
    : typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  every("table[data-sortable]").forEach((table) => every("thead th:not([data-unsortable])", table).forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    const place = [...head.parentNode.children].indexOf(head);
    button.addEventListener("click", () => {
      const rows = [...table.tBodies[0].rows];
      const numeric = rows.some((row) => typeof valueOf(row.cells[place]) === "number");
      const first = numeric && !("least" in head.dataset) && place > 0 ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      every("th", head.parentNode).forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      rows.map((row, index) => ({ row, index, value: valueOf(row.cells[place]) }))
        .sort((a, b) => (a.value === null || b.value === null ? compare(a.value, b.value) : sign * compare(a.value, b.value)) || a.index - b.index)
        .forEach(({ row }) => table.tBodies[0].append(row));
    });
  }));

  // Charts: Vega-Lite, drawn with the colours of the theme

  const source = document.getElementById("charts");
  const charts = source ? JSON.parse(source.textContent) : {};
  const chosen = {};
  const drawn = new Map();

  const config = () => {
    const probe = document.body.appendChild(document.createElement("span"));
    probe.style.colorScheme = isDark() ? "dark" : "light";
    const colour = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
    const ink = colour("--ink"), soft = colour("--soft"), line = colour("--line");
    const palette = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => colour(`--c${number}`));
    const heat = [colour("--heat-low"), colour("--heat-high")];
    probe.remove();
    return {
      background: "transparent",
      font: "system-ui, -apple-system, Segoe UI, Roboto, sans-serif",
      axis: { labelColor: soft, titleColor: soft, gridColor: line, domainColor: line, tickColor: line, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500, labelLimit: 220 },
      legend: { labelColor: ink, titleColor: soft, labelLimit: 320, labelFontSize: 12, orient: "top", columns: innerWidth < 640 ? 1 : 2 },
      header: { labelColor: ink, titleColor: soft }, title: { color: ink },
      text: { color: ink, fontSize: 12 }, rule: { color: soft }, mark: { color: palette[0] },
      range: { category: palette, heatmap: heat, ramp: heat, diverging: [palette[1], heat[0], palette[0]] },
      view: { stroke: null },
    };
  };
  const embed = async (plot) => {
    const name = plot.dataset.chart;
    const chart = charts[name]?.[chosen[name] ?? 0];
    if (!chart || typeof vegaEmbed !== "function") return;
    drawn.get(plot)?.finalize();
    const { config: own = {}, ...spec } = chart;
    const embedded = await vegaEmbed(plot, spec, {
      ast: true, renderer: "svg", config: { ...config(), ...own }, tooltip: { theme: isDark() ? "dark" : "light" },
      actions: { export: true, source: false, compiled: false, editor: false }, downloadFileName: name,
      loader: { target: "_self" },
    });
    drawn.set(plot, embedded);
    plot.querySelector("summary")?.setAttribute("aria-label", "Save this chart");
    plot.dataset.drawn = "yes";
  };
  const begun = new Map();  // one drawing of a chart after the other
  const draw = (plot) => { const next = () => embed(plot); begun.set(plot, (begun.get(plot) ?? Promise.resolve()).then(next, next)); };
  const redraw = () => [...begun.keys()].forEach(draw);
  const waiting = new Set(every("[data-chart]"));
  const begin = (plot) => { if (waiting.delete(plot)) draw(plot); };
  const watch = new IntersectionObserver((entries) => entries.forEach((entry) => { if (entry.isIntersecting) { watch.unobserve(entry.target); begin(entry.target); } }), { rootMargin: "400px" });
  waiting.forEach((plot) => watch.observe(plot));
  const whenIdle = window.requestIdleCallback ?? ((then) => setTimeout(then, 200));
  const drawNext = () => { const [plot] = waiting; if (plot) { begin(plot); whenIdle(drawNext); } };  // so that all are there to be printed
  addEventListener("load", () => whenIdle(drawNext));
  every("select[data-choose]").forEach((select) => select.addEventListener("change", () => {
    const name = select.dataset.choose, figure = document.getElementById(name);
    chosen[name] = Number(select.value);
    every("[data-variant]", figure).forEach((table) => { table.hidden = table.dataset.variant !== select.value; });
    every("[data-chart]", figure).forEach((plot) => { waiting.delete(plot); draw(plot); });
  }));

  // Gallery: filtered by what an address of the page asks for, as in #mistakes?row=1&label=cat

  const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu;  // and what turns the writing
  const named = (name) => {
    const apart = document.createElement("bdi");
    apart.textContent = name.replace(unseen, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
    return apart;
  };
  const unfilter = () => every("[data-filter-told]:not([hidden])").forEach((told) => {
    told.hidden = true;
    every("[data-label]", told.closest("section")).forEach((card) => { card.hidden = false; });
  });
  const filter = () => {
    unfilter();
    const [anchor, query] = location.hash.slice(1).split("?");
    if (query === undefined) return;
    const section = document.getElementById(anchor);
    const gallery = section && section.querySelector("[data-gallery]");
    if (!gallery) return;
    const wanted = new URLSearchParams(query);
    let count = 0;
    every("[data-label]", gallery).forEach((card) => {
      const predictions = JSON.parse(card.dataset.predictions);
      const fits = (!wanted.has("label") || card.dataset.label === wanted.get("label"))
        && (!wanted.has("prediction") || (wanted.has("row") ? predictions[wanted.get("row")] === wanted.get("prediction") : Object.values(predictions).includes(wanted.get("prediction"))));
      card.hidden = !fits;
      count += fits;
    });
    every("details.rest", gallery).forEach((rest) => { rest.open = true; });
    const told = section.querySelector("[data-filter-told]");
    told.hidden = false;
    const words = wanted.has("label") ? ["labelled ", named(wanted.get("label"))] : [];
    if (wanted.has("prediction")) words.push(words.length ? ", taken for " : "taken for ", wanted.get("prediction") ? named(wanted.get("prediction")) : "no class");
    const text = count ? [`${count} of the pictures here: `, ...words, "."] : ["None of the pictures in this page is ", ...words, "; the viewer shows all images."];
    told.querySelector("[data-filter-text]").replaceChildren(...text);
    section.scrollIntoView();
  };
  addEventListener("hashchange", filter);
  every("[data-filter-off]").forEach((button) => button.addEventListener("click", () => {
    unfilter();
    history.replaceState(null, "", `#${button.closest("section").id}`);
  }));
  filter();

  // The section in view is marked in the navigation

  const links = new Map(every("header nav a[href^='#']").map((link) => [link.getAttribute("href").slice(1), link]));
  const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (!entry.isIntersecting) return;
    links.forEach((link) => link.removeAttribute("aria-current"));
    links.get(entry.target.id)?.setAttribute("aria-current", "true");
  }), { rootMargin: "-20% 0px -70% 0px" });
  links.forEach((_, id) => { const section = document.getElementById(id); if (section) seen.observe(section); });
})();
