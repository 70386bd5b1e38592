// SPDX-License-Identifier: AGPL-3.0-or-later
// Places as the draft has them and as Leaflet has them, and what all of the map's parts share.

/** @import { Pair } from "./types" */

export { toLatLng, toPair } from "../../camera_registry/admin/ground-map.js";

/** @type {Record<string, Pair>} */
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @param {string} words @param {string} className */
export function textIcon(words, className) {
  const span = document.createElement("span");
  span.textContent = words;
  return L.divIcon({ className: `zed-text ${className}`, iconSize: [0, 0], html: span });
}
