// SPDX-License-Identifier: AGPL-3.0-or-later
// The shapes that are being drawn, and every change to them with the way back. Knows pixels, no page.

/** @import { Point, Ring } from "./types" */

const MOST_STEPS = 200;
/** A new box covers this share of the picture's sides. */
const BOX_SHARE = 0.2;

/** @param {Ring[]} polygons @param {number} maxPolygons @param {number} maxCorners */
export function createShapes(polygons, maxPolygons, maxCorners) {
  /** @type {Ring[]} */
  let rings = structuredClone(polygons);
  /** @type {Ring | null} the corners set so far of a shape that is not closed */
  let open = null;
  /** @type {{ rings: Ring[], open: Ring | null }[]} */
  const before = [];

  function remember() {
    before.push({ rings: structuredClone(rings), open: structuredClone(open) });
    if (before.length > MOST_STEPS) before.shift();
  }

  return {
    get rings() {
      return rings;
    },
    get open() {
      return open;
    },
    get full() {
      return rings.length >= maxPolygons;
    },
    get canUndo() {
      return before.length > 0;
    },
    remember,
    undo() {
      const last = before.pop();
      if (last) ({ rings, open } = last);
    },
    /** One more corner of the open shape, which begins with it when there is none. @param {Point} at */
    add(at) {
      if (open === null ? rings.length >= maxPolygons : open.length >= maxCorners) return false;
      remember();
      open = [...(open ?? []), at];
      return true;
    },
    /** The open shape becomes one of the others. @returns {number} its index, or -1 when it has too few corners */
    close() {
      if (!open || open.length < 3) return -1;
      remember();
      rings = [...rings, open];
      open = null;
      return rings.length - 1;
    },
    cancel() {
      if (!open) return;
      remember();
      open = null;
    },
    /** A box in the middle of what is not covered there yet. @param {Point} size @returns {number} */
    addBox([width, height]) {
      if (rings.length >= maxPolygons) return -1;
      remember();
      open = null;
      const [w, h] = [width * BOX_SHARE, height * BOX_SHARE];
      const shift = (rings.length % 5) * 0.04;
      const [x, y] = [width * (0.4 + shift), height * (0.4 + shift)];
      rings = [...rings, [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]];
      return rings.length - 1;
    },
    /** @param {number} shape */
    remove(shape) {
      remember();
      rings = rings.filter((_, index) => index !== shape);
    },
    /** A corner goes; of a triangle nothing is left. @param {number} shape @param {number} corner @returns {boolean} whether the shape stays */
    removeCorner(shape, corner) {
      remember();
      if (rings[shape].length <= 3) {
        rings = rings.filter((_, index) => index !== shape);
        return false;
      }
      rings[shape] = rings[shape].filter((_, index) => index !== corner);
      return true;
    },
    /** A new corner behind `corner`. @param {number} shape @param {number} corner @param {Point} at */
    insert(shape, corner, at) {
      if (rings[shape].length >= maxCorners) return false;
      rings[shape] = [...rings[shape].slice(0, corner + 1), at, ...rings[shape].slice(corner + 1)];
      return true;
    },
    /** @param {number} shape @param {number} corner @param {Point} to @param {Point} size */
    moveCorner(shape, corner, to, size) {
      rings[shape][corner] = held(to, size);
    },
    /** @param {number} shape @param {Point} by @param {Point} size */
    moveShape(shape, [dx, dy], [width, height]) {
      const ring = rings[shape];
      const [xs, ys] = [ring.map((p) => p[0]), ring.map((p) => p[1])];
      const x = Math.min(Math.max(dx, -Math.min(...xs)), width - Math.max(...xs));
      const y = Math.min(Math.max(dy, -Math.min(...ys)), height - Math.max(...ys));
      rings[shape] = ring.map(([px, py]) => [px + x, py + y]);
    },
    /** The picture came in another size of the same shape. @param {Point} from @param {Point} to */
    scale(from, to) {
      const [x, y] = [to[0] / from[0], to[1] / from[1]];
      rings = rings.map((ring) => ring.map(([px, py]) => [px * x, py * y]));
      open = open && open.map(([px, py]) => [px * x, py * y]);
      before.length = 0;
    },
  };
}

/** @param {Point} at @param {Point} size @returns {Point} */
export function held([x, y], [width, height]) {
  return [Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)];
}

/** Whether two sides of the ring cross. @param {Ring} ring */
export function crosses(ring) {
  const sides = ring.map((from, index) => /** @type {const} */ ([from, ring[(index + 1) % ring.length]]));
  return sides.some(([a, b], i) =>
    sides.some(([c, d], j) => {
      const apart = Math.abs(i - j);
      return apart > 1 && apart < sides.length - 1 && turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0;
    }),
  );
}

/** @param {Point} a @param {Point} b @param {Point} c */
function turn(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}
