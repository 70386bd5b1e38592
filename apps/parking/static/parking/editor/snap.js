// SPDX-License-Identifier: AGPL-3.0-or-later
// Snapping: to corners first, then to edges, within a reach in pixels on the screen.

/** Points snap to what is this near, pixels on the screen. */
export const SNAP_PX = 12;

/** @typedef {{ x: number, y: number }} Px */
/** @typedef {{ points: Px[], closed: boolean }} Line */

/** @param {Px} a @param {Px} b */
export const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** The point of a segment that is nearest to another one. @param {Px} at @param {Px} from @param {Px} to @returns {Px} */
export function nearestOn(at, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((at.x - from.x) * dx + (at.y - from.y) * dy) / length));
  return { x: from.x + share * dx, y: from.y + share * dy };
}

/** @param {Line} line @returns {[Px, Px][]} */
const segments = ({ points, closed }) =>
  points.slice(closed ? 0 : 1).map((point, index) => [closed ? points.at(index - 1) ?? point : points[index], point]);

/**
 * Where a point snaps to, or null.
 * @param {Px} at @param {readonly Line[]} lines @param {number} reach @returns {{ at: Px, kind: "corner" | "edge" } | null}
 */
export function snapped(at, lines, reach) {
  /** @type {Px | null} */
  let best = null;
  for (const { points } of lines) {
    for (const corner of points) {
      if (distance(at, corner) <= Math.min(reach, best ? distance(at, best) : reach)) best = corner;
    }
  }
  if (best) return { at: best, kind: "corner" };
  for (const line of lines) {
    for (const [from, to] of segments(line)) {
      const foot = nearestOn(at, from, to);
      if (distance(at, foot) <= Math.min(reach, best ? distance(at, best) : reach)) best = foot;
    }
  }
  return best && { at: best, kind: "edge" };
}
