"use strict";
// What moves in the viewer: keys, cards, the progress of a run, and a search that goes on. All pages work without.
(() => {
  const $ = (selector) => document.querySelector(selector);

  // Arrow keys turn the pages, unless something is being typed or chosen

  addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable], pre, .wide, .plot")) return;
    const wanted = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
    const link = wanted && $(`a[rel="${wanted}"]`);
    if (link) { event.preventDefault(); link.click(); }
  });

  // Empty fields stay out of addresses

  document.querySelectorAll("form[data-tidy]").forEach((form) => form.addEventListener("formdata", (event) => {
    for (const [key, value] of [...event.formData.entries()]) if (value === "") event.formData.delete(key);
  }));

  // Cards of different heights stand close together, in their order from left to right

  const cards = $(".heard");
  if (cards) {
    const step = parseFloat(getComputedStyle(document.documentElement).fontSize) / 2;
    const fit = (card) => { card.style.gridRowEnd = `span ${Math.ceil(card.getBoundingClientRect().height / step) + 2}`; };
    const sizes = new ResizeObserver((entries) => entries.forEach((entry) => fit(entry.target)));
    cards.classList.add("packed");
    cards.querySelectorAll(".card").forEach((card) => { fit(card); sizes.observe(card); });
    document.querySelector(".card:target")?.scrollIntoView();
  }

  // How far the run is

  const banner = $("[data-progress]");
  const count = (number) => Math.round(number).toLocaleString("en");
  const told = (state) => {
    const parts = [`${state.task || "The run goes on"}: ${count(state.done)}${state.total ? ` of ${count(state.total)}` : ""}`];
    if (state.rate) parts.push(`${state.rate < 10 ? state.rate.toPrecision(2) : count(state.rate)} a second`);
    if (state.left) parts.push(state.left > 90 ? `some ${count(state.left / 60)} minutes left` : `${count(state.left)} s left`);
    if (state.failed) parts.push(`${count(state.failed)} failed`);
    if (state.spent !== null) parts.push(`${state.spent.toFixed(state.spent < 1 ? 4 : 2)} USD so far`);
    return `${parts.join(", ")}.`;
  };
  const poll = async () => {
    let state;
    try {
      const answer = await fetch(banner.dataset.progress, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status);
      state = await answer.json();
    } catch {
      $("[data-progress-text]").textContent = "The viewer does not answer any more.";
      return;
    }
    if (!state.going) {
      banner.dataset.ended = "yes";
      $("[data-progress-bar]").hidden = true;
      $("[data-progress-line]").textContent = "";
      $("[data-progress-text]").textContent = "The run has ended: reload for the final report.";
      return;
    }
    $("[data-progress-text]").textContent = told(state);
    $("[data-progress-line]").textContent = state.lines.at(-1) ?? "";
    const bar = $("[data-progress-bar]");
    if (state.total) { bar.max = state.total; bar.value = state.done; } else bar.removeAttribute("value");
    setTimeout(poll, 2000);
  };
  if (banner) setTimeout(poll, 1000);

  // A search goes on by itself until it has found enough

  const found = $("[data-search][data-next]");
  const enough = 300;
  const searchOn = async () => {
    const say = $("[data-search-told]"), link = $("[data-search-on]");
    while (found.dataset.next && found.children.length < enough && found.isConnected) {
      let part;
      try {
        const answer = await fetch(`${found.dataset.address}&after=${encodeURIComponent(found.dataset.next)}`);
        if (!answer.ok) throw new Error(answer.status);
        part = await answer.json();
      } catch { return; }
      const made = document.createElement("template");
      made.innerHTML = part.html;
      found.append(made.content);
      found.dataset.next = part.next ?? "";
      if (link && part.next) link.href = link.href.replace(/after=[^&]*/, `after=${encodeURIComponent(part.next)}`);
      say.textContent = part.next ? `${Math.round(100 * part.share)} % of the answers searched, ${count(found.children.length)} found.`
        : found.children.length ? `All answers are searched: ${count(found.children.length)} found.` : "No answer holds these words.";
    }
    if (link) link.hidden = !found.dataset.next;
  };
  if (found) searchOn();
})();
