// SPDX-License-Identifier: AGPL-3.0-or-later
// Keeps the health page fresh without a flicker: only what has changed is replaced, and what somebody has opened, found
// or put the focus on stays as it is.

const page = /** @type {HTMLElement} */ (document.getElementById("health"));
const part = /** @type {HTMLElement} */ (document.getElementById("health-part"));
const fresh = /** @type {HTMLElement} */ (document.getElementById("health-fresh"));
const find = /** @type {HTMLInputElement} */ (document.getElementById("health-find"));
const only = /** @type {HTMLInputElement} */ (document.getElementById("health-only"));
const REFRESH_MS = Number(page.dataset.refreshS) * 1000;

/** What the server sent of each keyed piece last, to see what is new: the page itself has ages and open lists in it.
 * @type {Map<string, string>} */
const sent = new Map();

/** @param {ParentNode} where @returns {HTMLElement[]} */
const pieces = (where) => [...where.querySelectorAll("[data-key]")].map((found) => /** @type {HTMLElement} */ (found));

/** @param {HTMLElement} piece The table's own text is its head: its rows are pieces themselves. */
function text(piece) {
  return piece.matches("table") ? "" : piece.outerHTML;
}

const CAN_HAVE_FOCUS = "a, button, summary";

/** @param {Element} found What makes it the same in the next version of its row. */
const sameness = (found) => `${found.tagName} ${found.getAttribute("href") ?? found.getAttribute("formaction") ?? ""}`;

/** Where the focus is among the pieces: moving or replacing a row would lose it. @returns {() => void} Puts it back. */
function keepFocus() {
  const focused = document.activeElement;
  const piece = focused?.closest("[data-key]");
  if (!focused || !(piece instanceof HTMLElement) || !part.contains(piece)) return () => {};
  const wanted = sameness(focused);
  return () => {
    const now = pieces(part).find((other) => other.dataset.key === piece.dataset.key);
    const back = [...(now?.querySelectorAll(CAN_HAVE_FOCUS) ?? [])].find((found) => sameness(found) === wanted);
    if (back instanceof HTMLElement && back !== document.activeElement) back.focus({ preventScroll: true });
  };
}

/** @param {HTMLElement} old @param {HTMLElement} next Replaces a piece; what was open stays open. */
function replace(old, next) {
  const open = [...old.querySelectorAll("details")].map((details) => details.open);
  old.replaceWith(next);
  next.querySelectorAll("details").forEach((details, index) => { details.open = open[index] ?? false; });
}

/** @param {Document} news The answer to a question for news. */
function take(news) {
  const here = new Map(pieces(part).map((piece) => [piece.dataset.key, piece]));
  const rows = /** @type {HTMLElement} */ (part.querySelector("[data-rows]"));
  const order = [];
  const kept = new Set();
  const putFocusBack = keepFocus();
  for (const next of pieces(news)) {
    const key = String(next.dataset.key);
    const html = text(next);
    const isRow = next.parentElement?.hasAttribute("data-rows") ?? false;
    kept.add(key);
    let now = here.get(key);
    if (now && sent.get(key) !== html) {
      const piece = /** @type {HTMLElement} */ (document.importNode(next, true));
      replace(now, piece);
      now = piece;
    } else if (!now && isRow) {
      now = /** @type {HTMLElement} */ (document.importNode(next, true));
      rows.append(now);
    }
    sent.set(key, html);
    if (isRow && now) order.push(now);
  }
  for (const [key, piece] of here) if (!kept.has(String(key))) piece.remove();
  // A row that is where it belongs is not touched.
  order.forEach((row, index) => {
    if (rows.children[index] !== row) rows.insertBefore(row, rows.children[index] ?? null);
  });
  putFocusBack();
}

/** @param {number} ms How long ago, in one unit. */
function ago(ms) {
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "always", style: "short" });
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return words.format(-seconds, "second");
  if (seconds < 7200) return words.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 172800) return words.format(-Math.floor(seconds / 3600), "hour");
  return words.format(-Math.floor(seconds / 86400), "day");
}

function showAges() {
  for (const time of part.querySelectorAll("td > time")) {
    const moment = Date.parse(time.getAttribute("datetime") ?? "");
    if (Number.isNaN(moment)) continue;
    let age = time.nextElementSibling;
    if (!age?.classList.contains("health-age")) {
      age = document.createElement("span");
      age.className = "health-age";
      time.after(" ", age);
    }
    const words = ago(Date.now() - moment);
    if (age.textContent !== words) age.textContent = words;
  }
}

function filter() {
  const wanted = find.value.trim().toLowerCase();
  for (const row of part.querySelectorAll("[data-rows] > tr")) {
    if (!(row instanceof HTMLElement)) continue;
    const matches = !wanted || (row.textContent ?? "").toLowerCase().includes(wanted);
    row.hidden = !matches || (only.checked && row.dataset.trouble === undefined);
  }
}

async function ask() {
  if (document.hidden) return;
  try {
    const address = new URL(location.href);
    address.searchParams.set("part", "1");
    const answer = await fetch(address, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(REFRESH_MS) });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    fresh.textContent = "";
    fresh.classList.remove("health-lost");
  } catch {
    fresh.textContent = fresh.dataset.lost ?? "";
    fresh.classList.add("health-lost");
  }
  showAges();
  filter();
}

for (const piece of pieces(part)) sent.set(String(piece.dataset.key), text(piece));
showAges();
filter();
find.addEventListener("input", filter);
only.addEventListener("change", filter);
find.form?.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("visibilitychange", ask);
setInterval(ask, REFRESH_MS);
setInterval(showAges, 1000);
