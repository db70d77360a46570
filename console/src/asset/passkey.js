// Passkeys: asks the browser to make one or to sign with one and hands its answer to the desk's doors. Every part it
// works on is `[data-passkey]`: "create" or "get", with the addresses to ask and to answer. Without this file a page says
// what is needed. Nothing here decides anything: the desk checks every byte.
"use strict";
(() => {
  const $ = (query, root = document) => root.querySelector(query);
  const $$ = (query, root = document) => [...root.querySelectorAll(query)];
  const able = Boolean(globalThis.PublicKeyCredential && navigator.credentials);

  // base64url, for browsers that do not read the JSON forms of WebAuthn themselves.
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) => buffer && btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const creation = (json) => PublicKeyCredential.parseCreationOptionsFromJSON?.(json) ?? {
    ...json, challenge: bytes(json.challenge), user: { ...json.user, id: bytes(json.user.id) },
    excludeCredentials: listed(json.excludeCredentials),
  };
  const request = (json) => PublicKeyCredential.parseRequestOptionsFromJSON?.(json) ?? {
    ...json, challenge: bytes(json.challenge), allowCredentials: listed(json.allowCredentials),
  };
  const answer = (made) => {
    if (made.toJSON) return made.toJSON();
    const { response } = made, out = { clientDataJSON: text(response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) out[name] = text(response[name]);
    }
    return { id: made.id, rawId: text(made.rawId), type: made.type, response: out, clientExtensionResults: {} };
  };

  // What went wrong, in words.
  class Told extends Error {}
  const words = {
    NotAllowedError: "Nothing was signed: you canceled, it took too long, or no passkey for this place is at hand.",
    InvalidStateError: "This device already holds a passkey of yours for this place. Use another device or a security key.",
    NotSupportedError: "This device cannot make a passkey that checks that it is you (fingerprint, face or PIN).",
    SecurityError: "The browser refuses passkeys at this address. Open the page under the name it was given to you with.",
    AbortError: "It was interrupted. Try again.",
  };
  const said = (fault) => fault instanceof Told ? fault.message
    : words[fault.name] ?? (fault instanceof TypeError ? "The server did not answer. Look at the connection and try again."
      : "The browser could not do it. Try again, or use another device.");
  const post = async (href, body) => {
    const headers = { "content-type": "application/json", accept: "application/json" };
    const csrf = $("meta[name=csrf-token]")?.content;
    if (csrf) headers["writ-csrf"] = csrf;
    const reply = await fetch(href, { method: "POST", headers, body: JSON.stringify(body), credentials: "same-origin" });
    const kind = reply.headers.get("content-type") ?? "";
    const value = kind.includes("json") ? await reply.json() : {};
    if (reply.ok) return value;
    if (value.signing) return { signing: value.signing };
    const end = (one) => (one && !/[.!?]$/.test(one) ? `${one}.` : one ?? "");
    const told = [value.detail, value.cure].filter(Boolean).map(end).join(" ");
    throw new Told(told ? told[0].toUpperCase() + told.slice(1) : `The server refused it (${reply.status}).`);
  };
  // Only an address of this very place is followed.
  const go = (href, otherwise) => {
    const to = new URL(href || otherwise, location.href);
    location.assign(to.origin === location.origin ? to.href : otherwise);
  };

  let busy = false;
  const given = (part, name) => (part.dataset[name] ? JSON.parse(part.dataset[name]) : undefined);
  const fields = (part) => Object.fromEntries($$("input[name]", part).map((one) => [one.name, one.value.trim()]).filter(([, value]) => value));
  const perform = async (part) => {
    const own = fields(part), creates = part.dataset.passkey === "create";
    const asked = given(part, "given") ?? await post(part.dataset.options, given(part, "ask") ?? {});
    const json = asked.options ?? asked;
    const publicKey = creates ? creation(json) : request(json);
    const made = creates ? await navigator.credentials.create({ publicKey }) : await navigator.credentials.get({ publicKey });
    if (!made) throw new Told(words.NotAllowedError);
    const response = answer(made);
    return post(part.dataset.finish, "bare" in part.dataset ? response : { ...own, response });
  };
  const next = (part, done) => {
    const then = part.dataset.then ?? "";
    if (done.signing) { go(`/sign/${encodeURIComponent(done.signing.code)}`, "/"); return; }
    const shown = part.dataset.show && $(`#${part.dataset.show}`);
    if (shown) {
      const groups = String(done.fingerprint ?? "").split("-").map((group) => Object.assign(document.createElement("span"), { textContent: group }));
      $$("[data-fingerprint]", shown).forEach((place) => place.replaceChildren(...groups.flatMap((one) => [one, " "])));
      part.hidden = true;
      shown.hidden = false;
      shown.focus();
      return;
    }
    if (then === "reload") location.reload();
    else go(then || done.next, "/");
  };
  $$("[data-passkey]").forEach((part) => {
    const button = $("[data-go]", part), tells = $("[data-tells]", part);
    const tell = (what, kind) => { tells.textContent = what; tells.className = kind; tells.hidden = false; };
    if (!able) { tell("This browser knows no passkeys. Open this page in a current browser.", "tells bad"); return; }
    $$("[data-nojs]", part).forEach((one) => { one.hidden = true; });
    $$("[data-js]", part).forEach((one) => { one.hidden = false; });
    button.hidden = false;
    const label = button.textContent;
    const act = async () => {
      if (busy) return;
      const wrong = $$("input[name]", part).find((one) => !one.reportValidity());
      if (wrong) return;
      busy = button.disabled = true;
      button.textContent = "Waiting for your passkey…";
      tell("Your browser asks for your passkey.", "tells");
      try {
        const done = await perform(part);
        tell(done.signing ? "Now sign it." : "Done.", "tells good");
        next(part, done);
      } catch (fault) {
        tell(said(fault), "tells bad");
      }
      busy = button.disabled = false;
      button.textContent = label;
      if (!part.hidden) button.focus();
    };
    button.addEventListener("click", act);
    $$("input[name]", part).forEach((one) => one.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); act(); }
    }));
  });

  // A request that is signed on another device: this page follows.
  const watch = $("[data-watch]");
  const follow = async () => {
    for (let left = 60; left > 0; left -= 1) {
      const reply = await fetch(watch.dataset.watch, { headers: { accept: "application/json" } });
      if (!reply.ok) return;
      const { state } = await reply.json();
      if (state !== "waiting") { if (!busy) location.reload(); return; }
      await new Promise((done) => setTimeout(done, 500));
    }
  };
  if (watch) follow().catch(() => { /* the page stays as it is */ });

  // A printed page, a copied text.
  $$("[data-print]").forEach((button) => { button.hidden = false; button.addEventListener("click", () => print()); });
  $$("[data-copy]").forEach((button) => {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    });
  });

  // Another login: the provider's own address, told by the desk.
  $$("[data-link-login]").forEach((button) => {
    button.hidden = false;
    const tells = $("[data-tells]", button.parentElement);
    button.addEventListener("click", async () => {
      button.disabled = true;
      try { location.assign((await post(button.dataset.linkLogin, {})).redirect); } catch (fault) {
        tells.textContent = said(fault);
        tells.hidden = false;
        button.disabled = false;
      }
    });
  });
})();
