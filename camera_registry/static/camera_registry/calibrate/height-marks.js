// SPDX-License-Identifier: AGPL-3.0-or-later
// Things of known height in the picture: a line from foot to top with a handle at each end, and where the fitted camera
// sees the top.

import { createKnobs, crossShape } from "./knobs.js";
import { decimal, text } from "../admin/words.js";

/** @import { End, HeightHandlers, HeightMark, Scene } from "./types" */
/** @import { Ground } from "./knobs.js" */

/** @type {End[]} */
const ENDS = ["foot", "top"];

/** @param {L.Map} map @param {Ground} ground @param {HeightHandlers} handlers */
export function createHeightMarks(map, ground, handlers) {
  const lines = L.layerGroup().addTo(map);
  /** @param {string} id @returns {[string, End]} */
  const parts = (id) => /** @type {[string, End]} */ (id.split(":"));
  const knobs = createKnobs(map, ground, {
    moved: (id, to, merge) => handlers.moved(...parts(id), to, merge),
    removed: (id) => handlers.removed(parts(id)[0]),
    toggled: (id) => handlers.toggled(parts(id)[0]),
    onwards: (id) => handlers.onwards(...parts(id)),
    selected: (id) => handlers.selected(parts(id)[0]),
    lookedAt: handlers.lookedAt,
  });

  /** @param {HeightMark} mark @param {End} end @param {boolean} bad */
  function put(mark, end, bad) {
    const at = mark[`${end}_px`];
    if (!at) return;
    const knob = knobs.put(`${mark.id}:${end}`, at, crossShape);
    const element = /** @type {HTMLElement} */ (knob.getElement());
    element.classList.add("cal-height-end");
    element.classList.toggle("dropped", !mark.kept);
    element.classList.toggle("bad", bad);
    const label = /** @type {HTMLElement} */ (element.querySelector(".cal-label"));
    const metres = mark.height_m === null ? "?" : `${decimal(mark.height_m, 2)} m`;
    label.textContent = end === "top" ? `${bad ? "⚠ " : ""}${mark.name} ${metres}` : "";
    const words = [text(end === "foot" ? "footOf" : "topOf", { name: mark.name })];
    words.push(text("pixelIs", { x: decimal(at[0], 1), y: decimal(at[1], 1) }));
    if (!mark.kept) words.push(text("notUsed"));
    if (bad) words.push(text("disagrees"));
    element.setAttribute("aria-label", words.join(", "));
  }

  return {
    /** @param {Scene} scene */
    update({ heights, solution }) {
      const found = solution?.state === "fitted" ? solution.heights : null;
      const results = new Map((found?.marks ?? []).map((result) => [result.id, result]));
      const named = new Set(found?.named ?? []);
      knobs.keepOnly(
        new Set(heights.flatMap((mark) => ENDS.filter((end) => mark[`${end}_px`]).map((end) => `${mark.id}:${end}`))),
      );
      lines.clearLayers();
      for (const mark of heights) {
        const result = results.get(mark.id);
        const bad = named.has(mark.id) || Boolean(result?.suspect);
        if (mark.foot_px && mark.top_px) {
          const line = [mark.foot_px, mark.top_px].map(ground.toLatLng);
          L.polyline(line, { className: "cal-height-edge", interactive: false }).addTo(lines);
          L.polyline(line, { className: bad ? "cal-height bad" : "cal-height", interactive: false }).addTo(lines);
        }
        if (result?.top_px) {
          const seen = ground.toLatLng(result.top_px);
          L.circleMarker(seen, { radius: 5, className: "cal-height-seen", interactive: false }).addTo(lines);
        }
        for (const end of ENDS) put(mark, end, bad);
      }
    },
    /** @param {string} id @param {End} end */
    focus: (id, end) => knobs.goTo(`${id}:${end}`),
  };
}

/** @param {readonly HeightMark[]} heights @param {string | null} marking  "new", or the mark whose top is missing */
export function heightPrompt(heights, marking) {
  if (marking === "new") return text("clickFoot");
  const mark = heights.find((one) => one.id === marking);
  return mark ? text("clickTop", { name: mark.name }) : "";
}
