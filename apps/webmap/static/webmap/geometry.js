// SPDX-License-Identifier: AGPL-3.0-or-later
// Small geometry on GeoJSON rings: [longitude, latitude] in degrees, closed.

/** @import { Box, LonLat, Ring } from "./types" */

/** Mean of a ring's corners; for a rectangle, its centre. @param {Ring} ring @returns {LonLat} */
export function centre(ring) {
  const n = ring.length - 1;
  let lon = 0;
  let lat = 0;
  for (let i = 0; i < n; i += 1) {
    lon += ring[i][0] / n;
    lat += ring[i][1] / n;
  }
  return [lon, lat];
}

/** West, south, east, north of a ring, or of any other places. @param {LonLat[]} ring @returns {Box} */
export function bounds(ring) {
  const lons = ring.map((point) => point[0]);
  const lats = ring.map((point) => point[1]);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/**
 * Where a label hides nothing of the zone: the middle of its northern long side, or of its northern end when the zone
 * runs north and south.
 * @param {Ring} ring
 * @returns {LonLat}
 */
export function labelPoint(ring) {
  const stretch = Math.cos((ring[0][1] * Math.PI) / 180);
  /** @type {LonLat} */
  let best = ring[0];
  let highest = -Infinity;
  let longest = 0;
  /** @type {{length: number, steep: boolean, middle: LonLat}[]} */
  const sides = [];
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const [a, b] = [ring[i], ring[i + 1]];
    const length = Math.hypot((b[0] - a[0]) * stretch, b[1] - a[1]);
    const steep = Math.abs(b[1] - a[1]) > Math.abs(b[0] - a[0]) * stretch;
    sides.push({ length, steep, middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] });
    longest = Math.max(longest, length);
  }
  const upright = sides.some((side) => side.length === longest && side.steep);
  for (const side of sides) {
    const eligible = upright || side.length >= 0.7 * longest;
    if (eligible && side.middle[1] > highest) [best, highest] = [side.middle, side.middle[1]];
  }
  return best;
}

/**
 * The box to ask for: the view, at least `minSpan` degrees on each side, widened to a grid whose cells are as large as
 * the view. A small move of the map asks for the same address again, which caches and 304 answer.
 * @param {Box} view
 * @param {number} minSpan
 * @param {number} maxSpan
 * @returns {Box}
 */
export function snappedBox([west, south, east, north], minSpan, maxSpan) {
  const span = Math.max(east - west, north - south, minSpan);
  const step = 2 ** Math.ceil(Math.log2(span)) / 2;
  /** @param {number} low @param {number} high */
  const grow = (low, high) => {
    const missing = Math.max(0, minSpan - (high - low)) / 2;
    return [Math.floor((low - missing) / step) * step, Math.ceil((high + missing) / step) * step];
  };
  let [w, e] = grow(west, east);
  let [s, n] = grow(south, north);
  [w, e] = limited(w, e, maxSpan, (west + east) / 2);
  [s, n] = limited(s, n, maxSpan, (south + north) / 2);
  const box = [Math.max(w, -180), Math.max(s, -85), Math.min(e, 180), Math.min(n, 85)];
  return /** @type {Box} */ (box.map((value) => Number(value.toFixed(6))));
}

/** @param {number} low @param {number} high @param {number} maxSpan @param {number} middle */
function limited(low, high, maxSpan, middle) {
  return high - low <= maxSpan ? [low, high] : [middle - maxSpan / 2, middle + maxSpan / 2];
}
