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

  const banner = $("[data-progress]"), newer = $("[data-newer]");
  const count = (number) => Math.round(number).toLocaleString("en");
  const told = (state) => {
    const parts = [`${state.task || "The run goes on"}: ${count(state.done)}${state.total ? ` of ${count(state.total)}` : ""}`];
    if (state.rate) parts.push(`${state.rate < 10 ? state.rate.toPrecision(2) : count(state.rate)} a second`);
    if (state.left) parts.push(state.left > 90 ? `some ${count(state.left / 60)} minutes left` : `${count(state.left)} s left`);
    if (state.failed) parts.push(`${count(state.failed)} failed`);
    if (state.spent !== null) parts.push(`${state.spent.toFixed(state.spent < 1 ? 4 : 2)} USD so far`);
    return `${parts.join(", ")}.`;
  };
  const ended = ({ pending, total }) => pending === null ? "The run has ended."
    : pending === 0 ? "The run has ended; no image is pending."
      : `The run has ended; ${count(pending)} of ${count(total)} images ${pending === 1 ? "is" : "are"} pending: the same command goes on.`;
  let went = banner !== null && !$("[data-progress-bar]").hidden;  // whether it has gone on since this page was made
  const showRun = (state) => {
    const bar = $("[data-progress-bar]");
    went ||= state.going;
    bar.hidden = !state.going;
    $("[data-progress-text]").textContent = state.going ? told(state) : ended(state);
    $("[data-progress-line]").textContent = state.going ? state.lines.at(-1) ?? "" : "";
    $("[data-progress-anew]").hidden = state.going || !went || newer !== null;
    if (state.total) { bar.max = state.total; bar.value = state.done ?? 0; } else bar.removeAttribute("value");
  };

  // A newer report is offered; the one that is being read stays

  const showReport = ({ edition, current }) => {
    const ready = edition !== "" && edition !== newer.dataset.edition;
    const said = ready ? "ready" : current ? "current" : "making";
    newer.hidden = said === "current";
    if (newer.dataset.said === said) return;
    newer.dataset.said = said;
    const link = document.createElement("a");
    link.href = location.pathname;
    link.textContent = "show it";
    newer.replaceChildren(...{
      ready: ["A newer report is ready: ", link, "."],
      making: ["The run has changed since this report was made. A newer one is being made and is offered here as soon as it is ready."],
      current: [],
    }[said]);
  };
  const poll = async () => {
    const again = (seconds) => setTimeout(poll, 1000 * seconds);
    if (document.hidden) { again(2); return; }  // nobody reads it: no report is made for that
    try {
      const answer = await fetch(newer ? newer.dataset.newer : banner.dataset.progress, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status);
      const state = await answer.json();
      if (banner) showRun(state);
      if (newer) showReport(state.report);
      again(state.going || state.pending === null || (newer && newer.dataset.said === "making") ? 2 : 5);
    } catch {
      if (banner) { $("[data-progress-text]").textContent = "The viewer does not answer; it is asked again."; $("[data-progress-line]").textContent = ""; }
      again(5);
    }
  };
  if (banner || newer) setTimeout(poll, 1000);

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
