// SPDX-License-Identifier: AGPL-3.0-or-later
// Distances on the ground between places in degrees, and how precisely a place is told to others.

/** @import { LonLat, Ring } from "./types" */

/** Metres in a degree of latitude, mean of the earth. */
const M_PER_DEG = 111195;

/**
 * Straight line in true metres. Flat earth at the mean latitude: within 0.1 % for some kilometres, where it matters.
 * @param {LonLat} a
 * @param {LonLat} b
 */
export function metresBetween(a, b) {
  const stretch = Math.cos(((a[1] + b[1]) * Math.PI) / 360);
  let east = b[0] - a[0];
  if (Math.abs(east) > 180) east -= Math.sign(east) * 360;
  return M_PER_DEG * Math.hypot(east * stretch, b[1] - a[1]);
}

/**
 * The point of an outline that is nearest to a place; the place itself when it lies within.
 * @param {LonLat} place
 * @param {Ring} ring
 * @returns {LonLat}
 */
export function nearestPoint(place, ring) {
  const stretch = Math.cos((place[1] * Math.PI) / 180);
  const points = ring.map(([lon, lat]) => [(lon - place[0]) * stretch, lat - place[1]]);
  let best = [Infinity, Infinity];
  let inside = false;
  for (let i = 0; i + 1 < points.length; i += 1) {
    const [a, b] = [points[i], points[i + 1]];
    const along = [b[0] - a[0], b[1] - a[1]];
    const squared = along[0] ** 2 + along[1] ** 2;
    const t = squared === 0 ? 0 : Math.min(1, Math.max(0, -(a[0] * along[0] + a[1] * along[1]) / squared));
    const at = [a[0] + t * along[0], a[1] + t * along[1]];
    if (Math.hypot(at[0], at[1]) < Math.hypot(best[0], best[1])) best = at;
    if (a[1] > 0 !== b[1] > 0 && a[0] - (a[1] * along[0]) / along[1] > 0) inside = !inside;
  }
  return inside ? place : [place[0] + best[0] / stretch, place[1] + best[1]];
}

/**
 * A place rounded to so many decimals of a degree, for others' eyes.
 * @param {LonLat} place
 * @param {number} decimals
 * @returns {LonLat}
 */
export function rounded([lon, lat], decimals) {
  return [Number(lon.toFixed(decimals)), Number(lat.toFixed(decimals))];
}
