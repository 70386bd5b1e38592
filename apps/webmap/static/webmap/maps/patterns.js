// SPDX-License-Identifier: AGPL-3.0-or-later
// Hatching as lines on the ground, for a map whose areas know no patterns.

import { project, unproject } from "./mercator.js";

/** @import { LonLat, Ring } from "../types" */

/** Between two lines, pixels at the zoom they are made for. */
const SPACING_PX = 9;
/** A zone so large on the screen is not worth more lines. */
const MAX_LINES = 400;

/**
 * Lines rising at 45° through a polygon, cut at its edges and holes.
 * @param {Ring[]} rings
 * @param {number} zoom
 * @returns {LonLat[][]}
 */
export function hatch(rings, zoom) {
  // Turned so that the lines are level: u runs along them, v across.
  const turned = rings.map((ring) =>
    ring.map((place) => {
      const [x, y] = project(place, zoom);
      return [(x - y) / Math.SQRT2, (x + y) / Math.SQRT2];
    }),
  );
  const across = turned[0].map((corner) => corner[1]);
  const [low, high] = [Math.min(...across), Math.max(...across)];
  const spacing = Math.max(SPACING_PX, (high - low) / MAX_LINES);
  /** @type {LonLat[][]} */
  const lines = [];
  for (let v = Math.ceil(low / spacing) * spacing; v < high; v += spacing) {
    const cuts = turned.flatMap((ring) => crossings(ring, v)).sort((a, b) => a - b);
    for (let i = 0; i + 1 < cuts.length; i += 2) {
      lines.push([cuts[i], cuts[i + 1]].map((u) => unproject([(v + u) / Math.SQRT2, (v - u) / Math.SQRT2], zoom)));
    }
  }
  return lines;
}

/** Where a ring's edges cross the level v. @param {number[][]} ring @param {number} v */
function crossings(ring, v) {
  const cuts = [];
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const [a, b] = [ring[i], ring[i + 1]];
    if (a[1] > v !== b[1] > v) cuts.push(a[0] + ((v - a[1]) / (b[1] - a[1])) * (b[0] - a[0]));
  }
  return cuts;
}
