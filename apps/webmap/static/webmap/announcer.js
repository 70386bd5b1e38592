// SPDX-License-Identifier: AGPL-3.0-or-later
// What a screen reader is told without being asked: counts seldom, answers to a tap at once, alarms over everything.

import { by, setText } from "./dom.js";

/** News that nobody asked for comes at most this often, ms. */
const NEWS_EVERY_MS = 30000;

let told = "";
let toldAt = -Infinity;

/** Counts and the like: only when they changed, and not all the time. @param {string} words */
export function news(words) {
  if (words === told || Date.now() - toldAt < NEWS_EVERY_MS) return;
  told = words;
  toldAt = Date.now();
  setText(by("live"), words);
}

/** The next change of the counts is told at once: the driver asked for it. */
export function expectNews() {
  toldAt = -Infinity;
}

/** The answer to something the driver did. @param {string} words */
export function say(words) {
  setText(by("said"), "");
  setText(by("said"), words);
}

/** What must not wait. @param {string} words */
export function alarm(words) {
  setText(by("alarm"), words);
}
