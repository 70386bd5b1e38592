// SPDX-License-Identifier: AGPL-3.0-or-later
// The page as an app: its service worker, a way to install it, its languages. Nothing else depends on this module, and
// without it the page works as well.

import { text } from "./format.js";

/** @import { PageConfig } from "./types" */

/** A page that stays open asks for a newer version this often, ms. */
const ASK_EVERY_MS = 60 * 60 * 1000;

/** @type {PageConfig} */
const config = JSON.parse(document.getElementById("config")?.textContent ?? "{}");

offerInstallation();
keepPlaceInLanguageLinks();
if ("serviceWorker" in navigator) {
  // What the driver came for is loaded first.
  if (document.readyState === "complete") startWorker();
  else window.addEventListener("load", startWorker, { once: true });
}

async function startWorker() {
  // The first worker that takes over is this page's own; a later one is newer than the page.
  let hasOne = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (hasOne) showRenewed();
    hasOne = true;
  });
  try {
    const registration = await navigator.serviceWorker.register(config.workerUrl, { updateViaCache: "none" });
    setInterval(() => {
      if (!document.hidden) registration.update().catch(() => undefined);
    }, ASK_EVERY_MS);
  } catch {
    // Private windows and odd settings forbid it; the page needs a connection then, as any page.
  }
}

/** A newer worker has taken over. This page still runs as it was loaded; a reload renews it, when the driver likes. */
function showRenewed() {
  const line = document.getElementById("renewed");
  const [words, button] = [line?.querySelector("span"), line?.querySelector("button")];
  if (!line || !words || !button || !line.hidden) return;
  words.textContent = text("newVersion");
  button.addEventListener("click", () => window.location.reload());
  line.hidden = false;
}

/** Where the browser would let the page be installed, a quiet line at the end says so; no pop-up comes by itself. */
function offerInstallation() {
  const button = document.getElementById("install");
  if (!button) return;
  /** @type {(Event & { prompt(): Promise<unknown> }) | null} */
  let offer = null;
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer = /** @type {Event & { prompt(): Promise<unknown> }} */ (event);
    button.hidden = false;
  });
  window.addEventListener("appinstalled", () => (button.hidden = true));
  button.addEventListener("click", async () => {
    button.hidden = true;
    await offer?.prompt();
    offer = null;
  });
}

/** Another language shows the same place: the rest of the address stays. */
function keepPlaceInLanguageLinks() {
  for (const link of document.querySelectorAll("a[data-language]")) {
    link.addEventListener("click", () => {
      const url = new URL(window.location.href);
      url.searchParams.set("language", link.getAttribute("data-language") ?? "");
      link.setAttribute("href", url.href);
    });
  }
}
