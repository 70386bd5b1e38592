// SPDX-License-Identifier: AGPL-3.0-or-later
// Web Mercator as both map libraries draw it: pixels of a world that is 256 px wide at zoom 0, y growing southwards.
// Labels, taps and views are worked out here once, so that they are the same on either map.

/** @import { Box, Camera, LonLat, Ring } from "../types" */

const TILE_PX = 256;
/** Beyond this the projection has no picture, degrees. */
const MAX_LATITUDE = 85.0511287798;

/**
 * World pixel of a place.
 * @param {LonLat} place
 * @param {number} zoom
 * @returns {[number, number]}
 */
export function project([lon, lat], zoom) {
  const world = TILE_PX * 2 ** zoom;
  const sine = Math.sin((Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, lat)) * Math.PI) / 180);
  return [((lon + 180) / 360) * world, (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * world];
}

/**
 * Place of a world pixel.
 * @param {[number, number]} pixel
 * @param {number} zoom
 * @returns {LonLat}
 */
export function unproject([x, y], zoom) {
  const world = TILE_PX * 2 ** zoom;
  return [(x / world) * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / world))) * 180) / Math.PI];
}

/** True metres of one pixel. @param {number} lat @param {number} zoom */
export function metresPerPixel(lat, zoom) {
  return (Math.cos((lat * Math.PI) / 180) * 2 * Math.PI * 6378137) / (TILE_PX * 2 ** zoom);
}

/**
 * The camera from which a box fills the part of the map that nothing covers.
 * @param {Box} box
 * @param {[number, number]} size width and height of the map, pixels
 * @param {{top: number, right: number, bottom: number, left: number}} padding pixels
 * @param {{minZoom: number, maxZoom: number, snap: number}} limits
 * @returns {Camera}
 */
export function cameraFor([west, south, east, north], [width, height], padding, { minZoom, maxZoom, snap }) {
  const [left, top] = project([west, north], 0);
  const [right, bottom] = project([east, south], 0);
  const room = [Math.max(1, width - padding.left - padding.right), Math.max(1, height - padding.top - padding.bottom)];
  const scale = Math.min(room[0] / Math.max(right - left, 1e-12), room[1] / Math.max(bottom - top, 1e-12));
  const zoom = Math.max(minZoom, Math.min(maxZoom, Math.floor(Math.log2(scale) / snap) * snap));
  const middle = /** @type {[number, number]} */ ([(left + right) / 2, (top + bottom) / 2]);
  return { centre: besideCover(unproject(middle, 0), zoom, padding), zoom };
}

/**
 * The centre of the map that shows a place in the middle of what nothing covers.
 * @param {LonLat} place
 * @param {number} zoom
 * @param {{top: number, right: number, bottom: number, left: number}} padding
 */
export function besideCover(place, zoom, padding) {
  const [x, y] = project(place, zoom);
  return unproject([x + (padding.right - padding.left) / 2, y + (padding.bottom - padding.top) / 2], zoom);
}

/**
 * West, south, east, north of what a map shows.
 * @param {Camera} camera
 * @param {[number, number]} size pixels
 * @returns {Box}
 */
export function viewOf({ centre, zoom }, [width, height]) {
  const [x, y] = project(centre, zoom);
  const [west, north] = unproject([x - width / 2, y - height / 2], zoom);
  const [east, south] = unproject([x + width / 2, y + height / 2], zoom);
  return [west, south, east, north];
}

/**
 * Pixels from a point to a ring: 0 inside, else the distance to its nearest edge.
 * @param {Ring} ring
 * @param {[number, number]} point world pixel
 * @param {number} zoom
 */
export function ringDistancePx(ring, [x, y], zoom) {
  const corners = ring.map((place) => project(place, zoom));
  let inside = false;
  let nearest = Infinity;
  for (let i = 0; i + 1 < corners.length; i += 1) {
    const [a, b] = [corners[i], corners[i + 1]];
    nearest = Math.min(nearest, segmentDistance(x, y, a, b));
    const crosses = a[1] > y !== b[1] > y;
    if (crosses && x < a[0] + ((y - a[1]) / (b[1] - a[1])) * (b[0] - a[0])) inside = !inside;
  }
  return inside ? 0 : nearest;
}

/** @param {number} x @param {number} y @param {[number, number]} a @param {[number, number]} b */
function segmentDistance(x, y, a, b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const along = ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy || 1);
  const t = Math.max(0, Math.min(1, along));
  return Math.hypot(x - a[0] - t * dx, y - a[1] - t * dy);
}
