// SPDX-License-Identifier: AGPL-3.0-or-later
// The corners of the active line as knobs: dragged, nudged, deleted; and between them knobs that make a new corner.

import { text } from "../../camera_registry/admin/words.js";
import { leastPoints, pathOf } from "./lines.js";
import { ARROWS, toLatLng, toPair } from "./places.js";

/** @import { MapHandlers, Pair, Path, Scene } from "./types" */

/** Knobs are a finger wide, with a small mark in the middle. */
const KNOB_PX = 44;

/**
 * @typedef {{ map: L.Map, element: HTMLElement, handlers: MapHandlers,
 *   snap(at: Pair, except: string, free?: boolean): { at: Pair, kind: "corner" | "edge" | null } }} Tools
 */

/** @param {Tools} tools */
export function createVertices({ map, element, handlers, snap }) {
  /** @type {L.Marker[]} */
  let corners = [];
  /** @type {L.Marker[]} */
  let middles = [];
  let shownKey = "";
  let drags = 0;

  /** @param {string} className @param {Pair} at @param {boolean} draggable */
  function knob(className, at, draggable) {
    const dot = document.createElement("i");
    const icon = L.divIcon({ className: `zed-knob ${className}`, iconSize: [KNOB_PX, KNOB_PX], html: dot });
    return L.marker(toLatLng(at), { icon, draggable, keyboard: false, autoPan: true, zIndexOffset: className === "corner" ? 1000 : 0 }).addTo(map);
  }

  /** @param {L.Marker} marker */
  const elementOf = (marker) => /** @type {HTMLElement} */ (marker.getElement());

  /** @param {Path} path @param {number} index */
  function addCorner(path, index) {
    const { key } = path;
    const marker = knob("corner", path.points[index], true);
    const shape = elementOf(marker);
    shape.tabIndex = 0;
    shape.setAttribute("role", "button");
    shape.dataset.corner = `${key}:${index}`;
    shape.addEventListener("keydown", (event) => {
      if (!cornerKey(event, marker, key, index)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    marker.on("click", (event) => {
      L.DomEvent.stopPropagation(event);
      shape.focus({ preventScroll: true });
    });
    marker.on("dragstart", () => {
      drags += 1;
      shape.focus({ preventScroll: true });
    });
    marker.on("drag", (event) => {
      const free = /** @type {any} */ (event).originalEvent?.altKey;
      const to = snap(toPair(marker.getLatLng()), key, free);
      shape.classList.toggle("snapped", to.kind !== null);
      handlers.moved(key, index, to.at, `drag ${key} ${index} ${drags}`);
    });
    marker.on("dragend", () => shape.classList.remove("snapped"));
    corners.push(marker);
  }

  /** Keys while a corner has the focus. @param {KeyboardEvent} event @param {L.Marker} marker @param {string} key @param {number} index */
  function cornerKey(event, marker, key, index) {
    if (event.ctrlKey || event.metaKey) return false;
    const arrow = ARROWS[event.key];
    if (arrow) {
      const far = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
      const to = map.unproject(map.project(marker.getLatLng()).add([arrow[0] * far, arrow[1] * far]));
      handlers.moved(key, index, toPair(to), `nudge ${key} ${index}`);
      map.panInside(marker.getLatLng(), { padding: [40, 40], animate: false });
    } else if (event.key === "s") handlers.moved(key, index, snap(toPair(marker.getLatLng()), key).at, "");
    else if (event.key === "Delete" || event.key === "Backspace") {
      handlers.removed(key, index);
      focus(key, Math.min(index, corners.length - 1));
    } else if (event.key === "Insert" || event.key === "i") {
      const next = corners[(index + 1) % corners.length].getLatLng();
      const at = map.unproject(map.project(marker.getLatLng()).add(map.project(next)).divideBy(2));
      handlers.inserted(key, index, toPair(at));
      focus(key, index + 1);
    } else if (event.key === "Escape") element.focus({ preventScroll: true });
    else return false;
    return true;
  }

  /** @param {Path} path @param {number} after */
  function addMiddle(path, after) {
    const at = middleOf(path, after);
    const marker = knob("middle", at, true);
    elementOf(marker).title = text("insertCorner");
    elementOf(marker).dataset.middle = `${path.key}:${after}`;
    let inserted = false;
    marker.on("click", (event) => {
      L.DomEvent.stopPropagation(event);
      handlers.inserted(path.key, after, toPair(marker.getLatLng()));
      focus(path.key, after + 1);
    });
    marker.on("dragstart", () => {
      drags += 1;
      inserted = false;
    });
    // The corner is there when the drag ends: while it runs, this knob must not be replaced under the pointer.
    marker.on("dragend", () => {
      if (inserted) return;
      inserted = true;
      handlers.inserted(path.key, after, snap(toPair(marker.getLatLng()), path.key).at);
      focus(path.key, after + 1);
    });
    middles.push(marker);
  }

  /** @param {Path} path @param {number} after @returns {Pair} */
  function middleOf({ points }, after) {
    const next = points[(after + 1) % points.length];
    const middle = map.project(toLatLng(points[after])).add(map.project(toLatLng(next))).divideBy(2);
    return toPair(map.unproject(middle));
  }

  function clear() {
    for (const marker of [...corners, ...middles]) marker.remove();
    corners = [];
    middles = [];
  }

  /** @param {string} key @param {number} index */
  function focus(key, index) {
    if (!shownKey.startsWith(`${key}/`)) return;
    elementOf(corners[index])?.focus({ preventScroll: true });
  }

  return {
    focus,
    /** @param {Scene} scene */
    update({ draft, active, tool }) {
      const path = tool.name === "edit" ? pathOf(draft, active) : null;
      const key = path ? `${path.key}/${path.points.length}/${path.closed}` : "";
      if (key !== shownKey) {
        const focused = corners.findIndex((marker) => elementOf(marker) === document.activeElement);
        const sameLine = path !== null && shownKey.startsWith(`${path.key}/`);
        clear();
        shownKey = key;
        if (!path) return;
        path.points.forEach((_, index) => addCorner(path, index));
        path.points.forEach((_, index) => (path.closed || index < path.points.length - 1) && addMiddle(path, index));
        if (focused >= 0 && sameLine) elementOf(corners[Math.min(focused, corners.length - 1)]).focus({ preventScroll: true });
      }
      if (!path) return;
      const deletable = path.points.length > leastPoints(path.kind);
      path.points.forEach((at, index) => {
        const marker = corners[index];
        if (!marker.getLatLng().equals(toLatLng(at), 0)) marker.setLatLng(toLatLng(at));
        const words = text("cornerIs", { number: index + 1, count: path.points.length, line: path.label, lon: at[0].toFixed(6), lat: at[1].toFixed(6) });
        elementOf(marker).setAttribute("aria-label", deletable ? words : `${words}; ${text("lastCorners")}`);
      });
      middles.forEach((marker, index) => marker.setLatLng(toLatLng(middleOf(path, index))));
    },
  };
}
