// SPDX-License-Identifier: AGPL-3.0-or-later
// The draft of a calibration with everything it was before.

import { createHistory, kept } from "../admin/history.js";

/** @import { Draft, HeightMark, Pair, Point } from "./types" */

/** @type {Draft} */
const EMPTY = { points: [], lens: "auto", fovDeg: null, place: null, heights: [], imageSize: null };

/**
 * @param {string} key  under which the draft survives a reload of the page, in this tab only
 * @param {() => void} changed
 */
export function createStore(key, changed) {
  const history = createHistory(key, restored(key) ?? EMPTY, changed);
  const { commit } = history;

  /** @param {string} id @param {Partial<Point>} change @param {string} [kind] */
  function changePoint(id, change, kind) {
    const points = history.draft.points.map((point) => (point.id === id ? { ...point, ...change } : point));
    commit({ ...history.draft, points }, kind);
  }

  /** @param {Partial<Point>} half */
  function addPoint(half) {
    const id = freeId(history.draft.points);
    const point = { id, name: freeName(history.draft.points), px: null, lonlat: null, kept: true, ...half };
    commit({ ...history.draft, points: [...history.draft.points, point] });
    return id;
  }

  /** @param {string} id @param {Partial<HeightMark>} change @param {string} [kind] */
  function changeHeight(id, change, kind) {
    const heights = history.draft.heights.map((mark) => (mark.id === id ? { ...mark, ...change } : mark));
    commit({ ...history.draft, heights }, kind);
  }

  /** @param {Partial<HeightMark>} known */
  function addHeight(known) {
    const used = new Set(history.draft.heights.map((mark) => mark.id));
    let number = 1;
    while (used.has(`h${number}`)) number += 1;
    const id = `h${number}`;
    const mark = { id, name: `H${number}`, foot_px: null, top_px: null, height_m: null, kept: true, ...known };
    commit({ ...history.draft, heights: [...history.draft.heights, mark] });
    return id;
  }

  return Object.assign(history, {
    addPoint,
    changePoint,
    addHeight,
    changeHeight,
    /** @param {string} id */
    removeHeight(id) {
      commit({ ...history.draft, heights: history.draft.heights.filter((mark) => mark.id !== id) });
    },
    /** @param {string} id */
    removePoint(id) {
      commit({ ...history.draft, points: history.draft.points.filter((point) => point.id !== id) });
    },
    /** @param {Omit<Point, "id">[]} points @param {Omit<HeightMark, "id">[]} [heights]  without them those that are there stay */
    replacePoints(points, heights) {
      commit({
        ...history.draft,
        points: points.map((point, index) => ({ ...point, id: `p${index + 1}` })),
        heights: heights?.map((mark, index) => ({ ...mark, id: `h${index + 1}` })) ?? history.draft.heights,
      });
    },
    /** @param {Partial<Draft>} change @param {string} [kind] */
    set(change, kind) {
      commit({ ...history.draft, ...change }, kind);
    },
    /** The picture's size belongs to the frame, not to what was done: undo leaves it alone. @param {Pair} size */
    setImageSize(size) {
      history.revise((old) => ({ ...old, imageSize: size }));
    },
  });
}

/** @param {readonly Point[]} points @returns {string} */
function freeId(points) {
  const used = new Set(points.map((point) => point.id));
  let number = points.length + 1;
  while (used.has(`p${number}`)) number += 1;
  return `p${number}`;
}

/** @param {readonly Point[]} points @returns {string} */
function freeName(points) {
  const used = new Set(points.map((point) => point.name));
  let number = 1;
  while (used.has(String(number))) number += 1;
  return String(number);
}

/** @param {string} key @returns {Draft | null} */
function restored(key) {
  const found = kept(key);
  return found && Array.isArray(found.points) ? { ...EMPTY, ...found } : null;
}
