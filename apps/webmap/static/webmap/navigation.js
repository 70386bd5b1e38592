// SPDX-License-Identifier: AGPL-3.0-or-later
// Links that open turn-by-turn navigation in the device's own app. None needs a key, and nothing is sent until one is
// tapped.

/** @import { LonLat } from "./types" */

/** @typedef {"apple" | "google" | "geo"} MapApp */
/** @typedef {"driving" | "walking"} By */

/** The one that suits the device. @param {string} [agent] its user agent @returns {MapApp} */
export function suited(agent = navigator.userAgent) {
  if (/Android/i.test(agent)) return "geo";
  // iPads call themselves Macs; both have Apple's maps.
  return /iPhone|iPad|iPod|Macintosh/i.test(agent) ? "apple" : "google";
}

/**
 * The address that leads to a place.
 * @param {MapApp} which
 * @param {LonLat} place
 * @param {By} by
 */
export function linkTo(which, place, by = "driving") {
  const [lon, lat] = place.map((value) => value.toFixed(6));
  const there = encodeURIComponent(`${lat},${lon}`);
  if (which === "apple") return `https://maps.apple.com/?daddr=${there}&dirflg=${by === "driving" ? "d" : "w"}`;
  if (which === "geo") return `geo:${lat},${lon}?q=${there}`;
  return `https://www.google.com/maps/dir/?api=1&destination=${there}&travelmode=${by}&dir_action=navigate`;
}
