// SPDX-License-Identifier: AGPL-3.0-or-later
// What the calibration is worth, in numbers and sentences.

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
  byId("notes").replaceChildren(...(fitted?.notes ?? []).map((note) => item("li", note)));
  const zones = fitted?.zones ?? [];
  byId("zone-facts").replaceChildren(
    ...zones.map((zone) => {
      const worst = zone.worst_sigma_m === null ? "not seen" : `error up to ${zone.worst_sigma_m.toFixed(2)} m`;
      return item("li", `${zone.name}: ${Math.round(zone.seen_share * 100)} % in view, ${worst}`);
    }),
  );
}

/** @param {Fitted} solution */
function fittedWords({ rmse_m: rmse, leave_one_out_rmse_m: others }) {
  if (others === null) return "✓ Four points fit exactly, which proves nothing yet.";
  const good = others < GOOD_M ? "Good" : others < FAIR_M ? "Fair" : "Poor";
  return `${others < FAIR_M ? "✓" : "⚠"} ${good}: off by ${others.toFixed(2)} m where the others must find a point (fit ${rmse.toFixed(2)} m).`;
}

/** @param {Fitted | null} fitted */
function numbers(fitted) {
  const pose = fitted?.pose;
  const plusMinus = (/** @type {number | null | undefined} */ sigma) => (sigma == null ? "" : ` ± ${sigma.toFixed(1)}`);
  /** @type {[string, string][]} */
  const rows = fitted
    ? [
        ["RMSE", `${fitted.rmse_m.toFixed(3)} m · ${fitted.rmse_px.toFixed(2)} px`],
        ["Leave-one-out", fitted.leave_one_out_rmse_m === null ? "–" : `${fitted.leave_one_out_rmse_m.toFixed(3)} m`],
        ["Condition number", fitted.condition_number.toFixed(0)],
        ["Lens term", fitted.lens_k === null ? "none" : fitted.lens_k.toFixed(3)],
        ["Camera height", pose ? `${pose.height_m.toFixed(1)}${plusMinus(pose.height_sigma_m)} m` : "unknown"],
        ["Camera place", pose ? (pose.place_sigma_m === null ? "entered" : `± ${pose.place_sigma_m.toFixed(1)} m`) : "unknown"],
        ["Field of view", pose ? `${pose.fov_deg.toFixed(0)}°, without the lens's bend` : "unknown"],
      ]
    : [];
  byId("numbers").replaceChildren(...rows.flatMap(([name, value]) => [item("dt", name), item("dd", value)]));
}

/**
 * What to do next, for eyes and screen readers.
 * @param {Draft} draft @param {string | null} selected @param {boolean} hasFrame
 */
export function promptWords(draft, selected, hasFrame) {
  const open = draft.points.find((point) => point.id === selected && (!point.px || !point.lonlat));
  if (open) return `Point ${open.name}: now ${open.px ? "the same place on the map" : "the same place in the picture"}.`;
  if (!hasFrame && !draft.points.length) return "Take a reference frame first.";
  return "Click something on the ground in the picture, then the same place on the map.";
}

/** @param {string} tag @param {string} words */
function item(tag, words) {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}
