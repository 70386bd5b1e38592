// SPDX-License-Identifier: AGPL-3.0-or-later
// What a zone's hours mean for who wants to park now, in words.

/** @import { Zone } from "./types" */

import { moment, text } from "./format.js";

/** Nobody leaves a car for longer without a look at the signs, ms. */
const NEAR_MS = 7 * 86400 * 1000;

/** "closed until 20:00". @param {number | null} opensAt ms since 1970; null: nobody can say */
export function closedWords(opensAt) {
  return opensAt === null ? text("closed") : text("closedUntil", { time: moment(opensAt) });
}

/** "parking until 20:00": who parks now must be gone by then; "" where no end is near. @param {Zone} zone */
export function untilWords({ open, closesAt }) {
  const near = open && closesAt !== null && closesAt - Date.now() < NEAR_MS;
  return near ? text("openUntil", { time: moment(closesAt) }) : "";
}
