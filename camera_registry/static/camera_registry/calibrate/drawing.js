// SPDX-License-Identifier: AGPL-3.0-or-later
// Lines that both panes draw: residuals, drawn longer than they are, and places where a missing half is expected.

/** @import { Half, Pair, Scene } from "./types" */

/** A residual is drawn so many times longer that the longest is about as long as this, pixels on the screen. */
const LONGEST_PX = 70;
const FACTORS = [500, 200, 100, 50, 20, 10, 5, 2, 1];

/**
 * @param {L.Map} map @param {L.LayerGroup} group @param {Scene} scene @param {Half} half
 * @param {(at: Pair) => L.LatLng} toLatLng
 * @returns {number} how many times longer the arrows are than the residuals; 0 when there are none
 */
export function drawResiduals(map, group, scene, half, toLatLng) {
  const { points, solution, layers } = scene;
  if (solution?.state !== "fitted") return 0;
  for (const expected of solution.expected) {
    const at = expected[half];
    if (!at) continue;
    L.circleMarker(toLatLng(at), { radius: 14, className: "cal-expected", interactive: false }).addTo(group);
  }
  if (!layers.residuals) return 0;
  const arrows = [];
  for (const result of solution.points) {
    const from = points.find((point) => point.id === result.id)?.[half];
    const to = half === "px" ? result.seen_px : result.landed_lonlat;
    if (!from || !to) continue;
    const way = map.project(toLatLng(to)).subtract(map.project(toLatLng(from)));
    arrows.push({ from: map.latLngToLayerPoint(toLatLng(from)), way, bad: result.suspect });
  }
  const longest = Math.max(0.01, ...arrows.map(({ way }) => Math.hypot(way.x, way.y)));
  const factor = FACTORS.find((times) => longest * times <= LONGEST_PX) ?? 1;
  for (const { from, way, bad } of arrows) arrow(map, group, from, way.multiplyBy(factor), bad);
  return factor;
}

/** @param {L.Map} map @param {L.LayerGroup} group @param {L.Point} from @param {L.Point} way @param {boolean} bad */
function arrow(map, group, from, way, bad) {
  const length = Math.hypot(way.x, way.y);
  if (length < 2) return;
  const to = from.add(way);
  const back = way.multiplyBy(-Math.min(9, length / 2) / length);
  const side = L.point(-back.y, back.x).multiplyBy(0.5);
  const line = [from, to, to.add(back).add(side), to, to.add(back).subtract(side)];
  const latLngs = line.map((point) => map.layerPointToLatLng(point));
  L.polyline(latLngs, { className: "cal-arrow-edge", interactive: false }).addTo(group);
  L.polyline(latLngs, { className: bad ? "cal-arrow bad" : "cal-arrow", interactive: false }).addTo(group);
}
