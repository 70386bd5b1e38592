// SPDX-License-Identifier: AGPL-3.0-or-later
// What a zone's hours mean for who wants to park now, in words.

/** @import { Zone } from "./types" */

import { moment, text } from "./format.js";

/** "closed until 20:00". @param {number | null} opensAt ms since 1970; null: nobody can say */
export function closedWords(opensAt) {
  return opensAt === null ? text("closed") : text("closedUntil", { time: moment(opensAt) });
}

/** "parking until 20:00", or "" where no end is known: what is free now must be left by then. @param {Zone} zone */
export function untilWords({ open, closesAt }) {
  return open && closesAt !== null ? text("openUntil", { time: moment(closesAt) }) : "";
}
