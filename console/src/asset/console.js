// The console without this file is whole: links, forms, full pages. With it: times in the reader's zone, filter by
// typing, ⌘K, keys, live rows that wait for a click, ending by a long press, proofs computed in this browser.
"use strict";
(() => {
  const $ = (query, root = document) => root.querySelector(query);
  const $$ = (query, root = document) => [...root.querySelectorAll(query)];
  const el = (tag, props = {}, ...inside) => {
    const node = Object.assign(document.createElement(tag), props);
    node.append(...inside);
    return node;
  };
  // The one place where text becomes markup, and only rows that our own server has rendered.
  const markup = globalThis.trustedTypes?.createPolicy("writ-rows", {
    createHTML: (text) => { if (/<(script|iframe|object|embed|base|link|meta|style)\b/i.test(text)) throw new TypeError("not a row"); return text; },
  }) ?? { createHTML: (text) => text };
  // A page of ours as a document; nothing in it runs.
  const page = (href) => new Promise((done, failed) => {
    const ask = new XMLHttpRequest();
    ask.open("GET", href);
    ask.responseType = "document";
    ask.onload = () => (ask.status === 200 && ask.response ? done(ask.response) : failed(new Error(String(ask.status))));
    ask.onerror = () => failed(new Error("not reached"));
    ask.send();
  });
  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");

  // Times: how long ago, kept true; the exact instant in the reader's zone on hover.
  const rough = (seconds) =>
    seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min`
      : seconds < 86400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const tell = (time) => {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) return;
    time.title = exact.format(at);
    if ("clock" in time.dataset) { time.textContent = clock.format(at); return; }
    const passed = Math.floor((Date.now() - at) / 1000);
    const text = Math.abs(passed) >= 1209600 ? day.format(at)
      : passed < 0 ? `in ${rough(-passed)}` : passed === 0 ? "now" : `${rough(passed)} ago`;
    if (time.textContent !== text) time.textContent = text;
  };
  const tellAll = (root = document) => $$("time[datetime]", root).forEach(tell);

  // A list filters by typing; Enter asks the server, which also looks beyond this page.
  $$("[data-filter]").forEach((input) => {
    const rows = () => $$(`#${input.dataset.filter} tbody tr`);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows().forEach((row) => {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      });
    });
  });

  // Dialogs.
  const dialog = (name, label, ...inside) => {
    const node = el("dialog", { className: name }, ...inside);
    node.setAttribute("aria-label", label);
    node.addEventListener("click", (event) => { if (event.target === node) node.close(); });
    node.addEventListener("close", () => node.remove());
    document.body.append(node);
    node.showModal();
    return node;
  };
  const keys = async (href) => {
    const list = await page(href).then((found) => $("#keys", found)).catch(() => null);
    if (!list) { location.assign(href); return; }
    dialog("help", "Keyboard", el("div", { className: "inside" }, el("h2", { textContent: "Keyboard" }), list));
  };
  const palette = async (href) => {
    const input = el("input", { type: "search", placeholder: "Client, agent or page", autocomplete: "off" });
    input.setAttribute("aria-label", "Find a client, an agent or a page");
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-controls", "palette-list");
    input.setAttribute("aria-expanded", "true");
    const list = el("ul", { id: "palette-list" });
    list.setAttribute("role", "listbox");
    const box = dialog("palette", "Find", input, list);
    let entries = [], at = 0;
    const draw = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = entries.filter((one) => {
        const text = `${one.name} ${one.what}`.toLowerCase();
        return words.every((word) => text.includes(word));
      }).slice(0, 12);
      at = Math.max(0, Math.min(at, found.length - 1));
      list.replaceChildren(...found.map((one, index) => {
        const link = el("a", { href: one.href, className: index === at ? "on" : "", id: `palette-${index}` },
          el("span", { textContent: one.name }), el("span", { className: "what", textContent: one.what }));
        link.setAttribute("role", "option");
        link.setAttribute("aria-selected", String(index === at));
        return el("li", {}, link);
      }));
      if (!found.length && entries.length) list.replaceChildren(el("li", {}, el("p", { textContent: "Nothing is called that." })));
      input.setAttribute("aria-activedescendant", found.length ? `palette-${at}` : "");
    };
    input.addEventListener("input", () => { at = 0; draw(); });
    input.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { event.preventDefault(); at += step; draw(); }
      if (event.key === "Enter") { event.preventDefault(); $("a.on", list)?.click(); }
    });
    try {
      entries = await (await fetch(href.replace(/\/find.*/, "/find.json"))).json();
      draw();
    } catch { box.close(); location.assign(href); }
  };
  const finder = $("[data-palette]");
  finder?.addEventListener("click", (event) => { event.preventDefault(); palette(finder.getAttribute("href")); });
  const helper = $("[data-keys]");
  helper?.addEventListener("click", (event) => { event.preventDefault(); keys(helper.getAttribute("href")); });

  // Ending by a long press. A short press follows the link to the form, where the name is typed.
  const HOLD = 1200;
  const end = (link) => {
    const near = link.closest("tr, .decision");
    const chip = ((near && $(".chip", near)) ?? $(".place .chip"))?.cloneNode(true);
    const client = el("p", { className: "ending-client" });
    client.append(...(chip ? [chip] : []), link.dataset.client ?? "");
    dialog("ending", "Ending", el("div", { className: "inside" },
      client,
      el("h2", { textContent: `Ending ${link.dataset.hold}` }),
      el("p", { className: "soft", textContent: "You sign it next, with your passkey. Then every gateway refuses it and says so." })));
    const form = el("form", { method: "post", action: link.href, hidden: true });
    const value = (name, text) => form.append(el("input", { type: "hidden", name, value: text }));
    value("csrf", $("meta[name=csrf-token]")?.content ?? "");
    value("name", link.dataset.hold);
    value("reason", "Ended by a long press in the console.");
    document.body.append(form);
    form.submit();
  };
  $$("[data-hold]").forEach((link) => {
    let timer = 0, done = false;
    const start = () => {
      if (timer || done) return;
      link.classList.add("holding");
      timer = setTimeout(() => { done = true; end(link); }, HOLD);
    };
    const stop = () => { clearTimeout(timer); timer = 0; if (!done) link.classList.remove("holding"); };
    let pressed = 0;
    link.addEventListener("pointerdown", (event) => { if (event.button === 0) { pressed = performance.now(); start(); } });
    ["pointerup", "pointerleave", "pointercancel", "blur"].forEach((name) => link.addEventListener(name, stop));
    link.addEventListener("contextmenu", (event) => { if (timer || done) event.preventDefault(); });
    link.addEventListener("dragstart", (event) => event.preventDefault());
    link.addEventListener("click", (event) => { if (done || (pressed && performance.now() - pressed > 400)) event.preventDefault(); pressed = 0; });
    link.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); start(); } });
    link.addEventListener("keyup", (event) => { if (event.key === " ") { stop(); if (!done) location.assign(link.href); } });
  });

  // A receipt that waits looks again by itself for its first minute.
  const again = $("[data-again]");
  if (again && Date.now() - new Date(again.dataset.again) < 60000) setTimeout(() => location.reload(), 1000);

  // Live rows: they say that they are there and wait for a click while somebody reads.
  const live = $("[data-live]");
  const LIMIT = 500; // rows kept waiting and rows kept on the page; the server has them all
  let waiting = [];
  const button = $("[data-show-new]");
  const show = () => {
    const body = $("[data-live-rows]");
    if (!body || !waiting.length) return;
    $("#rows").hidden = false;
    $("[data-live-empty]")?.remove();
    const fresh = waiting.map((html) => {
      const text = markup.createHTML(`<table><tbody>${html}</tbody></table>`);
      const row = $("tr", new DOMParser().parseFromString(text, "text/html"));
      row?.classList.add("fresh");
      return row;
    }).filter(Boolean).reverse();
    waiting = [];
    body.prepend(...fresh);
    $$("tr", body).slice(LIMIT).forEach((row) => row.remove());
    button.hidden = true;
    tellAll(body);
    scrollTo({ top: 0, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  };
  if (live && button) {
    button.addEventListener("click", show);
    const state = (text) => { live.textContent = text; };
    const source = new EventSource(live.dataset.live);
    source.addEventListener("open", () => state("Live"));
    source.addEventListener("error", () => state("Not live; trying again. Reload to see what was missed."));
    source.addEventListener("call", (event) => {
      waiting.push(event.data);
      if (waiting.length > LIMIT) waiting.shift();
      const count = waiting.length;
      button.textContent = count === 1 ? "1 new call" : `${count}${count === LIMIT ? " or more" : ""} new calls`;
      button.hidden = false;
    });
    addEventListener("pagehide", () => source.close());
  }

  // A proof, computed here: RFC 9162 section 2.1.3.2.
  const verify = $("[data-verify]");
  const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const sha = (...parts) => {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
    return crypto.subtle.digest("SHA-256", all).then((out) => new Uint8Array(out));
  };
  const prove = async (proof) => {
    let node = await sha([0], new TextEncoder().encode(proof.bytes));
    if (hex(node) !== proof.leaf_hash) return false;
    let fn = proof.line, sn = proof.size - 1;
    for (const step of proof.path) {
      if (sn === 0) return false;
      const other = bytes(step);
      if (fn % 2 === 1 || fn === sn) {
        node = await sha([1], other, node);
        while (fn % 2 === 0 && fn !== 0) { fn = Math.floor(fn / 2); sn = Math.floor(sn / 2); }
      } else node = await sha([1], node, other);
      fn = Math.floor(fn / 2); sn = Math.floor(sn / 2);
    }
    return sn === 0 && hex(node) === proof.root;
  };
  if (verify && globalThis.crypto?.subtle) {
    fetch(verify.dataset.verify).then((answer) => answer.json()).then(prove).then((good) => {
      verify.className = good ? "mark go" : "mark stop";
      verify.textContent = good ? "Computed in this browser: leads to this root" : "Computed in this browser: does not lead to this root";
    }).catch(() => { verify.textContent = ""; });
  }

  // Keys.
  let going = 0;
  const places = { d: 0, a: 1, c: 2, l: 3 };
  const step = (by) => {
    const all = $$("main tbody tr, main .decision").filter((one) => !one.hidden);
    const links = all.map((one) => $("h2 a, td.first a, td a", one)).filter(Boolean);
    const at = links.findIndex((one) => one === document.activeElement);
    links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
  };
  addEventListener("keydown", (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k" && finder) {
      event.preventDefault();
      if (!$("dialog.palette")) palette(finder.getAttribute("href"));
      return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target) || $("dialog[open]")) return;
    if (going && performance.now() - going < 1000 && event.key in places) {
      going = 0;
      $$(".nav.fleet a")[places[event.key]]?.click();
      return;
    }
    going = 0;
    switch (event.key) {
      case "g": going = performance.now(); break;
      case "/": { const field = $("[data-filter]"); if (field) { event.preventDefault(); field.focus(); } break; }
      case "j": step(1); break;
      case "k": step(-1); break;
      case "n": show(); break;
      case "?": if (helper) { event.preventDefault(); keys(helper.getAttribute("href")); } break;
    }
  });

  // A list keeps its place on return.
  const place = `place:${location.pathname}${location.search}`;
  addEventListener("pagehide", () => { try { sessionStorage.setItem(place, String(scrollY)); } catch { /* not kept */ } });
  if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") {
    const kept = Number(sessionStorage.getItem(place));
    if (kept) scrollTo(0, kept);
  }
  tellAll();
  setInterval(tellAll, 10000);
})();
