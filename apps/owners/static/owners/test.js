// SPDX-License-Identifier: AGPL-3.0-or-later
// The live test: asks every two seconds what became of what the camera sent since the test began.

const AGAIN_MS = 2000;
/** A test that nobody ends, ends by itself. */
const LONGEST_MS = 20 * 60 * 1000;
const KINDS = ["waiting", "good", "almost", "bad", "off"];
/** @type {Record<string, string>} */
const COLOURS = { good: "good", almost: "warn", bad: "bad", off: "warn" };

const box = /** @type {HTMLElement} */ (document.getElementById("test"));
const headline = /** @type {HTMLElement} */ (document.getElementById("test-headline"));
const advice = /** @type {HTMLElement} */ (document.getElementById("test-advice"));
const start = /** @type {HTMLButtonElement} */ (document.getElementById("test-start"));

let since = box.dataset.since ?? "";
let timer = 0;
let until = 0;

/** Said only when it changes: a screen reader must not hear it every two seconds. @param {string} kind @param {string} words @param {string[]} more */
function say(kind, words, more) {
  for (const one of KINDS) box.classList.toggle(one, one === kind);
  for (const one of new Set(Object.values(COLOURS))) box.classList.toggle(one, COLOURS[kind] === one);
  box.dataset.kind = kind;
  if (headline.textContent !== words) headline.textContent = words;
  const before = [...advice.children].map((line) => line.textContent);
  if (before.join("\n") === more.join("\n")) return;
  advice.replaceChildren(
    ...more.map((line) => {
      const item = document.createElement("li");
      item.textContent = line;
      return item;
    }),
  );
}

async function ask() {
  if (Date.now() > until) return end();
  try {
    const url = `${box.dataset.url}?since=${encodeURIComponent(since)}`;
    const response = await fetch(url, { credentials: "same-origin", cache: "no-store", redirect: "error" });
    if (!response.ok) throw new Error(String(response.status));
    const found = await response.json();
    since = String(found.since);
    say(found.kind, found.headline, found.advice);
    if (found.kind === "good" || found.kind === "off") {
      start.hidden = false;
      return;
    }
  } catch {
    say("waiting", box.dataset.offline ?? "", []);
  }
  timer = window.setTimeout(ask, AGAIN_MS);
}

function end() {
  say("", box.dataset.ended ?? "", []);
  start.hidden = false;
}

function begin() {
  clearTimeout(timer);
  until = Date.now() + LONGEST_MS;
  start.hidden = true;
  void ask();
}

start.addEventListener("click", () => {
  since = "";
  begin();
});
// Fresh credentials are on the page: nobody needs to press anything.
if (since) begin();
else start.hidden = false;
