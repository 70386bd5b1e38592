// SPDX-License-Identifier: AGPL-3.0-or-later
// The lines of a draft, and changes of them: each makes a new draft.
import { text } from "../../camera_registry/admin/words.js";

/** @import { Draft, Kind, Pair, Path } from "./types" */

/** A line needs so many points to be one. @param {Kind} kind */
export const leastPoints = (kind) => (kind === "ring" ? 3 : 2);

/** @param {Draft} draft @returns {Path[]} */
export function pathsOf(draft) {
  /** @param {Kind} kind @param {Pair[]} points @param {number} index @param {string} label @returns {Path} */
  const path = (kind, points, index, label) => ({ key: `${kind}${index}`, kind, index, closed: kind === "ring", points, label });
  return [
    ...draft.rings.map((points, index) => path("ring", points, index, index ? text("hole", { number: index }) : text("outline"))),
    ...(draft.kerb ? [path("kerb", draft.kerb, 0, text("kerb"))] : []),
    ...draft.access.map((points, index) => path("access", points, index, text("accessEdge", { number: index + 1 }))),
  ];
}

/** @param {Draft} draft @param {string | null} key */
export const pathOf = (draft, key) => pathsOf(draft).find((path) => path.key === key) ?? null;

/** The draft with one line's points changed; null takes the line away. @param {Draft} draft @param {Path} path @param {Pair[] | null} points @returns {Draft} */
export function withPoints(draft, path, points) {
  if (path.kind === "kerb") return { ...draft, kerb: points };
  const name = path.kind === "ring" ? "rings" : "access";
  /** @type {Pair[][]} */
  const lines = [...draft[name]];
  if (points) lines[path.index] = points;
  else if (path.kind === "ring" && path.index === 0) lines.length = 0; // holes go with their outline
  else lines.splice(path.index, 1);
  return { ...draft, [name]: lines };
}

/** The draft with a new line; an outline and a kerb take the place of the old one. @param {Draft} draft @param {Kind} kind @param {Pair[]} points @returns {{ draft: Draft, key: string }} */
export function withLine(draft, kind, points) {
  if (kind === "kerb") return { draft: { ...draft, kerb: points }, key: "kerb0" };
  if (kind === "ring") return { draft: { ...draft, rings: [points, ...draft.rings.slice(1)] }, key: "ring0" };
  return { draft: { ...draft, access: [...draft.access, points] }, key: `access${draft.access.length}` };
}

/** Every point of a draft through a function. @param {Draft} draft @param {(at: Pair) => Pair} change @returns {Draft} */
export function mapped(draft, change) {
  /** @param {Pair[]} points */
  const line = (points) => points.map(change);
  return { ...draft, rings: draft.rings.map(line), kerb: draft.kerb && line(draft.kerb), access: draft.access.map(line) };
}
