// SPDX-License-Identifier: AGPL-3.0-or-later
// What the calibration is worth, in numbers and sentences.

import { decimal, text } from "../admin/words.js";

/** @import { Draft, Fitted, Solution } from "./types" */

/** Leave-one-out errors that are good, and just good enough to place cars, true metres. */
const GOOD_M = 0.3;
const FAIR_M = 1;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {Solution | null} solution @param {string} trouble what went wrong on the way to the server, or "" */
export function showReport(solution, trouble) {
  const verdict = byId("verdict");
  const state = trouble ? "refused" : (solution?.state ?? "waiting");
  const others = solution?.state === "fitted" ? solution.leave_one_out_rmse_m : null;
  verdict.className = `cal-verdict ${state}${others !== null && others >= FAIR_M ? " poor" : ""}`;
  const words = trouble || solution?.message || (state === "fitted" ? fittedWords(/** @type {Fitted} */ (solution)) : "");
  if (verdict.textContent !== words) verdict.textContent = words;
  const fitted = solution?.state === "fitted" ? solution : null;
  numbers(fitted);
  const said = byId("height-said");
  const heightWords = fitted?.heights.message ?? "";
  if (said.textContent !== heightWords) said.textContent = heightWords;
  said.classList.toggle("bad", Boolean(fitted?.heights.refused || fitted?.heights.marks.some((mark) => mark.suspect)));
  byId("notes").replaceChildren(...(fitted?.notes ?? []).map((note) => item("li", note)));
  const zones = fitted?.zones ?? [];
  byId("zone-facts").replaceChildren(
    ...zones.map((zone) => {
      const worst = zone.worst_sigma_m === null ? text("notSeen") : text("errorUpTo", { m: decimal(zone.worst_sigma_m, 2) });
      return item("li", text("zoneIs", { zone: zone.name, share: Math.round(zone.seen_share * 100), worst }));
    }),
  );
}

/** @param {Fitted} solution */
function fittedWords({ rmse_m: rmse, leave_one_out_rmse_m: others }) {
  if (others === null) return `✓ ${text("fourFit")}`;
  const grade = others < GOOD_M ? "good" : others < FAIR_M ? "fair" : "poor";
  return `${others < FAIR_M ? "✓" : "⚠"} ${text(grade, { others: decimal(others, 2), fit: decimal(rmse, 2) })}`;
}

/** @param {Fitted | null} fitted */
function numbers(fitted) {
  const pose = fitted?.pose;
  const plusMinus = (/** @type {number | null | undefined} */ sigma) => (sigma == null ? "" : ` ± ${decimal(sigma, sigma < 0.1 ? 2 : 1)}`);
  /** @type {[string, string][]} */
  const rows = fitted
    ? [
        ["rmse", `${decimal(fitted.rmse_m, 3)} m · ${decimal(fitted.rmse_px, 2)} px`],
        ["leaveOneOut", fitted.leave_one_out_rmse_m === null ? "–" : `${decimal(fitted.leave_one_out_rmse_m, 3)} m`],
        ["condition", decimal(fitted.condition_number, 0)],
        ["lensTerm", fitted.lens_k === null ? text("none") : decimal(fitted.lens_k, 3)],
        ["cameraHeight", pose ? `${decimal(pose.height_m, 1)}${plusMinus(pose.height_sigma_m)} m` : text("unknown")],
        ["cameraPlace", pose ? (pose.place_sigma_m === null ? text("entered") : `± ${decimal(pose.place_sigma_m, 1)} m`) : text("unknown")],
        ["fieldOfView", pose ? text("withoutBend", { degrees: decimal(pose.fov_deg, 0) }) : text("unknown")],
      ]
    : [];
  byId("numbers").replaceChildren(...rows.flatMap(([name, value]) => [item("dt", text(name)), item("dd", value)]));
}

/**
 * What to do next, for eyes and screen readers.
 * @param {Draft} draft @param {string | null} selected @param {boolean} hasFrame
 */
export function promptWords(draft, selected, hasFrame) {
  const open = draft.points.find((point) => point.id === selected && (!point.px || !point.lonlat));
  if (open) return text(open.px ? "nowOnMap" : "nowInPicture", { name: open.name });
  if (!hasFrame && !draft.points.length) return text("frameFirst");
  return text("clickSomething");
}

/** @param {string} tag @param {string} words */
function item(tag, words) {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}
