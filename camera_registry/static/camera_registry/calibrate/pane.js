// SPDX-License-Identifier: AGPL-3.0-or-later
// What the frame and the map have in common: a marker for each control point, and clicks and keys that set new ones.

import { ARROWS, createKnobs, crossShape } from "./knobs.js";
import { decimal, text } from "../admin/words.js";

/** @import { Half, PaneHandlers, Point, PointResult, Scene } from "./types" */
/** @import { Ground } from "./knobs.js" */

const PAN_PX = 80;

/**
 * @param {L.Map} map
 * @param {Half} half
 * @param {Ground} ground
 * @param {PaneHandlers} handlers
 */
export function createMarkers(map, half, ground, handlers) {
  const element = map.getContainer();
  const knobs = createKnobs(map, ground, {
    moved: (id, to, merge) => handlers.moved(id, half, to, `${half} ${merge}`),
    removed: handlers.removed,
    toggled: handlers.toggled,
    onwards: (id) => handlers.onwards(id, half),
    selected: handlers.selected,
    lookedAt: (at) => handlers.lookedAt(half, at),
  });

  /** @param {L.LatLng} latlng @param {boolean} byKey */
  function place(latlng, byKey) {
    if (!ground.accepts(ground.toPair(latlng))) return;
    const id = handlers.placed(half, ground.toPair(latlng), byKey);
    if (id) knobs.focus(id);
  }

  map.on("click", (event) => place(event.latlng, false));
  map.on("mousemove", (event) => handlers.lookedAt(half, ground.toPair(event.latlng)));
  map.on("mouseout", () => handlers.lookedAt(half, null));
  element.addEventListener("keydown", (event) => {
    if (event.target === element && paneKey(event)) event.preventDefault();
  });

  /** Keys while the pane itself has the focus. @param {KeyboardEvent} event @returns {boolean} whether it was one */
  function paneKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const arrow = ARROWS[event.key];
    if (arrow) map.panBy([arrow[0] * PAN_PX, arrow[1] * PAN_PX], { animate: false });
    else if (event.key === "+" || event.key === "=") map.zoomIn(undefined, { animate: false });
    else if (event.key === "-") map.zoomOut(undefined, { animate: false });
    else if (event.key === "Enter" || event.key === "n") place(map.getCenter(), true);
    else return false;
    return true;
  }

  return {
    /** @param {Scene} scene */
    update(scene) {
      const { points, selected, solution } = scene;
      knobs.keepOnly(new Set(points.filter((point) => point[half]).map((point) => point.id)));
      const results = new Map((solution?.state === "fitted" ? solution.points : []).map((result) => [result.id, result]));
      const named = new Set(solution?.named ?? []);
      for (const point of points) {
        const at = point[half];
        if (!at) continue;
        const marker = knobs.put(point.id, at, crossShape);
        dress(marker, point, half, results.get(point.id), named.has(point.id), point.id === selected);
      }
    },
    /** @param {string} id */
    focus: (id) => knobs.goTo(id),
  };
}

/**
 * Every state has a sign or a shape of its own; colour only repeats it.
 * @param {L.Marker} marker @param {Point} point @param {Half} half @param {PointResult | undefined} result
 * @param {boolean} named @param {boolean} selected
 */
function dress(marker, point, half, result, named, selected) {
  const knob = /** @type {HTMLElement} */ (marker.getElement());
  const other = half === "px" ? point.lonlat : point.px;
  const bad = named || Boolean(result?.suspect);
  knob.classList.toggle("selected", selected);
  knob.classList.toggle("dropped", !point.kept);
  knob.classList.toggle("half", !other);
  knob.classList.toggle("bad", bad);
  const sign = bad ? "⚠ " : !other ? "? " : "";
  const label = /** @type {HTMLElement} */ (knob.querySelector(".cal-label"));
  label.textContent = sign + point.name + (point.kept ? "" : ` (${text("notUsed")})`);
  marker.setZIndexOffset(selected ? 1000 : bad ? 500 : 0);
  knob.setAttribute("aria-label", spoken(point, half, result, named));
}

/** @param {Point} point @param {Half} half @param {PointResult | undefined} result @param {boolean} named */
function spoken(point, half, result, named) {
  const at = point[half];
  const words = [text(half === "px" ? "pointInPicture" : "pointOnMap", { name: point.name })];
  if (at && half === "px") words.push(text("pixelIs", { x: decimal(at[0], 1), y: decimal(at[1], 1) }));
  else if (at) words.push(`${at[0].toFixed(6)}, ${at[1].toFixed(6)}`);
  if (!(half === "px" ? point.lonlat : point.px)) words.push(text("halfMissing"));
  if (!point.kept) words.push(text("notUsed"));
  if (result?.residual_px != null && result.residual_m != null) {
    words.push(text("residualIs", { px: decimal(result.residual_px, 1), m: decimal(result.residual_m, 2) }));
  }
  if (result?.suspect) words.push(text("disagrees"));
  if (named) words.push(text("refused"));
  return words.join(", ");
}
